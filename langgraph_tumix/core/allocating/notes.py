"""Allocators that choose who reads what: the best notes only, or more slots for better notes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langgraph_tumix.core.allocate import Allocator, Turn
from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.stop import at_least
from langgraph_tumix.core.view import View


def support(view: View) -> Mapping[str, float]:
    """Return how good each note of the round that ended is taken to be: by scores that came back, else by support.

    The support of a note is the share of the round's votes that its answer has.
    """
    votes = view.votes()
    share = {ballot.note: votes.counts[ballot.key] / votes.total for ballot in votes.ballots}
    scored = {
        id_.removeprefix("score:").partition("#")[0]: reply.numbers[0]
        for id_, reply in view.replies.items()
        if id_.startswith("score:") and reply.numbers
    }
    known = scored or share
    return {note["id"]: known.get(note["id"], 0.0) for note in of_round(view.notes, view.round)}


def best_first(view: View) -> list[Note]:
    """Return the notes of the round that ended, one for each different answer first, better ones before worse."""
    score = support(view)
    ranked = sorted(of_round(view.notes, view.round), key=lambda note: (-score[note["id"]], note["id"]))
    key = {ballot.note: ballot.key for ballot in view.votes().ballots}
    first: dict[str, str] = {}
    for note in ranked:
        if note["id"] in key:
            first.setdefault(key[note["id"]], note["id"])
    return sorted(ranked, key=lambda note: note["id"] not in first.values())


@dataclass(frozen=True)
class TopNotes(Allocator):
    """All agents in every round, each reading only the `count` best notes: EvoScale (arXiv 2505.23604).

    Best is the score that a scorer gave, else the support of the note's answer; one note of each different answer goes
    before further ones of the same, so that dissent is seen.
    """

    count: int = 3

    def __post_init__(self) -> None:
        at_least("TopNotes(count)", self.count, 1)

    def plan(self, view: View) -> Sequence[Turn]:
        """Ask the whole roster, showing the best notes."""
        show = tuple(note["id"] for note in best_first(view)[: self.count])
        return [Turn(agent, 0, show) for agent in view.roster]


@dataclass(frozen=True)
class SoftmaxSlots(Allocator):
    """The next round's slots are shared out over the notes by softmax of their score: REBASE.

    From the best note on, n_i = ceil(left · e^(s_i / T) / Σ_(j >= i) e^(s_j / T)), left -= n_i. A slot is an agent that
    reads that one note. The source scores steps by a trained reward model; here a score, else the support.

    Attributes:
        temperature: T; small values give nearly everything to the best.
    """

    temperature: float = 0.2

    def plan(self, view: View) -> Sequence[Turn]:
        """Share out the roster."""
        if not view.notes:
            return [Turn(agent) for agent in view.roster]
        score = support(view)
        notes = sorted(score, key=lambda note: (-score[note], note))
        powers = [math.exp(score[note] / self.temperature) for note in notes]
        left, turns = len(view.roster), []
        for place, note in enumerate(notes):
            slots = min(left, math.ceil(left * powers[place] / sum(powers[place:])))
            turns += [(note,)] * slots
            left -= slots
        return [Turn(agent, 0, show) for agent, show in zip(view.roster, turns, strict=True)]
