"""Stop rules: their truth table, and that the judge is asked only where it matters."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.stop import AllOf, AnyOf, Decision, FixedRounds, LLMJudge, StableMajority, StopRule
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import note


@dataclass(frozen=True)
class Says(StopRule):
    stop: bool | None

    def decide(self, view: View) -> Decision:
        return Decision(self.stop, f"says {self.stop}")


EMPTY = View([], 1)
RULES = st.recursive(
    st.sampled_from([Says(True), Says(False), LLMJudge()]),
    lambda rules: st.one_of(st.builds(lambda a, b: a | b, rules, rules), st.builds(lambda a, b: a & b, rules, rules)),
)


@pytest.mark.parametrize(
    ("left", "right", "either", "both"),
    [
        (True, True, True, True),
        (True, False, True, False),
        (True, None, True, None),
        (False, False, False, False),
        (False, None, None, False),
        (None, None, None, None),
    ],
)
def test_three_valued_logic(left: bool | None, right: bool | None, either: bool | None, both: bool | None) -> None:
    for a, b in ((left, right), (right, left)):
        assert (Says(a) | Says(b)).decide(EMPTY).stop is either
        assert (Says(a) & Says(b)).decide(EMPTY).stop is both


@given(RULES)
def test_the_judge_is_asked_exactly_where_it_matters(rule: StopRule) -> None:
    verdicts = {rule.decide(View([], 1, verdict=verdict)).stop for verdict in (True, False)}
    without = rule.decide(EMPTY).stop
    assert None not in verdicts
    assert without is None if len(verdicts) == 2 else without in (*verdicts, None)
    if without is not None:
        assert verdicts == {without}


def rounds(*leading: str) -> list[Note]:
    """Return three notes a round, of which two hold the leading answer."""
    return [
        note(agent, answer, round=number)
        for number, leader in enumerate(leading, 1)
        for agent, answer in (("A", leader), ("B", leader), ("C", "other"))
    ]


@pytest.mark.parametrize(
    ("leading", "stop"),
    [(["1"], False), (["1", "2"], False), (["1", "1"], True), (["1", "2", "2"], True), (["2", "2", "1"], False)],
)
def test_stable_majority(leading: list[str], stop: bool) -> None:
    assert StableMajority().decide(View(rounds(*leading), len(leading))).stop is stop


def test_a_tie_is_no_majority() -> None:
    tied = [note("A", "1", round=r) for r in (1, 2)] + [note("B", "2", round=r) for r in (1, 2)]
    assert StableMajority().decide(View(tied, 2)).stop is False


def test_no_votes_are_no_majority() -> None:
    assert StableMajority().decide(View([note("A", None), note("A", None, round=2)], 2)).stop is False


def test_rounds_bound_the_judge() -> None:
    rule = FixedRounds(5) | (FixedRounds(2) & LLMJudge())
    assert [rule.decide(View([], r)).stop for r in (1, 2, 4, 5)] == [False, None, None, True]
    assert rule.decide(View([], 1, verdict=True)).stop is False


def test_rules_print_as_they_are_built() -> None:
    rule = StableMajority() | (FixedRounds(2) & LLMJudge())
    assert rule == eval(repr(rule))
    assert isinstance(rule, AnyOf)
    assert isinstance(rule.rules[1], AllOf)


@pytest.mark.parametrize(
    "build",
    [lambda: FixedRounds(0), lambda: FixedRounds("3"), lambda: FixedRounds(float("nan")), lambda: StableMajority(1)],  # type: ignore[arg-type]
)
def test_limits_that_make_no_sense(build: type[StopRule]) -> None:
    with pytest.raises(ConfigError, match="at least"):
        build()
