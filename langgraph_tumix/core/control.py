"""Controllers: width and depth at once. Which branches go on, which are given up, when to open more, when to stop.

A branch is one line of work with an intermediate answer after each step. Steps are rounds in the live graph, where an
agent reads notes and answers again, or intervals of one hidden chain whose answer can be probed. A controller is a
generator of moves over a list of branches that its runner extends, so that its code reads as the published rule does::

    def control(branches):
        yield Move(open=4)                  # four branches, one step each
        while ...:
            yield Move([(0, 1), (2, 1)])    # branches 0 and 2 take another step
        return answer

What it knows it has read from the branches: the runner may drop it and build it anew from the notes at any time.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Branch:
    """One line of work so far.

    Attributes:
        answers: The key of the answer after each step; None where there is none.
        final: Whether its latest answer is one that it stands by, not one forced out of it half-way.
        over: Whether it can take no further step.
        spent: What it has cost, in tokens if they are known, else in steps.
    """

    answers: list[str | None] = field(default_factory=list)
    final: bool = False
    over: bool = False
    spent: int = 0

    @property
    def latest(self) -> str | None:
        """The answer after the latest step."""
        return self.answers[-1]


@dataclass(frozen=True, slots=True)
class Move:
    """What happens next, side by side.

    Attributes:
        advance: Branches that take further steps: pairs of the branch's place and the number of steps, in this order.
        open: New branches, of which each takes its first step. There may be fewer left to open.
    """

    advance: Sequence[tuple[int, int]] = ()
    open: int = 0


Moves = Generator[Move, None, str | None]
"""Moves of a controller; its return value is the key of the answer, None for no answer."""


class Controller(ABC):
    """Base of all controllers; a subclass is a frozen dataclass."""

    @abstractmethod
    def control(self, branches: Sequence[Branch]) -> Moves:
        """Return the moves for one question. `branches` is empty at first and grows and changes between moves."""


def leader(answers: Iterable[str | None]) -> str | None:
    """Return the most frequent answer; of several, the one that came first; None without any.

    >>> leader(["7", "8", "8", "7"])
    '7'
    """
    counts = Counter(answer for answer in answers if answer is not None)
    return max(counts, key=counts.__getitem__, default=None)


def first_two(answers: Iterable[str | None]) -> tuple[str | None, int, int]:
    """Return the leader, its votes, and those of the second.

    >>> first_two(["7", "8", "8"])
    ('8', 2, 1)
    """
    counts = Counter(answer for answer in answers if answer is not None)
    ranked = counts.most_common(2)
    if not ranked:
        return None, 0, 0
    return ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0
