"""its-hub's self-consistency: so many samples of one prompt, and a vote over what stands between the marks."""

from its_hub import LMOrchestrator, OpenAICompatibleLanguageModel, SelfConsistency
from its_hub.core.algorithms.self_consistency import create_regex_projection_function
from job import Ask, Job, found, main


def build(job: Job) -> Ask:
    """Return how to ask; as many samples as the others have calls, all at once."""
    model = OpenAICompatibleLanguageModel(job.url, "none", job.model, system_prompt=job.system, max_tries=1)
    way = SelfConsistency(
        create_regex_projection_function(r"<<<(.+?)>>>"), orchestrator=LMOrchestrator(max_concurrency=-1)
    )

    async def ask(question: str) -> str:
        reply = await way.ainfer(model, question, budget=job.rounds * len(job.agents))
        return found(str(reply))

    return ask


if __name__ == "__main__":
    main(build, "its-hub", "aiohttp")
