"""Aggregation: from notes to the final answer. Majority vote; nothing here calls a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from langgraph_tumix.core.keys import may_be_same
from langgraph_tumix.core.notes import LOST, Note, of_round
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import Tally, tally


@dataclass(frozen=True)
class Choice:
    """The aggregator's choice.

    Attributes:
        answer: The answer, as most of its voters write it.
        confidence: The share of the round's agents and samples that stand behind it, 0 to 1; those who were lost or
            abstain count as not behind it. This is agreement, not the probability that it is right.
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

    If more than half of those who came to an end say that they cannot tell, so does the majority. Votes and
    abstentions are taken from the latest round that holds at least half as many of them as the fullest one, so a last
    round that was cut short does not outvote a complete one before it.
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
        abstained = sum(note["status"] == "abstained" for note in notes)
        if key is None or abstained > votes.total:
            return None
        return Choice(votes.answer(key), votes.counts[key] / len(notes), len(votes.leaders) > 1, round_, votes)


def _voting_round(view: View) -> tuple[int, list[Note]]:
    rounds = {round_: of_round(view.notes, round_) for round_ in range(1, view.round + 1)}
    voices = {round_: sum(note["status"] not in LOST for note in notes) for round_, notes in rounds.items()}
    fullest = max(voices.values(), default=0)
    last = max((round_ for round_, count in voices.items() if 2 * count >= fullest), default=view.round)
    return last, rounds.get(last, [])
