"""Sheets and worth: small tables whose figures can be counted by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.statistics import Interval
from langgraph_tumix.design.bench import Probe
from langgraph_tumix.design.sheet import Sheet, majority
from langgraph_tumix.design.worth import LEAST_LABELLED, Worth, refused, worth
from langgraph_tumix.testing import note


def noted(table: dict[str, str], **fields: Any) -> dict[tuple[str, str], Note]:
    """Return notes; each agent answers a question with a letter, ``-`` abstains, ``!`` could not be run."""
    notes = {}
    for agent, answers in table.items():
        for number, letter in enumerate(answers):
            made = note(agent, None if letter in "-!" else f"word {letter}", **fields)
            if letter == "!":
                made["status"] = "failed"
            notes[agent, f"question {number}"] = made
    return notes


def sheet(table: dict[str, str], gold: str | None = None) -> Sheet:
    count = len(next(iter(table.values())))
    letters = gold if gold is not None else " " * count
    probes = [Probe(f"question {n}", f"word {letters[n]}" if letters[n] != " " else None) for n in range(count)]
    return Sheet.of(noted(table), list(table), probes)


def test_answers_are_compared_by_key() -> None:
    notes = {("A", "q"): note("A", "1/2"), ("B", "q"): note("B", "50 %"), ("C", "q"): note("C", "2")}
    made = Sheet.of(notes, ["A", "B", "C"], [Probe("q", "0.5")])
    assert [made.right(agent) for agent in "ABC"] == [[1.0], [1.0], [0.0]]
    assert made.voted("ABC") == [1.0]


def test_coverage_votes_and_ties() -> None:
    made = sheet({"A": "aab-", "B": "axc-", "C": "xxd-"}, gold="aabd")
    assert made.right("A") == [1, 1, 1, 0]
    assert made.covered("BC") == [1, 0, 0, 0]
    assert made.voted("ABC") == [1, 0, 1 / 3, 0], "a tie is drawn, and no vote is no answer"


def test_a_question_on_which_somebody_could_not_be_run_does_not_count() -> None:
    made = sheet({"A": "aa!", "B": "aaa"}, gold="aaa")
    assert len(made.keys) == 2
    del (notes := noted({"A": "aa", "B": "aa"}))["B", "question 1"]
    assert len(Sheet.of(notes, ["A", "B"], [Probe("question 0"), Probe("question 1")]).keys) == 1


def test_a_reply_out_of_protocol_is_wrong_and_counts() -> None:
    notes = noted({"A": "a"}) | {("B", "question 0"): note("B", None, status="no_answer")}
    made = Sheet.of(notes, ["A", "B"], [Probe("question 0", "word a")])
    assert (made.right("A"), made.right("B")) == ([1.0], [0.0])


def test_only_labelled_questions_are_labelled() -> None:
    made = sheet({"A": "aaa"}, gold="a b")
    assert len(made.labelled.keys) == 2
    assert made.labelled.right("A") == [1.0, 0.0]


def test_alike_counts_questions_that_divide() -> None:
    made = sheet({"A": "aabb", "B": "aaxy", "C": "aabx"})
    assert made.alike("A", "C", "AB") == (1, 2)
    assert made.alike("A", "A", "AB") == (2, 2)


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=9))
def test_the_majority_is_what_most_say(keys: list[str | None]) -> None:
    for key in majority(keys):
        assert all(keys.count(key) >= keys.count(other) for other in keys if other is not None)


def test_worth_counts_what_a_candidate_adds() -> None:
    table = {"A": "a" * 10 + "x" * 10, "B": "a" * 10 + "y" * 10, "New": "a" * 20}
    found = worth(sheet(table, gold="a" * 20), "New", "AB", "AB", confidence=0.95)
    assert (found.basis, found.questions, found.answered) == ("gold", 20, 1.0)
    assert found.accuracy is not None
    assert found.accuracy.value == 1.0
    assert found.coverage is not None
    assert found.coverage.value == 0.5
    assert found.vote is not None
    assert found.vote.value == pytest.approx(1 / 6), "ten ties of three"
    assert refused(found, 0.0) is None
    assert found.as_data()["coverage"]["value"] == 0.5
    assert "detectable" in str(found)


CASES: dict[str, tuple[dict[str, str], str, str | None]] = {
    "gains coverage": ({"A": "a" * 8 + "x" * 8, "New": "a" * 16}, "a" * 16, None),
    "adds nothing": ({"A": "a" * 12 + "x" * 4, "New": "a" * 12 + "x" * 4}, "a" * 16, "no_gain"),
    "gains by chance": ({"A": "a" * 12 + "x" * 4, "New": "a" * 13 + "x" * 3}, "a" * 16, "no_gain"),
    "covers more and costs votes": ({"A": "a" * 12 + "x" * 4, "New": "x" * 12 + "a" * 4}, "a" * 16, "no_gain"),
    "is worse": ({"A": "a" * 14 + "x" * 2, "New": "x" * 14 + "a" * 2}, "a" * 16, "worse"),
    "too few questions": ({"A": "x" * 9, "New": "a" * 9}, "a" * 9, "no_gain"),
    "no question": ({"A": "", "New": ""}, "", "budget"),
    "no gold, agrees": ({"A": "aaa", "B": "aab", "New": "aaa"}, "   ", None),
    "no gold, differs from all": ({"A": "aaa", "B": "aaa", "New": "zzz"}, "   ", "worse"),
}


def test_who_is_admitted() -> None:
    for table, gold, kind in CASES.values():
        made, roster = sheet(table, gold), [agent for agent in table if agent != "New"]
        found = worth(made, "New", roster, roster, confidence=0.95)
        rejection = refused(found, min(made.agreeing(agent, roster) for agent in roster))
        assert (rejection and rejection.kind) == kind, rejection
        assert found.basis == ("gold" if gold.strip() else "agreement")


def test_a_gain_that_costs_votes_is_refused() -> None:
    good, bad = Interval(0.3, 0.2, 0.4), Interval(-0.3, -0.4, -0.2)
    found = Worth("gold", 40, 1.0, 0.5, 0.5, Interval(0.5, 0.4, 0.6), good, good, bad, 0.2)
    rejection = refused(found, 0.0)
    assert rejection is not None
    assert "the majority loses" in rejection.reason


def test_below_the_least_number_nothing_is_admitted_however_large_the_gain() -> None:
    for count, kind in ((LEAST_LABELLED - 1, "no_gain"), (LEAST_LABELLED, None)):
        made = sheet({"A": "x" * count, "New": "a" * count}, "a" * count)
        rejection = refused(worth(made, "New", "A", "A", confidence=0.95), 0.0)
        assert (rejection and rejection.kind) == kind
