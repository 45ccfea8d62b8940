"""What strategies learn from recordings: accuracies, patterns, curves, budgets. Always on other questions.

`cross_replay` sees to that: it learns on one half of the questions, replays on the other, and the other way round.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from langgraph_tumix.core.aggregating.patterns import Pattern
from langgraph_tumix.core.control import leader
from langgraph_tumix.replay.recording import Answers, Recording, Run

NORMAL = NormalDist()


def accuracies(recording: Recording, right: Answers) -> dict[str, float]:
    """Return how often each agent's independent answers are right, (right + 1) / (asked + 2); an abstention is not."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for run in recording.runs:
        accepted = right.get((run.group, run.question), frozenset())
        for note in run.notes:
            if accepted and not note["saw"]:
                counts[note["agent"]][0] += is_right(run, note["answer"], accepted)
                counts[note["agent"]][1] += 1
    return {agent: (hits + 1) / (asked + 2) for agent, (hits, asked) in counts.items()}


def ranking(recording: Recording, right: Answers) -> tuple[str, ...]:
    """Return the agents, the most accurate first."""
    accuracy = accuracies(recording, right)
    return tuple(sorted(accuracy, key=lambda agent: (-accuracy[agent], agent)))


def patterns(recording: Recording, right: Answers) -> dict[Pattern, tuple[float, float]]:
    """Return for each set of agents how often the answer that just they gave was right, and how often it was seen.

    Sets are also seen as parts: single agents are counted on every question, so that ties can go to the better one.
    """
    table: dict[Pattern, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for run in recording.runs:
        accepted = right.get((run.group, run.question), frozenset())
        alone = [note for note in run.notes if not note["saw"] and note["answer"] is not None]
        behind: dict[str, set[str]] = defaultdict(set)
        hit: dict[str, bool] = {}
        for note, key in zip(alone, run.keys([note["answer"] or "" for note in alone]), strict=True):
            if accepted and key is not None:
                behind[key].add(note["agent"])
                hit[key] = is_right(run, note["answer"], accepted)
        for key, agents in behind.items():
            table[frozenset(agents)][0] += hit[key]
            table[frozenset(agents)][1] += 1
    return {agents: (hits, seen) for agents, (hits, seen) in table.items()}


def success_curve(recording: Recording, right: Answers, *, most: int = 64) -> tuple[float, float]:
    """Fit F(N) = most (1 - (1 - rate)^N) to the coverage of N independent samples, by least squares.

    Returns:
        The ceiling and the rate, both 0 to 1, for `saturation` and `MarginalGain`.
    """
    shares = [share for run in recording.runs if (share := _share_right(run, right)) is not None]
    sizes = np.arange(1, most + 1)
    coverage = np.array([np.mean([1 - (1 - share) ** size for share in shares]) for size in sizes])
    rates = np.linspace(0.005, 0.995, 199)
    shapes = 1 - (1 - rates[:, None]) ** sizes
    ceilings = np.clip((shapes @ coverage) / (shapes**2).sum(axis=1), 0, 1)
    best = int(((ceilings[:, None] * shapes - coverage) ** 2).sum(axis=1).argmin())
    return float(ceilings[best]), float(rates[best])


def _share_right(run: Run, right: Answers) -> float | None:
    accepted = right.get((run.group, run.question))
    alone = [note["answer"] for note in run.notes if not note["saw"]]
    return float(np.mean([is_right(run, answer, accepted) for answer in alone])) if accepted and alone else None


def bucket_budgets(
    recording: Recording, mean: float, *, warm_up: int = 4, most: int = 64
) -> dict[tuple[int, ...], int]:
    """Return PETS' table for `TwoWaves`: how many samples each split of the warm-up is worth.

    For each bucket A(k), the chance that the majority of k samples is that of all, is fitted as Φ(a √k + b) by probit
    regression on k = 3 to 40; then one sample at a time goes to the bucket with the greatest A(k + 1) - A(k) until the
    mean over the questions reaches `mean`. No gold is needed: the aim is the majority of a large budget.
    """
    curves: dict[tuple[int, ...], list[Sequence[bool]]] = defaultdict(list)
    for run in recording.runs:
        keys = run.keys([note["answer"] or "" for note in run.notes if not note["saw"]])
        final = leader(keys)
        split = tuple(sorted((keys[:warm_up].count(key) for key in set(keys[:warm_up]) - {None}), reverse=True))
        curves[split].append([leader(keys[:size]) == final for size in range(3, min(41, len(keys) + 1))])
    weight = {split: len(rows) / len(recording.runs) for split, rows in curves.items()}
    fitted = {split: _probit(rows) for split, rows in curves.items()}
    budgets = dict.fromkeys(curves, warm_up)
    while sum(weight[split] * budgets[split] for split in budgets) < mean:
        open_ = [split for split in budgets if budgets[split] < most]
        if not open_:
            break
        gain = {split: fitted[split](budgets[split] + 1) - fitted[split](budgets[split]) for split in open_}
        budgets[max(gain, key=gain.__getitem__)] += 1
    return budgets


class _Curve:
    """A(k) = Φ(slope √k + start)."""

    def __init__(self, slope: float, start: float) -> None:
        self.slope, self.start = slope, start

    def __call__(self, size: int) -> float:
        return NORMAL.cdf(self.slope * size**0.5 + self.start)


def _probit(rows: Sequence[Sequence[bool]]) -> _Curve:
    length = min(len(row) for row in rows)
    agreed = np.array([row[:length] for row in rows]).mean(axis=0)
    roots = np.sqrt(np.arange(3, 3 + length))
    bounded = np.clip(agreed, 0.5 / (len(rows) + 1), 1 - 0.5 / (len(rows) + 1))
    probits = np.array([NORMAL.inv_cdf(value) for value in bounded])
    if length < 2:
        return _Curve(0.0, float(probits.mean()))
    slope, start = np.polyfit(roots, probits, 1)
    return _Curve(max(0.0, float(slope)), float(start))


def is_right(run: Run, answer: str | None, accepted: frozenset[str]) -> bool:
    """Whether an answer counts as right."""
    if not answer:
        return False
    if answer in accepted:
        return True
    own, *others = run.keys([answer, *sorted(accepted)])
    return own is not None and own in others
