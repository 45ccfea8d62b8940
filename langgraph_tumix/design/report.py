"""The report of a design: JSON-safe, and the same in store, state and file."""

from typing import Any

from typing_extensions import TypedDict

from langgraph_tumix.core.usage import Usage


class Report(TypedDict):
    """What a design did.

    Attributes:
        key: The task's.
        created: When, in UTC.
        model: The proposer.
        simulated: Whether the embedded offline model spoke.
        questions: How many questions were tried, and how many of these had a right answer.
        candidates: Every proposal: name, rationale, agent, status (``admitted``, ``rejected``), kind of rejection,
            the reason for either in words, worth.
        warnings: What limits the evidence.
        usage: What it cost.
    """

    key: str
    created: str
    model: str
    simulated: bool
    questions: dict[str, int]
    candidates: list[dict[str, Any]]
    warnings: list[str]
    usage: Usage


def admitted(report: Report) -> list[dict[str, Any]]:
    """Return the specifications of the agents that were admitted."""
    return [candidate["agent"] for candidate in report["candidates"] if candidate["status"] == "admitted"]
