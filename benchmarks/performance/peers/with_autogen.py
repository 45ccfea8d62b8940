"""AutoGen's round-robin group chat: one agent speaks at a time, and all have heard everything before."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient
from job import Ask, Job, main, vote


def build(job: Job) -> Ask:
    """Return how to ask; each question has a team of its own."""
    info = ModelInfo(
        vision=False, function_calling=True, json_output=False, family=ModelFamily.UNKNOWN, structured_output=False
    )
    client = OpenAIChatCompletionClient(
        model=job.model, base_url=job.url, api_key="none", model_info=info, max_retries=0
    )

    def agent(name: str, instruction: str) -> AssistantAgent:
        identifier = name.replace("+", "_plus")
        return AssistantAgent(identifier, client, system_message=f"{job.system}\n\n# Your task\n{instruction}")

    async def ask(question: str) -> str:
        agents = [agent(name, instruction) for name, instruction in job.agents.items()]
        team = RoundRobinGroupChat(list(agents), max_turns=job.rounds * len(agents))
        result = await team.run(task=question)
        said = [message.content for message in result.messages if isinstance(message, TextMessage)]
        return vote(said[-len(agents) :])

    return ask


if __name__ == "__main__":
    main(build, "autogen-agentchat", "autogen-ext", "openai")
