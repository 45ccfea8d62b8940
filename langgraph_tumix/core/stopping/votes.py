"""Stop rules that read the vote counts: is the leading answer's lead real, large or final?

Each is a statement about the counts alone, most votes first, so one rule serves the live graph note by note and a
replay that looks at all prefixes of a sample at once.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.chances import beta_lead, dirichlet_lead, entropy
from langgraph_tumix.core.stop import Decision, StopRule, at_least, share
from langgraph_tumix.core.view import View


@dataclass(frozen=True)
class CountRule(StopRule):
    """Base of the rules that look at vote counts.

    By default they count the votes of agents who have read nobody's notes: their chances assume independence, which
    agreement after reading does not have.

    Attributes:
        shared: Count the votes of the round that ended instead, whatever its agents have read.
    """

    shared: bool = field(default=False, kw_only=True)

    @abstractmethod
    def holds(self, counts: Sequence[int]) -> bool:
        """Whether the counts, most first, are enough to stop."""

    def decide(self, view: View) -> Decision:
        """Count and decide."""
        votes = view.votes() if self.shared else view.independent_votes()
        counts = list(votes.counts.values())
        enough = self.holds(counts)
        shown = ":".join(map(str, counts[:5])) or "no votes"
        return Decision(enough, f"votes {shown} {'are' if enough else 'are not'} enough for {type(self).__name__}")


@dataclass(frozen=True)
class BetaLead(CountRule):
    """Stops when P(p > 1/2 | first, second) exceeds `confidence`: Adaptive-Consistency (arXiv 2305.11860).

    p ~ Beta(first + 1, second + 1). At .95 four unanimous votes are enough and three are not. Assumes independent
    votes; the many answers behind the second are taken for noise.
    """

    confidence: float = 0.95
    least: int = 2

    def __post_init__(self) -> None:
        share("BetaLead(confidence)", self.confidence)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the chance of the lead."""
        first, second = _two(counts)
        return sum(counts) >= self.least and beta_lead(first, second) > self.confidence


@dataclass(frozen=True)
class DirichletLead(CountRule):
    """Stops when P(p_1 is the greatest | counts) exceeds `confidence`: Adaptive-Consistency's Dirichlet criterion.

    p ~ Dirichlet(counts + 1) over the five most frequent answers. Assumes independent votes. The integral is taken only
    where pairs cannot tell: P <= P(p_1 > p_2), and P >= 1 - Σ P(p_i > p_1).
    """

    confidence: float = 0.95
    least: int = 2

    def __post_init__(self) -> None:
        share("DirichletLead(confidence)", self.confidence)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the chance of the lead."""
        top = [*counts[:5], 0][: max(2, min(5, len(counts)))]
        if sum(counts) < self.least or beta_lead(top[0], top[1]) <= self.confidence:
            return False
        if sum(1 - beta_lead(top[0], other) for other in top[1:]) < 1 - self.confidence:
            return True
        return dirichlet_lead(tuple(top)) > self.confidence


@dataclass(frozen=True)
class VoteMargin(CountRule):
    """Stops when the first answer leads the second by at least the share `least` of the votes."""

    least: float = 0.5
    votes: int = 2

    def __post_init__(self) -> None:
        share("VoteMargin(least)", self.least)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the margin."""
        first, second = _two(counts)
        return sum(counts) >= self.votes and first - second >= self.least * sum(counts)


@dataclass(frozen=True)
class VoteShare(CountRule):
    """Stops when one answer has at least the share `least` of the votes; 0.8 in Adaptive-Consistency's comparison."""

    least: float = 0.8
    votes: int = 2

    def __post_init__(self) -> None:
        share("VoteShare(least)", self.least)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the share."""
        return sum(counts) >= self.votes and counts[0] >= self.least * sum(counts)


@dataclass(frozen=True)
class VoteEntropy(CountRule):
    """Stops when the entropy of the votes, over log(number of answers), is at most `most`.

    0.75 in Adaptive-Consistency's comparison. Votes that all agree have none.
    """

    most: float = 0.75
    votes: int = 2

    def __post_init__(self) -> None:
        share("VoteEntropy(most)", self.most)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the entropy."""
        return sum(counts) >= self.votes and entropy(counts) <= self.most


@dataclass(frozen=True)
class CannotBeOvertaken(CountRule):
    """Stops when the votes still to come, `total` in all, could not bring another answer level with the first.

    first - second > total - (votes so far). No assumption: the final plurality is the same as without stopping.
    Who abstains still has a vote to come here, so the rule errs on the side of going on.
    """

    total: int = 15

    def __post_init__(self) -> None:
        at_least("CannotBeOvertaken(total)", self.total, 1)

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the lead with what is to come."""
        first, second = _two(counts)
        return first - second > self.total - sum(counts)


@dataclass(frozen=True)
class VoteCount(CountRule):
    """Stops when there are `votes` votes, or one answer has `same` of them."""

    votes: int = 64
    same: int = 10**9

    def holds(self, counts: Sequence[int]) -> bool:
        """Compare the numbers."""
        return sum(counts) >= self.votes or (bool(counts) and counts[0] >= self.same)


@dataclass(frozen=True)
class UnanimousWindow(StopRule):
    """Stops when a window of `size` successive votes agrees: ESC (arXiv 2401.10480).

    Windows do not overlap, and an abstention is a member that does not agree. Assumes independent votes, so only
    agents who have read nobody are looked at.
    """

    size: int = 5

    def __post_init__(self) -> None:
        at_least("UnanimousWindow(size)", self.size, 2)

    def decide(self, view: View) -> Decision:
        """Look at the windows that are full; one that agreed earlier counts as well."""
        notes = view.independent()
        key = {ballot.note: ballot.key for ballot in view.independent_votes().ballots}
        keys = [key.get(note["id"]) for note in notes]
        windows = [set(keys[at : at + self.size]) for at in range(0, len(keys) - self.size + 1, self.size)]
        agreed = any(len(window) == 1 and None not in window for window in windows)
        return Decision(agreed, f"{'a' if agreed else 'no'} window of {self.size} votes agrees")


def _two(counts: Sequence[int]) -> tuple[int, int]:
    first, second = [*counts[:2], 0, 0][:2]
    return first, second
