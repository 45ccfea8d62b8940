"""LangChain's agents, fanned out by hand: rounds of graphs side by side, notes passed on, a vote."""

import asyncio
from typing import Any

from job import Ask, Job, main, noted, prompt, vote
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI


def build(job: Job) -> Ask:
    """Return how to ask; the agents have no tools, which is the cheapest for them."""
    model = ChatOpenAI(model=job.model, base_url=job.url, api_key="none", max_retries=0)
    agents: dict[str, Any] = {name: create_agent(model, system_prompt=job.system, name=name) for name in job.agents}

    async def one(name: str, text: str) -> str:
        state = await agents[name].ainvoke({"messages": [("user", text)]})
        return str(state["messages"][-1].text)

    async def ask(question: str) -> str:
        notes, answers = "", list[str]()
        for _ in range(job.rounds):
            answers = await asyncio.gather(
                *(one(name, prompt(question, notes, task)) for name, task in job.agents.items())
            )
            notes = noted(zip(job.agents, answers, strict=True))
        return vote(answers)

    return ask


if __name__ == "__main__":
    main(build, "langchain", "langgraph", "langchain-openai")
