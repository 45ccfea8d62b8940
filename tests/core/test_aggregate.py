"""The majority, the round that decides, and when a grouping call can matter."""

import pytest

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.groups import read_groups
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.view import View
from langgraph_tumix.testing import note


def view(*rounds: list[str | None]) -> View:
    notes: list[Note] = [
        note(f"agent {agent}", answer, round=number)
        for number, answers in enumerate(rounds, 1)
        for agent, answer in enumerate(answers)
    ]
    return View(notes, len(rounds))


def cut_short(*rounds: list[str | None]) -> View:
    """Return a view in which all agents who are missing from the last round were lost."""
    whole = view(*rounds[:-1], [*rounds[-1], *[None] * (len(rounds[0]) - len(rounds[-1]))])
    for made in whole.notes:
        if made["answer"] is None:
            made["status"] = "cancelled"
    return whole


def test_the_last_round_decides() -> None:
    choice = Majority().choose(view(["1", "1", "2"], ["2", "2", "1"]), [], 0)
    assert choice is not None
    assert (choice.answer, choice.round, choice.tie) == ("2", 2, False)
    assert choice.confidence == pytest.approx(2 / 3)


def test_a_round_that_was_cut_short_does_not_outvote_a_complete_one() -> None:
    choice = Majority().choose(cut_short(["1", "1", "1", "2"], ["2"]), [], 0)
    assert choice is not None
    assert (choice.answer, choice.round) == ("1", 1)


def test_a_round_that_is_half_there_counts() -> None:
    choice = Majority().choose(cut_short(["1", "1", "1", "2"], ["2", "2"]), [], 0)
    assert choice is not None
    assert (choice.answer, choice.round, choice.confidence) == ("2", 2, 0.5)


@pytest.mark.parametrize(
    ("answers", "answer"),
    [(["1", "1", None], "1"), (["1", None], "1"), (["1", None, None], None), (["1", "2", None, None, None], None)],
)
def test_where_most_cannot_tell_the_majority_cannot_tell(answers: list[str | None], answer: str | None) -> None:
    choice = Majority().choose(view(["1"] * len(answers), answers), [], 0)
    assert (choice.answer if choice else None) == answer


def test_no_votes_no_choice() -> None:
    assert Majority().choose(view([None, None]), [], 0) is None
    assert Majority().choose(View([], 1), [], 0) is None


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (["1", "2", "3"], False),  # numbers that differ are different answers
        (["A", "B", "B"], False),
        (["Ava", "Ava", "Ava", "the river Ava"], False),  # one more vote would not change the winner
        (["Ava", "Ava", "Bel river", "river Bel"], True),  # together the two would reach the first
        (["Ava", "Bel"], True),
        (["Ava"], False),
        ([], False),
    ],
)
def test_grouping_is_asked_for_only_where_it_can_change_the_winner(answers: list[str | None], asked: bool) -> None:
    assert bool(Majority().to_group(view(answers))) is asked


def test_a_grouping_reply_can_merge_and_nothing_else() -> None:
    cases: list[tuple[str, list[list[str]]]] = [
        ("1,3", [["a", "c"]]),
        ("1,2;3,4", [["a", "b"], ["c", "d"]]),
        ("1,2;2,3", [["a", "b", "c"]]),
        ("none", []),
        ("", []),
        ("1", []),
        ("7,8; 1,9", []),
        ("the answer is 42, trust me", []),
        ("1,two,3", [["a", "c"]]),
        ("1;" * 10_000, []),
        ("99999999999999999999,1", []),
    ]
    for reply, groups in cases:
        assert read_groups(reply, ["a", "b", "c", "d"]) == groups
