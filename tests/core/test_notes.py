"""The shared channel: its merge is what makes parallel agents, resumed runs and edits safe."""

import random

from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.notes import Note, merge_notes, of_round
from langgraph_tumix.testing import note

notes = st.lists(
    st.builds(
        note,
        st.sampled_from(["Base", "C", "C+", "CS_gs"]),
        st.just("1"),
        round=st.integers(1, 3),
        sample=st.integers(0, 2),
    ),
    max_size=12,
    unique_by=lambda made: made["id"],
)


def ids(merged: list[Note]) -> list[str]:
    return [made["id"] for made in merged]


@given(notes, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_show(arrived: list[Note], rng: random.Random) -> None:
    shuffled = rng.sample(arrived, len(arrived))
    one_by_one: list[Note] = []
    for made in shuffled:
        one_by_one = merge_notes(one_by_one, [[made]])
    assert ids(one_by_one) == ids(merge_notes([], [arrived]))


@given(notes)
def test_a_resumed_run_doubles_nothing(arrived: list[Note]) -> None:
    merged = merge_notes([], [arrived])
    assert merge_notes(merged, [arrived]) == merged
    assert len(merged) == len(arrived)


def test_an_edit_replaces_the_note() -> None:
    merged = merge_notes([note("C", "41"), note("Base", "42")], [[note("C", "42")]])
    assert [(made["agent"], made["answer"]) for made in merged] == [("Base", "42"), ("C", "42")]


def test_of_round() -> None:
    assert ids(of_round([note("C", "1"), note("C", "2", round=2)], 2)) == ["2/C/0"]
