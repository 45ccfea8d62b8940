"""optillm's mixture of agents and MARS, called as functions: its proxy would add a hop and a process."""

import asyncio

import openai
from job import Ask, Job, main
from optillm.mars import multi_agent_reasoning_system
from optillm.moa import mixture_of_agents

_LONE = {"mars_config": {"enable_aggregation": False}}
WAYS = {
    "moa": (mixture_of_agents, None),
    "mars": (multi_agent_reasoning_system, None),
    "mars, no aggregation": (multi_agent_reasoning_system, _LONE),
}


def build(job: Job) -> Ask:
    """Return how to ask, with the package's own numbers of samples, agents and loops.

    What MARS aggregates never counts as verified (0.4.0), so it may be asked to leave that out.
    """
    function, config = WAYS[job.method]
    client = openai.OpenAI(base_url=job.url, api_key="none", max_retries=0)

    async def ask(question: str) -> str:
        answer, _ = await asyncio.to_thread(function, job.system, question, client, job.model, config)
        return str(answer)

    return ask


if __name__ == "__main__":
    main(build, "optillm", "openai")
