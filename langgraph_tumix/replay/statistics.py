"""Statistics of a comparison: intervals, paired differences, the Pareto front, what a right answer costs."""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from langgraph_tumix.core.statistics import Interval

CHUNK = 500

Floats = npt.NDArray[np.float64]


class Bootstrap:
    """Draws questions with replacement, the same draws for every figure, so that differences are paired.

    Args:
        groups: The group of each question; means are taken within groups first, and groups count alike.
        clusters: What is drawn together: one question that several models answered is one cluster.
        draws: How many.
        seed: Fixes them.
    """

    def __init__(self, groups: Sequence[str], clusters: Sequence[str], draws: int = 4000, seed: int = 0) -> None:
        names, self._group = np.unique(np.array(groups), return_inverse=True)
        drawn, self._cluster = np.unique(np.array(clusters), return_inverse=True)
        self._shape = len(names), len(drawn)
        self._draws, self._seed = draws, seed

    @cached_property
    def _weights(self) -> npt.NDArray[np.uint16]:
        """How often each cluster is drawn; beyond a handful of times it never is, so small numbers do."""
        rng, drawn = np.random.default_rng(self._seed), self._shape[1]
        chances = np.full(drawn, 1 / drawn)
        return np.vstack(
            [rng.multinomial(drawn, chances, size=CHUNK).astype(np.uint16) for _ in range(-(-self._draws // CHUNK))]
        )

    def mean(self, values: Floats) -> Interval:
        """Return the mean of a figure per question, with its percentile interval; NaN is left out."""
        sums, counts = self._summed(values)
        if not counts.any():
            return Interval(float("nan"), float("nan"), float("nan"))
        means: list[float] = []
        for start in range(0, len(self._weights), CHUNK):
            weights = self._weights[start : start + CHUNK].astype(np.float64)
            means += _over_groups(weights @ sums.T, weights @ counts.T)
        low, high = np.nanpercentile(means, [2.5, 97.5])
        return Interval(self.value(values), float(low), float(high))

    def value(self, values: Floats) -> float:
        """Return the mean alone."""
        sums, counts = self._summed(values)
        (mean,) = _over_groups(sums.sum(axis=1)[None, :], counts.sum(axis=1)[None, :])
        return mean

    def _summed(self, values: Floats) -> tuple[Floats, Floats]:
        """Return sum and number of what is known, by group and cluster."""
        known = ~np.isnan(values)
        sums, counts = np.zeros(self._shape), np.zeros(self._shape)
        np.add.at(sums, (self._group[known], self._cluster[known]), values[known])
        np.add.at(counts, (self._group[known], self._cluster[known]), 1.0)
        return sums, counts


def _over_groups(sums: Floats, counts: Floats) -> list[float]:
    """Return the mean of the groups' means; a group of which nothing is known, or drawn, is left out."""
    there = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=there)
    number = there.sum(axis=1)
    whole: list[float] = np.where(number > 0, means.sum(axis=1) / np.maximum(number, 1), np.nan).tolist()
    return whole


def pareto(costs: Sequence[float], scores: Sequence[float]) -> list[bool]:
    """Say which options no other beats in cost and score at once; one whose figures are not known does not count.

    >>> pareto([1, 2, 3], [0.5, 0.4, 0.6])
    [True, False, True]
    """
    pairs = list(zip(costs, scores, strict=True))
    return [
        not math.isnan(cost + score)
        and not any((other <= cost and better >= score) and (other < cost or better > score) for other, better in pairs)
        for cost, score in pairs
    ]


def cost_of_pass(cost: float, accuracy: float) -> float:
    """Return what one right answer costs: Efficient Agents' measure, cost / P(right); infinite if none is.

    >>> cost_of_pass(3.0, 0.5)
    6.0
    """
    return cost / accuracy if accuracy else float("inf")


def arise(accuracies: Sequence[Floats], tokens: Sequence[Floats]) -> float:
    """Return ARISE (arXiv 2510.06014): how efficiently accuracy grows over budgets.

    For each question Σ_j Δa_j (t_(j-1) / t_j)^sign(Δa_j), and the mean over questions: a gain counts less the more
    tokens it took, a loss more.

    Args:
        accuracies: For each budget, least first, the accuracy on each question.
        tokens: For each budget the tokens on each question, above 0.

    >>> arise([np.array([0.0]), np.array([1.0])], [np.array([1.0]), np.array([2.0])])
    0.5
    """
    total = np.zeros_like(accuracies[0])
    for before, after in zip(range(len(accuracies) - 1), range(1, len(accuracies)), strict=True):
        change = accuracies[after] - accuracies[before]
        total += change * (tokens[before] / tokens[after]) ** np.sign(change)
    return float(np.mean(total))
