"""Allocators that widen in waves: two-wave PETS, a table by difficulty, and a cheap-then-strong cascade."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.allocate import Allocator, Turn, independent_turns
from langgraph_tumix.core.stop import StopRule, at_least
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class TwoWaves(Allocator):
    """PETS online (arXiv 2602.16745): a warm-up, then as many more as its bucket is worth; two waves, so low latency.

    The bucket is how the warm-up's votes split: ``(4,)`` is unanimous, ``(3, 1)`` one dissenter. What a bucket is worth
    is fitted on recordings: `replay.learn.bucket_budgets` gives the table for a mean budget. Assumes independent
    samples.

    Attributes:
        warm_up: Samples in the first wave.
        budgets: Samples in all, by the split of the warm-up.
        most: Samples in all for a split that the table does not name.
    """

    warm_up: int = 4
    budgets: Mapping[tuple[int, ...], int] = field(default_factory=lambda: {(4,): 4})
    most: int = 16

    def __post_init__(self) -> None:
        at_least("TwoWaves(warm_up)", self.warm_up, 2)

    def plan(self, view: View) -> Sequence[Turn]:
        """Plan the warm-up, then the rest."""
        done = len(view.notes)
        if not done:
            return independent_turns(view, 0, self.warm_up)
        if done > self.warm_up:
            return ()
        split = tuple(view.independent_votes().counts.values())
        return independent_turns(view, done, self.budgets.get(split, self.most))


@dataclass(frozen=True)
class ByDifficulty(Allocator):
    """Compute-optimal scaling (Snell et al., arXiv 2408.03314): easy, medium and hard questions are worked differently.

    Difficulty is the agreement of a first wave: the share of its leading answer, in place of a pass rate that nobody
    knows without gold. Each bin has an allocator of its own, which goes on from the first wave's notes. Which one is
    best for a bin is found by replaying all of them on recordings, with cross-validation (`cross_replay`).

    Attributes:
        first: Samples in the first wave.
        bins: Least agreement and allocator, from the easiest to the hardest; the last should begin at 0.
    """

    bins: tuple[tuple[float, Allocator], ...]
    first: int = 4

    def __post_init__(self) -> None:
        levels = [level for level, _ in self.bins]
        if not levels or levels != sorted(levels, reverse=True) or levels[-1] > 0:
            raise ConfigError("ByDifficulty(bins): give falling levels of agreement of which the last is 0")

    def plan(self, view: View) -> Sequence[Turn]:
        """Plan the first wave, then let the bin's allocator go on."""
        if not view.notes:
            return independent_turns(view, 0, self.first)
        first = View([note for note in view.notes if note["round"] == 1], 1, keys=view.keys)
        agreement = first.votes().agreement
        return next(allocator for level, allocator in self.bins if agreement >= level).plan(view)


@dataclass(frozen=True)
class Cascade(Allocator):
    """Cheap agents first, strong ones only where these do not convince: EconProver's switch, ATTS' escalation.

    Attributes:
        stages: The agents of each stage, cheapest first; all of a stage answer independently, side by side. An agent
            that is named again gives a further sample.
        accept: Looks at the notes so far; the first stage after which it stops is the last. ATTS sets its threshold so
            that wrong acceptances stay under a rate alpha; here a replay shows the rate of any rule.
    """

    stages: tuple[tuple[str, ...], ...]
    accept: StopRule

    def __post_init__(self) -> None:
        if not self.stages or not all(self.stages):
            raise ConfigError("Cascade(stages): give at least one stage, and at least one agent in each")

    def plan(self, view: View) -> Sequence[Turn]:
        """Plan the next stage, if the ones before did not convince."""
        unknown = {agent for stage in self.stages for agent in stage} - set(view.roster)
        if unknown:
            raise ConfigError(f"Cascade(stages) names {min(unknown)!r}, which is not in the roster")
        if view.round >= len(self.stages) or (view.round and self.accept.decide(view).stop):
            return ()
        asked = Counter(agent for stage in self.stages[: view.round] for agent in stage)
        turns = []
        for agent in self.stages[view.round]:
            turns.append(Turn(agent, asked[agent]))
            asked[agent] += 1
        return turns


@dataclass(frozen=True)
class InOrder(Allocator):
    """The agents one after the other, best first, each answering independently.

    With a stop rule on votes it is adaptive consistency over different agents; `replay.learn.ranking` finds the order
    on other questions.

    Attributes:
        agents: In the order in which they are asked.
        first: How many are asked side by side at the beginning.
    """

    agents: tuple[str, ...]
    first: int = 2

    def plan(self, view: View) -> Sequence[Turn]:
        """Ask the next one."""
        done = len(view.notes)
        return [Turn(agent) for agent in self.agents[done : max(self.first, done + 1)]]
