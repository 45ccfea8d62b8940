"""Aggregation: from notes to the final answer. Majority vote; nothing here calls a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from langgraph_tumix.core.keys import may_be_same
from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import Tally, tally


@dataclass(frozen=True)
class Choice:
    """The aggregator's choice.

    Attributes:
        answer: The answer, as most of its voters write it.
        confidence: Its share of the votes, 0 to 1: agreement, not the probability that it is right.
        tie: Whether other answers had as many votes and a seeded draw decided.
        round: The round whose votes decided.
        tally: All votes.
    """

    answer: str
    confidence: float
    tie: bool
    round: int
    tally: Tally


class Aggregator(Protocol):
    """Turns notes into the final answer. Pure: the grouping call, if it wants one, is made by whoever runs it."""

    def to_group(self, view: View) -> Mapping[str, str]:
        """Return the answers that a grouping call should compare, by key; none if that cannot change the outcome."""
        ...

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the choice, with `groups` of keys counted as one; None if there is no vote at all."""
        ...


@dataclass(frozen=True)
class Majority:
    """The answer with the most votes in the last round, one vote for each agent and sample.

    The votes come from the latest round that holds at least half as many votes as the fullest one, so a last round
    that was cut short does not outvote a complete one before it.
    """

    def to_group(self, view: View) -> Mapping[str, str]:
        """Return all answers, if some that may mean the same could together reach the winner's count."""
        votes = tally(_voting_round(view)[1])
        most = max(votes.counts.values(), default=0)
        first = votes.leaders[:1]
        for key in votes.counts:
            kin = [other for other in votes.counts if other != key and may_be_same(key, other)]
            reach = votes.counts[key] + sum(votes.counts[other] for other in kin if other not in first)
            if kin and key not in first and reach >= most:
                return {key: votes.answer(key) for key in votes.counts}
        return {}

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the majority's answer."""
        round_, notes = _voting_round(view)
        votes = tally(notes, groups)
        key = votes.winner(seed)
        if key is None:
            return None
        return Choice(votes.answer(key), votes.agreement, len(votes.leaders) > 1, round_, votes)


def _voting_round(view: View) -> tuple[int, list[Note]]:
    rounds = {round_: of_round(view.notes, round_) for round_ in range(1, view.round + 1)}
    votes = {round_: sum(note["status"] == "ok" for note in notes) for round_, notes in rounds.items()}
    fullest = max(votes.values(), default=0)
    last = max((round_ for round_, count in votes.items() if 2 * count >= fullest), default=view.round)
    return last, rounds.get(last, [])
