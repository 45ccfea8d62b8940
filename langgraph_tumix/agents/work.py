"""A run under way: its state, what its solver is told, and how a reply of the solver is read."""

import operator
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from typing_extensions import TypedDict

from langgraph_tumix.agents.prompt import messages, template
from langgraph_tumix.agents.protocol import Turn, read_turn
from langgraph_tumix.agents.run import PROGRAM_SECONDS, Run
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.awareness import budget_words

TRANSCRIPT_LIMIT = 24_000
"""Characters of the solver's work that its guide, and a check of it, are shown."""


class AgentInput(TypedDict):
    """What a run starts from.

    Attributes:
        shared: The part of the prompt that all agents of the round share.
        pending: What the solver is told next.
        left: Tool uses left.
        step: Which of the agent's further steps is in work; 0 is its instruction.
        checks: How often an answer was checked.
        since: Where the conversation in force begins among the messages.
    """

    shared: str
    pending: list[AnyMessage]
    left: int
    step: int
    checks: int
    since: int


class AgentState(AgentInput):
    """A run under way; `messages` are those of the solver so far."""

    messages: Annotated[list[AnyMessage], operator.add]


def opening(
    agent: Agent,
    shared: str,
    images: Sequence[Mapping[str, Any]] = (),
    tool_seconds: float = PROGRAM_SECONDS,
    mark: Mapping[str, Any] = MappingProxyType({}),
) -> AgentInput:
    """Return the input of a run: the first prompt, and the tool uses that the agent has."""
    pending = messages(shared, task_of(agent, tool_seconds), images, mark)
    return AgentInput(shared=shared, pending=pending, left=uses_of(agent), step=0, checks=0, since=0)


def uses_of(agent: Agent) -> int:
    """Return the tool uses that an agent has in a round."""
    return agent.max_tool_uses if agent.loops else int(agent.code == "once")


def task_of(agent: Agent, tool_seconds: float) -> str:
    """Return the agent's instruction, followed by how to use its tools and how to answer."""
    parts = [agent.instruction]
    if agent.loops and not agent.tools:
        parts += [template("how_code").format(seconds=tool_seconds)] if agent.code == "loop" else []
        parts += [template("how_search")] if agent.search != "none" else []
        parts += [template("how_both")] if agent.code == "loop" and agent.search != "none" else []
    if agent.steps:
        parts += [template("how_uses").format(uses=agent.max_tool_uses)] if agent.loops else []
        parts.append(template("how_steps").format(total=1 + len(agent.steps)))
    elif agent.loops:
        parts.append(template("how_loop").format(uses=agent.max_tool_uses))
    elif agent.code == "none":
        parts.append(template("how_answer"))
    return "\n\n".join([*parts, *[template("how_digest")] * agent.digest])


def rest(run: Run, left: int, *, last: bool) -> str:
    """Return what a turn with tools ends with: the uses that are left, and what follows from that."""
    name = ("" if last else "step_") + ("rest_left" if left else "rest_none")
    return template(name).format(left=left) + left_words(run, left)


def left_words(run: Run, left: int) -> str:
    """Return what is left of the budget, if agents are told."""
    return budget_words(run.meter.ledger, left, uses_of(run.equipped.agent))


def turn_of(agent: Agent, reply: BaseMessage) -> Turn:
    """Read a reply of `agent`."""
    text_protocol = not agent.tools
    return read_turn(
        reply.text, code=text_protocol and agent.code != "none", search=text_protocol and agent.search != "none"
    )


def answers(reply: BaseMessage, *, final: bool = False) -> bool:
    """Whether a reply holds an answer, or says that there is none to give."""
    found = extract_answer(reply.text, final=final)
    return found.answer is not None or found.why == "refusal"


def transcript(state: AgentState) -> str:
    """Return the solver's work in the conversation in force, from its first reply on."""
    turns: Sequence[AnyMessage] = [*state["messages"], *state["pending"]][state["since"] + 2 :]
    return "\n\n".join(f"{'Solver' if isinstance(turn, AIMessage) else 'Harness'}:\n{turn.text}" for turn in turns)
