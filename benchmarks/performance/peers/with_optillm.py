"""optillm's mixture of agents and MARS, called as functions: its proxy would add a hop and a process."""

import asyncio

import openai
from job import Ask, Job, main
from optillm.mars import multi_agent_reasoning_system
from optillm.moa import mixture_of_agents

WAYS = {"moa": mixture_of_agents, "mars": multi_agent_reasoning_system}


def build(job: Job) -> Ask:
    """Return how to ask, with the package's own numbers of samples, agents and loops."""
    client = openai.OpenAI(base_url=job.url, api_key="none", max_retries=0)

    async def ask(question: str) -> str:
        answer, _ = await asyncio.to_thread(WAYS[job.method], job.system, question, client, job.model)
        return str(answer)

    return ask


if __name__ == "__main__":
    main(build, "optillm", "openai")
