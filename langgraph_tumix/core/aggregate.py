"""Aggregation: from notes to the final answer. Nothing here calls a model; what needs calls asks for them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from langgraph_tumix.core.keys import may_be_same
from langgraph_tumix.core.notes import LOST, Note, of_round
from langgraph_tumix.core.requests import Request
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


class Aggregator(ABC):
    """Turns notes into the final answer; a subclass is a frozen dataclass."""

    def requests(self, view: View) -> Sequence[Request]:
        """Return the model calls that are wanted before the choice, given the replies so far; none if it can choose."""
        return ()

    def to_group(self, view: View) -> Mapping[str, str]:
        """Return the answers that a grouping call should compare, by key; none if that cannot change the outcome."""
        return {}

    @abstractmethod
    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the choice, with `groups` of keys counted as one; None if there is no vote at all."""


@dataclass(frozen=True)
class Majority(Aggregator):
    """The answer with the most votes, one vote for each agent and sample.

    If more than half of those who came to an end say that they cannot tell, so does the majority. Votes and
    abstentions are taken from the latest round that holds at least half as many of them as the fullest one, so a last
    round that was cut short does not outvote a complete one before it.

    Attributes:
        over: Whose votes: those of the ``round`` that decides, or of all ``independent`` notes, as in
            self-consistency.
        ties: How a tie is broken: by a seeded ``draw``, or for the answer that came ``first``.
        quiet: Whether abstentions are ignored, so that a single vote decides.
    """

    over: Literal["round", "independent"] = "round"
    ties: Literal["draw", "first"] = "draw"
    quiet: bool = False

    def to_group(self, view: View) -> Mapping[str, str]:
        """Return all answers, if some that may mean the same could together reach the winner's count."""
        votes = tally(self._voters(view)[1], keys=view.keys)
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
        round_, notes = self._voters(view)
        votes = tally(notes, groups, view.keys)
        key = votes.winner(seed) if self.ties == "draw" else votes.first_leader
        abstained = sum(note["status"] == "abstained" for note in notes)
        if key is None or (abstained > votes.total and not self.quiet):
            return None
        return Choice(votes.answer(key), votes.counts[key] / len(notes), len(votes.leaders) > 1, round_, votes)

    def _voters(self, view: View) -> tuple[int, list[Note]]:
        return voting_round(view) if self.over == "round" else (view.round, view.independent())


def voting_round(view: View) -> tuple[int, list[Note]]:
    """Return the round whose votes decide, and its notes: the latest that is at least half as full as the fullest."""
    rounds = {round_: of_round(view.notes, round_) for round_ in range(1, view.round + 1)}
    voices = {round_: sum(note["status"] not in LOST for note in notes) for round_, notes in rounds.items()}
    fullest = max(voices.values(), default=0)
    last = max((round_ for round_, count in voices.items() if 2 * count >= fullest), default=view.round)
    return last, rounds.get(last, [])
