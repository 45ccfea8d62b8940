"""Intervals against known values, and against what they promise."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.statistics import Interval, bootstrap, mcnemar, minimum_detectable_effect, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (1, 1, 0.2065, 1.0)],
)
def test_wilson_has_the_published_values(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert [interval.low, interval.high] == pytest.approx([low, high], abs=1e-4)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_share(case: tuple[int, int]) -> None:
    interval = wilson(*case)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_wilson_covers_as_often_as_it_says() -> None:
    draw, n, share = random.Random(1), 40, 0.9
    samples = [wilson(sum(draw.random() < share for _ in range(n)), n) for _ in range(2000)]
    assert 0.93 < sum(i.low <= share <= i.high for i in samples) / len(samples) < 0.98


@pytest.mark.long
def test_bootstrap_covers_as_often_as_it_says() -> None:
    draw = random.Random(2)
    covered = 0
    for trial in range(200):
        values = [draw.choice([-1, 0, 0, 0, 1, 1]) for _ in range(100)]
        interval = bootstrap(values, resamples=200, seed=trial)
        covered += interval.low <= 1 / 6 <= interval.high
    assert 0.92 < covered / 200 < 0.98


def test_bootstrap_is_the_same_twice_and_sure_of_what_never_varies() -> None:
    assert bootstrap([0, 1, 1], seed=3) == bootstrap([0, 1, 1], seed=3)
    assert bootstrap([0.5] * 9) == Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (6, 0, 0.03125), (0, 6, 0.03125)])
def test_mcnemar(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == p


def test_mcnemar_takes_many_questions() -> None:
    assert 0 < mcnemar(2000, 2200) < 0.01


def test_a_difference_of_the_least_detectable_size_is_mostly_detected() -> None:
    draw, n, discordant = random.Random(4), 400, 0.3
    effect = minimum_detectable_effect(n, discordant=discordant)
    wins = (discordant + effect) / 2
    seen = 0
    for _ in range(400):
        kinds = [draw.random() for _ in range(n)]
        first, second = sum(k < wins for k in kinds), sum(wins <= k < discordant for k in kinds)
        seen += mcnemar(first, second) < 0.05
    assert 0.7 < seen / 400 < 0.88


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (3, 2), (-1, 2), (math.nan, 2)])
def test_no_share_is_no_interval(successes: float, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, n)


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (Interval(0.1, 0.02, 0.2), "better"),
        (Interval(-0.1, -0.2, -0.02), "worse"),
        (Interval(0.1, -0.1, 0.2), "not distinguishable"),
        (Interval(0, 0, 0), "not distinguishable"),
    ],
)
def test_verdicts(interval: Interval, verdict: str) -> None:
    assert interval.verdict == verdict
