"""The channels of the graph. Everything in them is JSON-safe; only input and output are seen from outside."""

from typing import Annotated, Any, Protocol

from langchain_core.messages import AnyMessage
from langgraph.channels import DeltaChannel
from langgraph.graph.message import add_messages
from langgraph.runtime import Runtime
from pydantic import Field
from typing_extensions import TypedDict

from langgraph_tumix.agents.prompt import Question
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.notes import Note, merge_notes
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.outcome import Outcome


class RoundReport(TypedDict):
    """What was seen and decided at the end of a round.

    Attributes:
        round: Its number, from 1.
        votes: Votes per answer, most first.
        agreement: Share of the leading answer, 0 to 1.
        margin: Lead of the first over the second answer, 0 to 1.
        entropy: Entropy of the answers in bits.
        stop: Whether it was the last.
        reason: Why.
        verdict: What the judge wrote; empty if it was not asked.
        usage: What the judge cost.
    """

    round: int
    votes: dict[str, int]
    agreement: float
    margin: float
    entropy: float
    stop: bool
    reason: str
    verdict: str
    usage: Usage


class Design(TypedDict):
    """The agents that were designed for this kind of question.

    Attributes:
        agents: The specifications of those who take part.
        revision: Of the record in the store; 0 if there is none.
        waiting: The report that waits for a person's approval; None if none does.
        warnings: What should be known of the evidence.
        usage: What the design cost this question.
    """

    agents: list[dict[str, Any]]
    revision: int
    waiting: dict[str, Any] | None
    warnings: list[str]
    usage: Usage


class Planned(TypedDict):
    """One agent's run in the round in work: who, which of its samples, and the ids of the notes that it reads."""

    agent: str
    sample: int
    show: list[str]


class Readers(TypedDict):
    """Who reads the same notes in the round in work: the samples of each agent, and the notes' ids.

    Each checkpoint holds the plan of its round, so what fifteen agents read is listed once.
    """

    samples: dict[str, list[int]]
    show: list[str]


class TumixInput(TypedDict, total=False):
    """A question, or messages whose last human one is the question."""

    messages: Annotated[list[AnyMessage], add_messages]
    question: Annotated[str | None, Field(description="The question; if empty, the last human message is taken.")]


class TumixOutput(TypedDict, total=False):
    """The answer: as a message, as it stands, and with everything around it."""

    messages: Annotated[list[AnyMessage], add_messages]
    answer: str | None
    outcome: Outcome


class TumixState(TumixInput, TumixOutput, total=False):
    """All channels.

    Attributes:
        asked: The question in work.
        tools: What serves code and search.
        design: The agents that were designed; None without a designer.
        round: The round in work, from 1.
        turns: Who runs in the round in work.
        notes: What the agents left, merged by id. A checkpoint holds what was added, not all of it again.
        rounds: The reports of the rounds that have ended.
    """

    asked: Question
    tools: dict[str, str]
    design: Design | None
    round: int
    turns: list[Readers]
    notes: Annotated[list[Note], DeltaChannel(merge_notes)]
    rounds: list[RoundReport]


Update = dict[str, Any]


class Node(Protocol):
    """A node: reads the channels, returns what changes in them."""

    async def __call__(self, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        """Run the node."""
        ...


def turns_of(state: TumixState, agent: str) -> list[Planned]:
    """Return the runs of an agent in the round in work."""
    return [
        Planned(agent=agent, sample=sample, show=readers["show"])
        for readers in state["turns"]
        for sample in readers["samples"].get(agent, ())
    ]
