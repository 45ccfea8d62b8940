"""The panels' numbers where they can be counted by hand: ties, repeats, lost agents, unknown prices, rounds of one."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.usage import used
from langgraph_tumix.report.agents import contributions
from langgraph_tumix.report.marks import marks
from langgraph_tumix.report.run import Asked, Gold, Result, Run
from langgraph_tumix.report.stopping import gains
from langgraph_tumix.report.systems import compare, front
from langgraph_tumix.state import RoundReport
from langgraph_tumix.testing import note


def result(notes: list[Note], *, task: str = "q", preset: str = "p", repeat: int = 0, **changes: Any) -> Result:
    """Return a result of notes, answered by the last round's first vote; 42 is right."""
    rounds = max(each["round"] for each in notes) if notes else 1
    answer = changes.pop("answer", next((n["answer"] for n in notes if n["round"] == rounds and n["answer"]), None))
    usage = changes.pop("usage", used(usd=0.5, input_tokens=100, model_calls=len(notes)))
    score: Any = changes.pop("score", {"correct": answer == "42", "by": "key", "why": ""})
    told: Any = {
        "question": "?",
        "answer": answer,
        "confidence": 1.0,
        "status": "complete",
        "stop_reason": "",
        "simulated": False,
        "rounds": [_report(number + 1) for number in range(rounds)],
        "decided_in": rounds,
        "votes": {},
        "tie": False,
        "usage": usage,
        "by_agent": {each["agent"]: usage for each in notes},
        "by_round": {str(number + 1): used(usd=0.25) for number in range(rounds)},
        "lost": [],
        "left_out": {},
        "warnings": [],
        "seconds": 1.0,
    }
    return Result(preset=preset, task=task, repeat=repeat, outcome=told | changes, notes=notes, score=score)


def _report(number: int) -> RoundReport:
    shares = {"agreement": 1.0, "margin": 1.0, "entropy": 0.0}
    report: Any = {"round": number, "votes": {}, **shares, "stop": False, "reason": "", "verdict": "", "usage": used()}
    return cast("RoundReport", report)


def run(*results: Result) -> Run:
    tasks = {each["task"]: Asked(id=each["task"], question="?") for each in results}
    gold = {task: Gold(id=task, answer="42") for task in tasks}
    about: Any = {"presets": [], "questions": len(tasks), "repeats": 1}
    return Run("run", about, tasks, gold, results, ())


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found["rows"]}


def test_an_answer_is_right_by_its_key_and_by_what_a_model_accepted() -> None:
    given = [note("A", "42.0"), note("B", "forty-two"), note("C", " 41 ")]
    accepted: Any = {"correct": True, "by": "model", "why": ""}
    assert marks(result(given, answer="forty-two", score=accepted), {"id": "q", "answer": "42"}) == {
        "42.0": True,
        "forty-two": True,
        "41": False,
    }


@pytest.mark.parametrize(
    "gold", [None, {"id": "q"}, {"id": "q", "answer": None}, {"id": "q", "answer": "1", "tests": "assert f()"}]
)
def test_what_only_tests_or_nobody_can_tell_is_not_marked(gold: Any) -> None:
    assert marks(result([note("A", "42")]), gold) is None


def test_a_vote_is_worth_what_is_lost_without_it() -> None:
    decisive = [note("A", "42"), note("B", "42"), note("C", "7"), note("D", "7"), note("E", "42")]
    found = rows(contributions(run(result(decisive)), "p"))
    assert found["A"]["worth"] == {"value": 0.5, "saved": 1, "spoiled": 0, "distinguishable": False}
    assert found["C"]["worth"]["value"] == 0.0
    tied = [note("A", "42"), note("B", "7")]
    found = rows(contributions(run(result(tied)), "p"))
    assert (found["A"]["worth"]["value"], found["B"]["worth"]["value"]) == (0.5, -0.5)


def test_all_samples_of_an_agent_go_together() -> None:
    notes = [note("A", "42"), note("A", "42", sample=1), note("B", "7")]
    found = rows(contributions(run(result(notes)), "p"))
    assert found["A"]["worth"]["value"] == 1.0
    assert found["A"]["own"][0] == 1.0


def test_what_only_one_agent_knows_counts_in_round_1_alone() -> None:
    notes = [note("A", "42"), note("B", "7"), note("A", "42", round=2), note("B", "42", round=2)]
    found = rows(contributions(run(result(notes)), "p"))
    assert (found["A"]["only"], found["B"]["only"]) == (1.0, 0.0)
    assert (found["B"]["own"][0], found["B"]["last"][0]) == (0.0, 1.0)


def test_a_lost_agent_is_not_a_wrong_one() -> None:
    notes = [note("A", "42"), note("B", None, status="failed", cause="server", reason="500")]
    found = rows(contributions(run(result(notes)), "p"))
    assert (found["B"]["own"], found["B"]["lost"]) == (None, 1)
    silent = [note("A", "42"), note("B", None, status="no_answer", cause="empty")]
    assert rows(contributions(run(result(silent)), "p"))["B"]["own"][0] == 0.0


def test_repeats_of_a_question_are_averaged_first() -> None:
    each = [result([note("A", answer)], repeat=place) for place, answer in enumerate(("42", "42", "7", "7"))]
    found = compare(run(*each, result([note("A", "42")], task="other")))["rows"][0]
    assert (found["scored"], found["accuracy"][0], found["results"]) == (2, 0.75, 5)


def test_an_unknown_price_is_never_a_low_one() -> None:
    cheap, unknown = result([note("A", "42")]), result([note("A", "42")], preset="other", usage=used(usd=None))
    found = compare(run(cheap, unknown))
    assert [row["usd"] for row in found["rows"]] == [0.5, None]
    assert found["fronts"]["usd"] == ["p"]
    row = gains(run(result([note("A", "42")], by_round={"1": used(usd=None)})), "p")[0]
    assert (row["usd"], row["usd_per_extra"]) == (None, None)


def test_presets_are_compared_on_the_questions_that_both_answered() -> None:
    first = [result([note("A", "42")], task=str(number)) for number in range(4)]
    second = [result([note("A", "7")], task=str(number), preset="other") for number in range(2)]
    lost: Any = {"correct": None, "by": "none", "why": "the server was down"}
    second.append(result([], task="3", preset="other", score=lost))
    row = compare(run(*first, *second))["rows"][1]
    assert row["difference"] == {"interval": [-1.0, -1.0, -1.0], "verdict": "worse", "p": 0.5, "questions": 2}
    assert (row["unscored"], row["scored"]) == (1, 2)


def test_a_run_that_ended_early_keeps_its_answer_in_later_rounds() -> None:
    early = result([note("A", "42")], task="early")
    late = result([note("A", "7"), note("A", "42", round=2)], task="late")
    found = gains(run(early, late), "p")
    assert [(row["reached"], row["stopped"], row["accuracy"][0]) for row in found] == [(2, 1, 0.5), (1, 1, 1.0)]
    assert found[1]["gain"][0] == 0.5
    assert found[1]["usd"] == 0.125  # a quarter dollar for one of two questions
    assert found[1]["usd_per_extra"] == 0.25


def test_without_notes_there_are_costs_and_nothing_else() -> None:
    found = run(result([], answer="42"))
    assert contributions(found, "p")["rows"] == []
    assert gains(found, "p")[0]["accuracy"] is None
    assert compare(found)["rows"][0]["accuracy"][0] == 1.0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_the_front_beats_everyone_and_nobody_on_it(points: list[tuple[int, int]]) -> None:
    named = [(str(place), float(cost), float(value)) for place, (cost, value) in enumerate(points)]
    on = [(cost, value) for name, cost, value in named if name in front(named)]
    for _, cost, value in named:
        assert any(c <= cost and v >= value for c, v in on)
    assert not any(c <= cost and v >= value and (c, v) != (cost, value) for cost, value in on for c, v in on)
