"""AutoGen's group chats: one agent speaks at a time and all have heard everything, or rounds as a graph."""

import itertools

from autogen_agentchat.agents import AssistantAgent, MessageFilterAgent, MessageFilterConfig, PerSourceFilter
from autogen_agentchat.base import ChatAgent, Team
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat
from autogen_core.models import ChatCompletionClient, ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient
from job import Ask, Job, main, vote


def assistants(job: Job, client: ChatCompletionClient, mark: str = "") -> list[AssistantAgent]:
    """Return the agents, whose names have to be identifiers."""
    return [
        AssistantAgent(
            name.replace("+", "_plus") + mark, client, system_message=f"{job.system}\n\n# Your task\n{instruction}"
        )
        for name, instruction in job.agents.items()
    ]


def robin(job: Job, client: ChatCompletionClient) -> Team:
    """Return a chat in which one speaks after the other."""
    return RoundRobinGroupChat(list(assistants(job, client)), max_turns=job.rounds * len(job.agents))


def flow(job: Job, client: ChatCompletionClient) -> Team:
    """Return a graph with a node for each agent and round, which reads the question and the round before."""
    builder, before = DiGraphBuilder(), list[ChatAgent]()
    for number in range(job.rounds):
        read = [PerSourceFilter(source=name) for name in ("user", *(agent.name for agent in before))]
        config = MessageFilterConfig(per_source=read)
        inner = assistants(job, client, f"_{number}")
        nodes = [MessageFilterAgent(name=agent.name, wrapped_agent=agent, filter=config) for agent in inner]
        for node in nodes:
            builder.add_node(node)
        for one, other in itertools.product(before, nodes):
            builder.add_edge(one, other)
        before = list(nodes)
    return GraphFlow(builder.get_participants(), builder.build())


def build(job: Job) -> Ask:
    """Return how to ask; each question has a team of its own."""
    info = ModelInfo(
        vision=False, function_calling=True, json_output=False, family=ModelFamily.UNKNOWN, structured_output=False
    )
    client = OpenAIChatCompletionClient(
        model=job.model, base_url=job.url, api_key="none", model_info=info, max_retries=0
    )
    team = {"robin": robin, "flow": flow}[job.method]

    async def ask(question: str) -> str:
        result = await team(job, client).run(task=question)
        said = [message.content for message in result.messages if isinstance(message, TextMessage)]
        return vote([text for text in said if "<<<" in text][-len(job.agents) :])

    return ask


if __name__ == "__main__":
    main(build, "autogen-agentchat", "autogen-ext", "openai")
