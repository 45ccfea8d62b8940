"""Plain asyncio and OpenAI's client: rounds of agents side by side, notes passed on, a vote."""

import asyncio

import openai
from job import Ask, Job, main, noted, prompt, vote


def build(job: Job) -> Ask:
    """Return how to ask, over the client's usual transport or over aiohttp."""
    http = openai.DefaultAioHttpClient() if job.method == "aiohttp" else None
    client = openai.AsyncOpenAI(base_url=job.url, api_key="none", max_retries=0, http_client=http)

    async def one(text: str) -> str:
        messages = [{"role": "system", "content": job.system}, {"role": "user", "content": text}]
        reply = await client.chat.completions.create(model=job.model, messages=messages)
        return reply.choices[0].message.content or ""

    async def ask(question: str) -> str:
        notes, answers = "", list[str]()
        for _ in range(job.rounds):
            answers = await asyncio.gather(*(one(prompt(question, notes, task)) for task in job.agents.values()))
            notes = noted(zip(job.agents, answers, strict=True))
        return vote(answers)

    return ask


if __name__ == "__main__":
    main(build, "openai")
