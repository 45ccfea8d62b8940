"""Choosing the group of agents: many random rosters, ranked as in the paper, the best refined by swaps.

The score is that of TUMIX-Evolve (arXiv 2510.01279, section 5.3): ``coverage / E[coverage] + average / E[average]``,
where coverage is the share of questions that anyone of the group has right, average the mean accuracy of its members,
and E the mean over the rosters drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langgraph_tumix.core.statistics import Interval, bootstrap
from langgraph_tumix.design.sheet import Sheet
from langgraph_tumix.design.worth import LEAST_LABELLED, detectable
from langgraph_tumix.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

DRAWS = 25_000
"""Random rosters, as many as in the paper."""

REFINED = 10
"""The best of them, which are refined."""

_AT_ONCE = 2_000_000  # cells of rosters times questions held in memory at one time


@dataclass(frozen=True)
class Group:
    """A roster and how it does on the questions by which it was found; all shares from 0 to 1."""

    agents: tuple[str, ...]
    score: float
    coverage: float
    average: float


@dataclass(frozen=True)
class Choice:
    """A roster chosen on some questions, and compared with the current one on others.

    Attributes:
        agents: The roster to use: the best group, or the current one if nothing shows that the other is better.
        best: The best group found.
        current: The accuracy of the current roster's majority vote on the questions held out.
        chosen: That of the best group.
        gain: The second less the first, paired by question.
        detectable: The least gain that so many questions would show, four times in five.
        questions: How many were held out.
    """

    agents: tuple[str, ...]
    best: Group
    current: float
    chosen: float
    gain: Interval
    detectable: float
    questions: int

    def __str__(self) -> str:
        """Return it in a few words."""
        return (
            f"majority vote {self.chosen:.1%} against {self.current:.1%}, a gain of {self.gain.value:+.1%} "
            f"[{self.gain.low:+.1%}, {self.gain.high:+.1%}] on {self.questions} questions held out "
            f"(detectable: {self.detectable:.0%}): {self.gain.verdict}"
        )


def best_groups(sheet: Sheet, size: int, *, draws: int = DRAWS, refined: int = REFINED, seed: int = 0) -> list[Group]:
    """Return the best groups of `size` agents, best first.

    Args:
        sheet: Answers to questions whose right answer is known.
        size: Agents in a group.
        draws: How many random groups are drawn.
        refined: How many of the best are refined by swapping members as long as that raises their score.
        seed: Fixes the draws.

    Raises:
        ConfigError: There are fewer agents than that, or no question, or numpy is missing.
    """
    if not 0 < size <= len(sheet.agents):
        raise ConfigError(f"a group of {size} cannot be chosen from {len(sheet.agents)} agents")
    if not sheet.keys or None in sheet.gold:
        raise ConfigError("groups are ranked by right answers: give questions with gold, answered by all agents")
    np = _numpy()
    rng = np.random.default_rng(seed)
    right = np.array([sheet.right(agent) for agent in sheet.agents], dtype=np.float32)
    draw = rng.random((draws, len(sheet.agents))).argpartition(size - 1, axis=1)[:, :size]
    groups = np.zeros((draws, len(sheet.agents)), dtype=np.float32)
    np.put_along_axis(groups, draw, 1.0, axis=1)
    coverage, average = _measured(groups, right)
    scales = np.array([max(coverage.mean(), 1e-9), max(average.mean(), 1e-9)])
    order = np.argsort(-(coverage / scales[0] + average / scales[1]), kind="stable")
    _, first = np.unique(groups[order], axis=0, return_index=True)
    tops = groups[order[np.sort(first)[:refined]]]
    found = {tuple(np.flatnonzero(_climbed(group, right, scales))) for group in tops}
    best = [_group(sheet.agents, members, right, scales) for members in found]
    return sorted(best, key=lambda group: (-group.score, group.agents))


def choose(
    sheet: Sheet, held_out: Sheet, current: Sequence[str], size: int, *, confidence: float = 0.95, seed: int = 0
) -> Choice:
    """Choose a roster on one sheet, and keep the current one unless it votes better beyond doubt on the other.

    Args:
        sheet: Answers to the questions to choose by.
        held_out: Answers of the same agents to other questions.
        current: The roster in force.
        size: Agents in the roster to choose.
        confidence: Of the interval, 0 to 1.
        seed: Fixes the draws.

    Raises:
        ConfigError: As for `best_groups`; or there is no question to compare on.
    """
    if not held_out.keys:
        raise ConfigError("no question is left to compare rosters on: give more questions with gold")
    best = best_groups(sheet, size, seed=seed)[0]
    new, old = held_out.voted(best.agents), held_out.voted(current)
    differences = [one - other for one, other in zip(new, old, strict=True)]
    gain = bootstrap(differences, confidence=confidence)
    return Choice(
        agents=best.agents if gain.verdict == "better" and len(new) >= LEAST_LABELLED else tuple(current),
        best=best,
        current=sum(old) / len(old),
        chosen=sum(new) / len(new),
        gain=gain,
        detectable=detectable(differences, confidence=confidence),
        questions=len(differences),
    )


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise ConfigError("choosing groups needs numpy: pip install 'langgraph-tumix[design]'") from None
    return numpy


def _measured(groups: "Array", right: "Array") -> tuple["Array", "Array"]:
    """Return coverage and average of groups (groups × agents) by who is right (agents × questions)."""
    np = _numpy()
    step = max(1, _AT_ONCE // right.shape[1])
    hits = [groups[start : start + step] @ right for start in range(0, len(groups), step)]
    coverage = np.concatenate([(part > 0.5).mean(axis=1) for part in hits])
    return coverage, (groups @ right.mean(axis=1)) / groups.sum(axis=1)


def _climbed(group: "Array", right: "Array", scales: "Array") -> "Array":
    """Swap one member for one outsider as long as that raises the score, the best swap first."""
    np = _numpy()
    while True:
        members, outsiders = np.flatnonzero(group), np.flatnonzero(group == 0)
        swaps = np.repeat(group[None], len(members) * len(outsiders) + 1, axis=0)
        leaving, coming = (side.ravel() for side in np.meshgrid(members, outsiders, indexing="ij"))
        rows = np.arange(1, len(swaps))
        swaps[rows, leaving], swaps[rows, coming] = 0.0, 1.0
        coverage, average = _measured(swaps, right)
        score = coverage / scales[0] + average / scales[1]
        best = int(score.argmax())
        if score[best] <= score[0] + 1e-9:
            return group
        group = swaps[best]


def _group(agents: Sequence[str], members: Sequence[int], right: "Array", scales: "Array") -> Group:
    chosen = right[list(members)]
    coverage, average = float(chosen.max(axis=0).mean()), float(chosen.mean())
    score = coverage / float(scales[0]) + average / float(scales[1])
    return Group(tuple(agents[member] for member in members), score, coverage, average)
