"""Chances of a lead: against published values, against SciPy, against draws."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.chances import beta_lead, dirichlet_lead, entropy

COUNTS = st.lists(st.integers(0, 30), min_size=1, max_size=5).map(lambda counts: tuple(sorted(counts, reverse=True)))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 0), (4, 0), (12, 7), (40, 39), (64, 0)])
def test_beta_is_the_incomplete_beta_function(first: int, second: int) -> None:
    betainc = pytest.importorskip("scipy.special").betainc
    assert beta_lead(first, second) == pytest.approx(1 - betainc(first + 1, second + 1, 0.5), abs=1e-12)


def test_four_unanimous_votes_are_enough_at_95_per_cent_and_three_are_not() -> None:
    assert beta_lead(3, 0) < 0.95 < beta_lead(4, 0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_beta_is_symmetric_and_grows_with_the_lead(first: int, second: int) -> None:
    assert beta_lead(first, second) + beta_lead(second, first) == pytest.approx(1)
    assert beta_lead(first + 1, second) > beta_lead(first, second)


@pytest.mark.parametrize("counts", [(4, 0), (5, 3, 2), (10, 9, 8, 7, 6), (20, 3), (1, 1, 1)])
def test_dirichlet_is_what_draws_say(counts: tuple[int, ...]) -> None:
    rng = random.Random(1)
    hits, draws = 0, 20_000
    for _ in range(draws):
        weights = [rng.gammavariate(count + 1, 1) for count in counts]
        hits += weights[0] == max(weights)
    assert dirichlet_lead(counts) == pytest.approx(hits / draws, abs=0.015)


@given(COUNTS)
def test_dirichlet_lies_between_its_bounds(counts: tuple[int, ...]) -> None:
    two = (*counts, 0)[: max(2, len(counts))]
    chance = dirichlet_lead(counts)
    assert chance <= beta_lead(two[0], two[1]) + 2e-5
    assert chance >= 1 - sum(1 - beta_lead(two[0], other) for other in two[1:]) - 2e-5


def test_entropy_is_a_share_of_the_greatest() -> None:
    assert entropy([1, 1, 1]) == pytest.approx(1)
    assert 0 < entropy([5, 1]) < 1
    assert entropy([]) == entropy([7]) == 0
