"""This package, three rounds: its fifteen agents, or agents of one call with the instructions that the others have."""

import openai
from job import Ask, Job, main

from benchmarks.performance.server import graph
from langgraph_tumix import Agent


def build(job: Job) -> Ask:
    """Return how to ask; the way says whose agents, how the prompt cache is used, and which transport."""
    whose, cache, transport = job.method.split("/")
    same = [Agent(name=name, instruction=task) for name, task in job.agents.items()]
    http = openai.DefaultAioHttpClient() if transport == "aiohttp" else None
    built = graph(job.url, http, agents=same if whose == "same" else "tumix", prompt_cache=cache)

    async def ask(question: str) -> str:
        state = await built.ainvoke({"question": question})
        return str(state["answer"])

    return ask


if __name__ == "__main__":
    main(build, "langgraph-tumix", "langgraph", "langchain-openai")
