"""The vote by pattern: how often an answer is right, given just which agents stand behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from langgraph_tumix.core.aggregate import Aggregator, Choice
from langgraph_tumix.core.aggregating.weights import voters
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import tally
from langgraph_tumix.errors import ConfigError

Pattern = frozenset[str]
"""The agents that stand behind one answer."""


@dataclass(frozen=True)
class PatternVote(Aggregator):
    """The answer whose supporters have, as a set, been right most often: (right + k · vote) / (seen + k).

    Weights for single agents assume that agents err independently; agents of one model do not. The table of sets is
    learnt on other questions (`replay.learn.patterns`). A set that was seldom seen falls back on the share of the votes
    that it holds, with the weight of `k` questions. Ties go to the answer with more votes, then to the one that the
    better agent gave.

    Attributes:
        table: For each set of agents, how often its common answer was right, and how often it was seen.
        k: The weight of the fallback, in questions.
        over: As in `Majority`: whose votes.
    """

    table: Mapping[Pattern, tuple[float, float]] = field(default_factory=dict)
    k: float = 2.0
    over: Literal["round", "independent"] = "independent"

    def __post_init__(self) -> None:
        if not self.table:
            raise ConfigError("PatternVote(table) is empty: learn it on other questions with replay.learn.patterns")

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the answer whose pattern is best. The confidence is the chance that the pattern is right."""
        round_, notes = voters(view, self.over)
        votes = tally(notes, groups, view.keys)
        if not votes.ballots:
            return None
        author = {note["id"]: note["agent"] for note in notes}
        behind: dict[str, set[str]] = {}
        for ballot in votes.ballots:
            behind.setdefault(ballot.key, set()).add(author[ballot.note])
        chance = {key: self._chance(frozenset(agents), len(author)) for key, agents in behind.items()}
        best = max(chance, key=lambda key: (chance[key], votes.counts[key], self._alone(behind[key])))
        tie = sum(value == chance[best] for value in chance.values()) > 1
        return Choice(votes.answer(best), chance[best], tie, round_, votes)

    def _chance(self, agents: Pattern, asked: int) -> float:
        right, seen = self.table.get(agents, (0.0, 0.0))
        return (right + self.k * len(agents) / max(1, asked)) / (seen + self.k)

    def _alone(self, agents: set[str]) -> float:
        return max(self._chance(frozenset({agent}), 1) for agent in agents)
