"""Votes: each case here was counted wrongly by somebody before."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.votes import tally
from langgraph_tumix.testing import note

ANSWERS = st.lists(st.sampled_from(["1/2", "0.5", "A", "(b)", "12 km", "x", "", None]), max_size=15)


def notes(answers: list[str | None]) -> list[Note]:
    return [note(f"agent {number}", answer) for number, answer in enumerate(answers)]


def test_one_answer_in_many_notations_is_one() -> None:
    assert list(tally(notes(["1/2", "0.5", "50 %", "\\frac{1}{2}", "0.25"])).counts.values()) == [4, 1]


def test_the_answer_a_is_not_an_article() -> None:
    assert tally(notes(["A", "a", "(A)", "B"])).counts == {"choice:A": 3, "choice:B": 1}


def test_who_failed_or_abstained_does_not_vote() -> None:
    votes = tally(
        [
            note("A", "42"),
            note("B", "Error: boom", status="failed"),
            note("C", None),
            note("D", "7", status="cancelled"),
            note("E", ""),
        ]
    )
    assert votes.total == 1


def test_one_vote_for_each_agent_and_sample() -> None:
    assert tally([note("A", "1"), note("A", "1"), note("A", "2", sample=1)]).total == 2


def test_telemetry() -> None:
    votes = tally(notes(["1", "1", "1", "2"]))
    assert (votes.agreement, votes.margin) == (0.75, 0.5)
    assert votes.entropy == pytest.approx(0.811278, abs=1e-6)
    assert tally(notes(["1", "2", "3", "4"])).entropy == pytest.approx(2.0)
    assert tally(notes(["1", "1"])).entropy == 0.0
    nothing = tally([])
    assert (nothing.agreement, nothing.margin, nothing.entropy, nothing.winner(0)) == (0.0, 0.0, 0.0, None)


@given(ANSWERS, st.randoms(use_true_random=False), st.integers(0, 5))
def test_neither_order_nor_names_decide(answers: list[str | None], rng: random.Random, seed: int) -> None:
    shuffled = rng.sample(answers, len(answers))
    first, second = tally(notes(answers)), tally(notes(shuffled))
    assert first.counts == second.counts
    assert first.winner(seed) == second.winner(seed)
    winner = first.winner(seed)
    if winner:
        assert first.answer(winner) == second.answer(winner)


@given(ANSWERS)
def test_telemetry_stays_in_its_range(answers: list[str | None]) -> None:
    votes = tally(notes(answers))
    assert 0 <= votes.margin <= votes.agreement <= 1
    assert 0 <= votes.entropy <= math.log2(max(1, votes.total)) + 1e-9
    assert sum(votes.counts.values()) == votes.total


def test_a_tie_is_drawn_by_the_seed() -> None:
    tied = tally(notes(["7", "8", "9"]))
    drawn = {tied.winner(seed) for seed in range(40)}
    assert drawn == {"number:7", "number:8", "number:9"}
    assert all(tied.winner(seed) == tied.winner(seed) for seed in range(5))


def test_groups_merge_and_take_the_key_with_most_votes() -> None:
    answers = notes(["the Ava river", "the Ava river", "river Ava", "Bel"])
    keys = tally(answers).counts
    merged = tally(answers, [[key for key in keys if "ava" in key]])
    assert sorted(merged.counts.values()) == [1, 3]
    assert merged.answer(next(iter(merged.counts))) == "the Ava river"
