"""Weighted votes: each vote counts as much as what is known of it says."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from langgraph_tumix.core.aggregate import Aggregator, Choice, voting_round
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.requests import Kind, Request
from langgraph_tumix.core.stop import share
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import Tally, tally
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class Weighted(Aggregator):
    """Base of the weighted votes: the answer whose voters weigh most together.

    In a tie of weights the answer with more votes wins, then the one that came first.

    Attributes:
        over: As in `Majority`: whose votes.
    """

    over: Literal["round", "independent"] = field(default="round", kw_only=True)

    @abstractmethod
    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return the weight of each voter's note, by id; a note that is missing weighs nothing."""

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the answer that weighs most. Its confidence is its share of all weight."""
        round_, notes = voters(view, self.over)
        votes = tally(notes, groups, view.keys)
        cast = {ballot.note for ballot in votes.ballots}
        weight = self.weights(view, [note for note in notes if note["id"] in cast])
        return weighed(votes, weight, round_)


def voters(view: View, over: Literal["round", "independent"]) -> tuple[int, list[Note]]:
    """Return the round that decides, and the notes that vote."""
    return voting_round(view) if over == "round" else (view.round, view.independent())


def weighed(votes: Tally, weight: Mapping[str, float], round_: int) -> Choice | None:
    """Return the choice that the weights of the ballots lead to, None without votes."""
    sums = {ballot.key: 0.0 for ballot in votes.ballots}
    for ballot in votes.ballots:
        sums[ballot.key] += weight.get(ballot.note, 0.0)
    if not sums:
        return None
    best = max(sums, key=lambda key: (sums[key], votes.counts[key]))
    whole = sum(max(0.0, value) for value in sums.values())
    tie = sum(value == sums[best] for value in sums.values()) > 1
    confidence = max(0.0, sums[best]) / whole if whole else votes.counts[best] / votes.total
    return Choice(votes.answer(best), confidence, tie, round_, votes)


@dataclass(frozen=True)
class ShortFirst(Weighted):
    """Weighs each vote by 1 / tokens: who thought less counts more.

    On thinking models and competition mathematics +1.0 points [+0.2, +2.0] over the plain vote of 16, at no cost. A
    prior about the model, not a law: try it on your own recordings first. A note whose tokens are unknown weighs like
    one token.
    """

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return 1 / tokens."""
        return {note["id"]: 1 / max(1, tokens(note["usage"])) for note in voters}


@dataclass(frozen=True)
class AgentLogOdds(Weighted):
    """Weighs each vote by what the agent's accuracy says: ln(p / (1 - p)) + ln(others).

    That is the naive-Bayes vote for independent agents whose wrong answers fall on `others` alternatives alike. The
    accuracies are learnt on other questions (`replay.learn.accuracies`), never on those that are voted on.

    Attributes:
        accuracy: By agent, 0 to 1; an agent that is not named counts as one of the mean accuracy.
        others: How many wrong answers there are to choose from; 1 for yes or no.
    """

    accuracy: Mapping[str, float] = field(default_factory=dict)
    others: float = 10.0

    def __post_init__(self) -> None:
        if not self.accuracy:
            raise ConfigError(
                "AgentLogOdds(accuracy) is empty: learn it on other questions with replay.learn.accuracies"
            )
        for agent, accuracy in self.accuracy.items():
            share(f"AgentLogOdds(accuracy) of {agent}", accuracy)

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return the log-odds of the voters' agents."""
        mean = sum(self.accuracy.values()) / len(self.accuracy)
        return {note["id"]: self._weight(self.accuracy.get(note["agent"], mean)) for note in voters}

    def _weight(self, accuracy: float) -> float:
        bounded = min(0.999, max(0.001, accuracy))
        return math.log(bounded / (1 - bounded)) + math.log(self.others)


@dataclass(frozen=True)
class Scored(Weighted):
    """Weighted best-of-N: the answer with the greatest sum of scores, one model call for each distinct voter's note.

    score: a judge's rating of each note (Snell et al., arXiv 2408.03314; Gen-RM's mean of `times` yes/no verifications,
    arXiv 2504.01005). Under ordinary budgets more samples are worth more than verifications of them.

    Attributes:
        kind: ``score`` for a rating from 0 to 1, ``verify`` for right or wrong.
        times: Calls for each note, averaged.
    """

    kind: Kind = "score"
    times: int = 1

    def requests(self, view: View) -> Sequence[Request]:
        """Ask for the scores that are not there yet."""
        wanted = [
            Request(self.kind, (note["id"],), number)
            for note in voters(view, self.over)[1]
            if note["status"] == "ok"
            for number in range(self.times)
        ]
        return [request for request in wanted if request.id not in view.replies]

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return the mean score of each note; a call without a number counts as 0."""
        return {note["id"]: mean_score(view, self.kind, note["id"], self.times) for note in voters}


def mean_score(view: View, kind: Kind, note: str, times: int) -> float:
    """Return the mean of the numbers that came back about a note; 0 for a call that failed or was not made."""
    replies = [view.replies.get(Request(kind, (note,), number).id) for number in range(times)]
    return sum(reply.numbers[0] if reply and reply.numbers else 0.0 for reply in replies) / times


@dataclass(frozen=True)
class VerbalConfidence(Scored):
    """CISC (arXiv 2502.06233): each author says how sure it is; weights are softmax(confidence / temperature).

    Attributes:
        temperature: Below 1 the surest dominate, above it the vote is nearly plain. Tune it on other questions.
    """

    kind: Kind = "confidence"
    temperature: float = 0.5

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return the softmax of the confidences."""
        scores = super().weights(view, voters)
        powers = {note: math.exp(score / self.temperature) for note, score in scores.items()}
        whole = sum(powers.values())
        return {note: power / whole for note, power in powers.items()}


@dataclass(frozen=True)
class Borda(Scored):
    """Borda count: the note of rank r among N by score gives (N - r)^power votes to its answer (Self-Certainty).

    The source ranks by self-certainty, which needs the probabilities of the whole vocabulary; here by a judge's score.
    """

    power: float = 0.5

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return (N - r)^power by rank; equal scores keep their order."""
        scores = super().weights(view, voters)
        ranked = sorted(scores, key=lambda note: -scores[note])
        return {note: float(len(ranked) - rank) ** self.power for rank, note in enumerate(ranked)}
