"""Stop rules by votes, limits and trend: their tables, and whose votes they count."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.stop import AllOf, AnyOf, FixedRounds, LLMJudge, StopRule  # noqa: F401 - for eval
from langgraph_tumix.core.stopping.limits import Deadline, Quorum, WithinBudget
from langgraph_tumix.core.stopping.trend import MarginalGain, Momentum
from langgraph_tumix.core.stopping.votes import (
    BetaLead,
    CannotBeOvertaken,
    CountRule,
    DirichletLead,
    UnanimousWindow,
    VoteCount,
    VoteEntropy,
    VoteMargin,
    VoteShare,
)
from langgraph_tumix.core.usage import used
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import note

COUNTS = st.lists(st.integers(1, 20), min_size=1, max_size=6).map(lambda counts: sorted(counts, reverse=True))


def alone(answers: Sequence[str | None]) -> View:
    return View([note(f"a{place:02}", answer) for place, answer in enumerate(answers)], 1)


def test_enough_votes() -> None:
    cases: list[tuple[CountRule, list[int], bool]] = [
        (BetaLead(), [4], True),
        (BetaLead(), [3], False),
        (BetaLead(confidence=0.9), [3], True),
        (BetaLead(confidence=0.5), [1], False),  # one vote is no lead
        (BetaLead(), [8, 2], True),
        (BetaLead(), [8, 4], False),
        (DirichletLead(), [4], True),
        (DirichletLead(), [5, 1, 1, 1], False),
        (DirichletLead(), [9, 1, 1], True),
        (VoteMargin(least=0.5), [3, 1], True),
        (VoteMargin(least=0.5), [2, 1], False),
        (VoteShare(), [4, 1], True),
        (VoteShare(), [3, 1], False),
        (VoteEntropy(), [9, 1], True),
        (VoteEntropy(), [2, 2], False),
        (CannotBeOvertaken(total=5), [3], True),
        (CannotBeOvertaken(total=5), [2, 1], False),
        (CannotBeOvertaken(total=5), [3, 1], True),
        (VoteCount(votes=5), [3, 2], True),
        (VoteCount(same=3), [3, 2], True),
        (VoteCount(same=4), [3, 2], False),
    ]
    for rule, counts, enough in cases:
        assert rule.holds(counts) is enough
        answers = [str(answer) for answer, count in enumerate(counts) for _ in range(count)]
        assert rule.decide(alone(answers)).stop is enough


@pytest.mark.parametrize(
    "rule", [BetaLead(), DirichletLead(), VoteMargin(), VoteShare(), VoteEntropy(), CannotBeOvertaken(), VoteCount()]
)
def test_no_votes_are_never_enough(rule: CountRule) -> None:
    assert rule.decide(View([], 0)).stop is False
    assert rule.decide(alone([None, None])).stop is False


@given(COUNTS, st.integers(0, 30))
def test_what_cannot_be_overtaken_is_not_overtaken(counts: list[int], more: int) -> None:
    if CannotBeOvertaken(total=sum(counts) + more).holds(counts):
        assert counts[0] > (counts[1] if len(counts) > 1 else 0) + more


def test_agents_who_have_read_each_other_do_not_count_unless_asked_to() -> None:
    first = [note(name, answer) for name, answer in zip("ABCD", "1234", strict=True)]
    read = [note(name, "1", round=2, saw=[each["id"] for each in first]) for name in "ABCD"]
    view = View([*first, *read], 2)
    assert BetaLead().decide(view).stop is False
    assert BetaLead(shared=True).decide(view).stop is True


@pytest.mark.parametrize(
    ("answers", "agreed"),
    [("1111", True), ("1112", False), ("21111111", True), ("22221", True), ("111", False), ("1122", False)],
)
def test_unanimous_windows_do_not_overlap(answers: str, agreed: bool) -> None:
    assert UnanimousWindow(4).decide(alone(list(answers))).stop is agreed


def test_an_abstention_breaks_a_window() -> None:
    assert UnanimousWindow(4).decide(alone(["1", "1", None, "1"])).stop is False


def test_quorum_is_reached_in_the_middle_of_a_round() -> None:
    rule = Quorum(2)
    assert rule.at_once(alone(["1"])).stop is False
    assert rule.at_once(alone(["1", "2"])).stop is True
    assert BetaLead().at_once(alone(["1"] * 9)).stop is False  # votes are looked at when the round is over


def test_combinations_at_once() -> None:
    two = alone(["1", "1"])
    assert (Quorum(2) | LLMJudge()).at_once(two).stop is True
    assert (Quorum(2) & FixedRounds(2)).at_once(two).stop is False
    assert (Quorum(2) & VoteShare()).at_once(two).stop is True
    assert (LLMJudge() & FixedRounds(1)).at_once(two).stop is False


def spent(cost: float, view: View, **caps: float) -> View:
    return replace(view, spent=used(model_calls=5, usd=cost), budget=Budget(**caps))  # type: ignore[arg-type]


def test_within_budget_stops_before_agents_are_refused() -> None:
    view = View([note("A", "1", usage=used(model_calls=1, usd=0.4))], 1)
    assert WithinBudget().decide(spent(0.5, view, usd=1.0)).stop is False
    assert WithinBudget().decide(spent(0.7, view, usd=1.0)).stop is True
    assert WithinBudget(0.5).decide(spent(0.2, view, usd=1.0)).stop is True
    assert WithinBudget().decide(spent(0.7, view)).stop is False


def test_an_unknown_price_does_not_fit_a_cap_in_dollars() -> None:
    view = View([note("A", "1", usage=used(usd=None))], 1, budget=Budget(usd=1.0))
    assert WithinBudget().decide(view).stop is True


def test_deadline_expects_another_round_like_the_last() -> None:
    view = View([note("A", "1", seconds=20.0)], 1, seconds=30.0)
    assert Deadline(60).decide(view).stop is False
    assert Deadline(45).decide(view).stop is True


def rounds(*shares: int) -> list[Note]:
    return [
        note(f"a{agent}", "1" if agent < leading else f"x{agent}", round=number)
        for number, leading in enumerate(shares, 1)
        for agent in range(6)
    ]


def test_momentum_wants_agreement_that_lasts() -> None:
    rule = Momentum(level=0.8, alpha=0.5)
    assert rule.decide(View(rounds(6), 1)).stop is False  # one unanimous round
    assert rule.decide(View(rounds(6, 6, 6), 3)).stop is True
    assert rule.decide(View(rounds(6, 6, 6, 1), 4)).stop is False
    assert rule.decide(View([], 0)).stop is False


def test_marginal_gain_falls_with_every_unit() -> None:
    rule = MarginalGain(most=0.9, rate=0.3, price=0.05)
    stops = [bool(rule.decide(alone(["1"] * count)).stop) for count in range(12)]
    assert stops == sorted(stops)
    assert stops[5] is True
    assert stops[4] is False
    assert MarginalGain(0.9, 0.3, 0.2, unit="rounds").decide(View([], 1)).stop is True


def test_parameters_that_make_no_sense(subtests: pytest.Subtests) -> None:
    cases: list[Callable[[], StopRule]] = [
        lambda: BetaLead(confidence=95),
        lambda: VoteMargin(least=-0.1),
        lambda: CannotBeOvertaken(total=0),
        lambda: UnanimousWindow(1),
        lambda: Quorum(0),
        lambda: Deadline(0),
        lambda: Momentum(level=2),
        lambda: MarginalGain(0.5, 0.5, 0),
    ]
    for build in cases:
        with subtests.test(build=build), pytest.raises(ConfigError, match="give"):
            build()


def test_rules_print_as_they_are_built() -> None:
    rule = (BetaLead(confidence=0.9) | Quorum(3)) & FixedRounds(2)
    assert rule == eval(repr(rule))
