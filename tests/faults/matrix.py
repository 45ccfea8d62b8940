"""The matrix: every fault for every seat, what is expected of each cell, and what was seen."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from langgraph_tumix.nodes.judge import NOT_ASKED
from tests.faults.census import census, left_since
from tests.faults.fault import FAULTS, Fault
from tests.faults.seats import SEATS, Meeting

NO_MODEL = "no model writes there"
NOT_THERE = {
    ("Tavily", "empty content"): "no hits are an answer",
    ("Tavily", "finish_reason length"): NO_MODEL,
    ("Tavily", "content filter"): NO_MODEL,
    ("kernel", "empty content"): NO_MODEL,
    ("kernel", "finish_reason length"): NO_MODEL,
    ("kernel", "content filter"): NO_MODEL,
    ("own search", "connection refused"): "the agent's first turn is refused already",
}
"""Cells that cannot be, and why."""

SEARCH_FAILED, FOUND_NOTHING = "The search failed: ", "searched and found nothing: Odd"


@dataclass(frozen=True)
class Expected:
    """What a cell has to end in.

    Attributes:
        lost: The cause for which the agent in the seat is lost, None if it is not.
        attempts: Requests that meet the fault.
        words: A part of what is said of it.
    """

    lost: str | None
    attempts: int
    words: str


def expected(seat: str, fault: Fault) -> Expected:
    """Return what a cell has to end in."""
    match seat:
        case "agent" | "guide":
            return Expected(fault.cause, fault.attempts, fault.words)
        case "kernel":
            return Expected("interpreter", 1, "no kernel could be had")
        case "Tavily" if fault.strange:  # its client makes an empty list of hits of it
            return Expected(None, 1, FOUND_NOTHING)
        case "Tavily":  # its client does not tell for how long it was asked to wait
            return Expected(None, 3 if fault.status == 429 else fault.attempts, f"{SEARCH_FAILED}Tavily")
        case "own search" if fault.name == "429, Retry-After 1 h":  # and so is the turn that follows the search
            return Expected("rate_limit", 1, "asks to be left alone for")
    return Expected(None, fault.attempts, fault.words)


@dataclass(frozen=True)
class Verdict:
    """What was seen in a cell.

    Attributes:
        seat: Who met the fault.
        fault: The fault.
        complaints: What was not as expected.
        sent: Requests that met the fault; None if no server could count them.
        status: The outcome's status.
        said: What the outcome, or the agent that searched, was told of it.
        seconds: Wall time.
    """

    seat: str
    fault: Fault
    complaints: tuple[str, ...]
    sent: int | None
    status: str
    said: str
    seconds: float


def cells() -> Iterator[tuple[str, Fault]]:
    """Give all cells that can be."""
    return ((seat, fault) for fault in FAULTS for seat in SEATS if (seat, fault.name) not in NOT_THERE)


async def meet(seat: str, fault: Fault) -> Verdict:
    """Let a seat meet a fault."""
    before, begun = census(), time.monotonic()
    meeting = await SEATS[seat](fault)
    seconds = time.monotonic() - begun
    left = await left_since(before)
    complaints = (*_complaints(seat, fault, meeting), *(f"left behind: {count} {kind}" for kind, count in left.items()))
    return Verdict(seat, fault, complaints, meeting.sent, meeting.outcome.status, _said(seat, meeting), seconds)


def _said(seat: str, meeting: Meeting) -> str:
    outcome = meeting.outcome
    if outcome.lost:
        return "; ".join(loss["reason"] for loss in outcome.lost)
    marks = {
        "judge": (NOT_ASKED,),
        "group": ("answers that may mean the same could not be grouped",),
        "Tavily": (SEARCH_FAILED, FOUND_NOTHING),
        "own search": (SEARCH_FAILED,),
    }[seat]
    lines = [*meeting.told.splitlines(), *outcome.warnings]
    return next((line for line in lines if line.startswith(marks)), "")


def _complaints(seat: str, fault: Fault, meeting: Meeting) -> Iterator[str]:
    outcome, due = meeting.outcome, expected(seat, fault)
    unheard = due.attempts if fault.refused and seat not in ("Tavily", "kernel") else 0
    compared = {
        "answer": (outcome.answer, "blue" if seat == "group" else "42"),
        "status": (outcome.status, "degraded" if due.lost else "complete"),
        "lost": ([(loss["agent"], loss["cause"]) for loss in outcome.lost], [("Odd", due.lost)] if due.lost else []),
        "requests": (meeting.sent, None if fault.refused else due.attempts),
        "calls counted": (outcome.usage["model_calls"], meeting.calls + unheard),
        "rounds": (len(outcome.rounds), 2 if seat == "judge" else 1),
        "words": (due.words in _said(seat, meeting), True),
    }
    for what, (seen, wanted) in compared.items():
        if seen != wanted:
            yield f"{what}: {seen!r} instead of {wanted!r}"
