"""Requests: the model calls that a strategy wants made. It says what to ask; whoever runs it asks, and pays.

A strategy that needs calls stays a pure function: it returns requests, and finds the replies in its next `View`. It may
return further requests then, so that a tournament can be held round by round; with none it has what it needs.
"""

from dataclasses import dataclass, field
from typing import Literal

from langgraph_tumix.core.usage import Usage, used

Kind = Literal["score", "confidence", "verify", "compare", "select", "synthesise"]


@dataclass(frozen=True)
class Request:
    """One model call.

    Attributes:
        kind: What is asked: ``score`` a note from 0 to 1; the author's ``confidence`` in it, 0 to 1; ``verify`` it, 1
            for right and 0 for wrong; ``compare`` two, each from 1 to 10; ``select`` one, by its place from 1;
            ``synthesise`` a new answer from all.
        notes: The ids of the notes that are shown, in this order.
        number: Tells repeated calls of one kind on the same notes apart.
    """

    kind: Kind
    notes: tuple[str, ...]
    number: int = 0

    @property
    def id(self) -> str:
        """A name that is the same live and in a replay.

        >>> Request("compare", ("1/A/0", "1/B/0")).id
        'compare:1/A/0,1/B/0#0'
        """
        return f"{self.kind}:{','.join(self.notes)}#{self.number}"


@dataclass(frozen=True)
class Reply:
    """What a request came back with; a call that failed, or a reply that could not be read, has neither field.

    Attributes:
        numbers: The ratings, probability or place that was asked for.
        answer: The answer that was synthesised.
        usage: What asking cost.
    """

    numbers: tuple[float, ...] = ()
    answer: str | None = None
    usage: Usage = field(default_factory=used)
