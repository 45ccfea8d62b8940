"""Notes: what the agents leave in the shared channel. Plain dicts, so that any checkpointer can keep them."""

from collections.abc import Iterable
from typing import Literal

from typing_extensions import TypedDict

from langgraph_tumix.core.usage import Usage

Status = Literal["ok", "abstained", "no_answer", "failed", "timed_out", "cancelled"]

LOST: frozenset[Status] = frozenset({"no_answer", "failed", "timed_out", "cancelled"})
"""The statuses of an agent that was lost. One that says it does not know (`abstained`) was not."""


class Evidence(TypedDict):
    """One step behind a note.

    ``kind`` says what was done, ``input`` what was asked of it (program, query, arguments; nothing for a guide, who
    reads all that came before), ``output`` what came back, ``ok`` whether it worked, or the check passed; ``sources``
    are the addresses that a search gave. ``message`` is the final message of an agent that shared a digest of it.
    """

    kind: Literal["code", "search", "tool", "guide", "check", "message"]
    input: str
    output: str
    ok: bool
    sources: list[str]
    seconds: float


class Note(TypedDict):
    """What one agent's run leaves behind.

    Attributes:
        id: ``round/agent/sample``; the channel merges by it.
        status: ``ok``: has an answer; ``abstained``: says that it cannot tell, or its one program failed;
            ``no_answer``: ran to its end without a valid answer; ``failed``, ``timed_out``, ``cancelled``: was stopped.
        cause: One word for why there is no answer, e.g. ``budget`` or ``rate_limit``; empty for ``ok``.
        reason: The same in words for a person.
        text: The final message, as the next round sees it.
        saw: The ids of the notes that the agent read.
        seconds: Wall time of the run.
        finished: Unix time at which the run ended; the notes' finishing order.
    """

    id: str
    agent: str
    round: int
    sample: int
    status: Status
    cause: str
    reason: str
    answer: str | None
    text: str
    evidence: list[Evidence]
    saw: list[str]
    model: str
    usage: Usage
    seconds: float
    finished: float


def note_id(round_: int, agent: str, sample: int) -> str:
    """Return the id of a note.

    >>> note_id(2, "C+", 0)
    '2/C+/0'
    """
    return f"{round_}/{agent}/{sample}"


def merge_notes(notes: Iterable[Note], added: Iterable[Iterable[Note]]) -> list[Note]:
    """Merge what was added to a set of notes, by id: the reducer of the shared channel.

    The order in which agents finish never shows: notes are sorted by round, agent and sample. A note that comes
    again replaces itself, so a resumed run cannot double it and a person can edit it in Studio. It makes no
    difference whether additions are merged one by one or all together.
    """
    by_id = {note["id"]: note for some in (notes, *added) for note in some}
    return sorted(by_id.values(), key=lambda note: (note["round"], note["agent"], note["sample"]))


def of_round(notes: Iterable[Note], round_: int) -> list[Note]:
    """Return the notes of one round."""
    return [note for note in notes if note["round"] == round_]
