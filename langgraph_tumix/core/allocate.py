"""Allocation: who runs next, how often, and who sees which notes.

An allocator is asked before every wave of work and answers with turns; with none, the question is at its end. It is a
pure function of the `View`, so that a resumed run, another process and a replay all plan the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.stop import at_least
from langgraph_tumix.core.view import View


@dataclass(frozen=True)
class Turn:
    """One agent's run in the next wave. Its note belongs to round ``view.round + 1``.

    Attributes:
        agent: Who runs.
        sample: Which of the agent's samples this is, from 0; the same number in a later round goes on with it.
        show: The ids of the notes that it reads; with none, its answer is an independent sample.
    """

    agent: str
    sample: int = 0
    show: tuple[str, ...] = ()


class Allocator(ABC):
    """Base of all allocators; a subclass is a frozen dataclass, so it prints as the code that builds it."""

    @abstractmethod
    def plan(self, view: View) -> Sequence[Turn]:
        """Return the turns of the next wave, which run side by side; none if there is nothing more to ask."""


@dataclass(frozen=True)
class Everyone(Allocator):
    """All agents in every round, each reading all notes of the round before: TUMIX (arXiv 2510.01279).

    Attributes:
        samples: Answers of each agent in rounds 1 and 2; 4 is TUMIX+.
    """

    samples: int = 1

    def __post_init__(self) -> None:
        at_least("Everyone(samples)", self.samples, 1)

    def plan(self, view: View) -> Sequence[Turn]:
        """Ask the whole roster."""
        show = ids(of_round(view.notes, view.round))
        samples = self.samples if view.round < 2 else 1
        return [Turn(agent, sample, show) for agent in view.roster for sample in range(samples)]


@dataclass(frozen=True)
class Batches(Allocator):
    """Independent samples in batches of `size`, `most` in all; nobody reads anything.

    With a stop rule on votes this is adaptive consistency, one by one at ``size=1``, in few waves at 4 to 8; with
    `UnanimousWindow` of the same size it is ESC; alone, with ``size=most``, self-consistency. Agents take turns in the
    order of the roster.
    """

    size: int = 1
    most: int = 64

    def __post_init__(self) -> None:
        at_least("Batches(size)", self.size, 1)
        at_least("Batches(most)", self.most, 1)

    def plan(self, view: View) -> Sequence[Turn]:
        """Ask for the next batch."""
        done = len(view.notes)
        return independent_turns(view, done, min(done + self.size, self.most))


def independent_turns(view: View, start: int, end: int) -> list[Turn]:
    """Return the turns of samples `start` to `end`, counted over the roster in turn."""
    agents = view.roster
    return [Turn(agents[number % len(agents)], number // len(agents)) for number in range(start, end)]


def ids(notes: Sequence[Note]) -> tuple[str, ...]:
    """Return the ids of notes that have something to say."""
    return tuple(note["id"] for note in notes)
