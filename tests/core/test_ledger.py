"""The ledger: caps hold for calls side by side, and unknown prices never count as nothing."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import Usage, add_usage, tokens, used
from langgraph_tumix.errors import BudgetExceeded, ConfigError

usages = st.builds(
    used,
    model_calls=st.integers(0, 5),
    tool_calls=st.integers(0, 5),
    input_tokens=st.integers(0, 1000),
    output_tokens=st.integers(0, 1000),
    usd=st.one_of(st.none(), st.floats(0, 1)),
)


@given(usages, usages, usages)
def test_sums_do_not_depend_on_grouping(a: Usage, b: Usage, c: Usage) -> None:
    left, right = add_usage(add_usage(a, b), c), add_usage(a, add_usage(b, c))
    assert tokens(left) == tokens(right)
    assert (left["usd"] is None) == (right["usd"] is None) == (None in (a["usd"], b["usd"], c["usd"]))
    assert add_usage(a, used()) == a


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 100)), max_size=60),
    st.integers(1, 3000),
    st.randoms(use_true_random=False),
)
def test_calls_side_by_side_never_pass_the_cap(calls: list[tuple[int, int]], cap: int, rng: random.Random) -> None:
    """Each call reserves its worst case and then uses some share of it, in any interleaving."""
    question = Ledger(Budget(tokens=cap))
    accounts = [Ledger(parent=question) for _ in range(3)]
    under_way: list[tuple[Ledger, Usage, Usage]] = []
    refused: list[bool] = []
    for worst, share in calls:
        account = rng.choice(accounts)
        reserved = used(model_calls=1, output_tokens=worst)
        try:
            account.reserve(reserved)
        except BudgetExceeded as refusal:
            refused.append(refusal.used + worst > cap)
        else:
            under_way.append((account, reserved, used(model_calls=1, output_tokens=worst * share // 100)))
        if under_way and rng.random() < 0.5:
            account, reserved, actual = under_way.pop(rng.randrange(len(under_way)))
            account.settle(reserved, actual)
        assert tokens(question.spent) <= cap
    for account, reserved, actual in under_way:
        account.settle(reserved, actual)
    assert tokens(question.spent) <= cap
    assert tokens(question.spent) == sum(tokens(account.spent) for account in accounts)
    assert question.under_way == 0
    assert all(refused), "a call that would have fitted was refused"


@pytest.mark.parametrize(
    ("budget", "first", "second"),
    [
        (Budget(usd=1.0), used(usd=0.6), used(usd=0.5)),
        (Budget(tokens=10), used(input_tokens=6), used(output_tokens=5)),
        (Budget(model_calls=1), used(model_calls=1), used(model_calls=1)),
        (Budget(tool_calls=1), used(tool_calls=1), used(tool_calls=1)),
    ],
)
def test_every_cap_caps(budget: Budget, first: Usage, second: Usage) -> None:
    ledger = Ledger(budget)
    ledger.reserve(first)
    with pytest.raises(BudgetExceeded) as refusal:
        ledger.reserve(second)
    assert refusal.value.limit == getattr(budget, refusal.value.kind)


def test_an_unknown_price_does_not_pass_a_dollar_cap() -> None:
    with pytest.raises(BudgetExceeded):
        Ledger(Budget(usd=100.0)).reserve(used(usd=None))


def test_a_refusal_above_leaves_nothing_reserved_below() -> None:
    question = Ledger(Budget(model_calls=1))
    agent = Ledger(parent=question)
    agent.reserve(used(model_calls=1))
    with pytest.raises(BudgetExceeded):
        agent.reserve(used(model_calls=1))
    agent.settle(used(model_calls=1), used(model_calls=1))
    assert agent.under_way == 0


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "1"])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(ConfigError, match="usd"):
        Budget(usd=limit)


@pytest.mark.parametrize(
    ("nested", "what"),
    [
        ({"per_agent": Budget(seconds=1.0)}, "per_agent"),
        ({"per_round": Budget(per_agent=Budget(tokens=1))}, "per_round"),
        ({"per_agent": 5}, "per_agent"),
        ({"within": Budget(usd=1.0)}, "within"),
        ({"within": Ledger(Budget(seconds=1.0))}, "within"),
    ],
)
def test_a_nested_budget_holds_caps_only(nested: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Budget(**nested)


@pytest.mark.parametrize(
    ("caps", "source"),
    [
        ((2, 9, 9, 9), "run: model_calls is limited to 2, 2 is"),
        ((9, 2, 9, 9), "question: model_calls is limited to 2, 2 is"),
        ((9, 9, 2, 9), "round 1: model_calls is limited to 2, 2 is"),
        ((9, 9, 9, 1), r"agent C\+: model_calls is limited to 1, 1 is"),
    ],
)
def test_a_refusal_says_whose_cap_it_was(caps: tuple[int, int, int, int], source: str) -> None:
    run, question, round_, agent = (Budget(model_calls=cap) for cap in caps)
    above = Ledger(round_, name="round 1", parent=Ledger(question, name="question", parent=Ledger(run)))
    one = used(model_calls=1)
    Ledger(parent=above, name="agent S").reserve(one)
    asking = Ledger(agent, name="agent C+", parent=above)
    asking.reserve(one)
    with pytest.raises(BudgetExceeded, match=source):
        asking.reserve(one)


def test_a_budget_within_an_account_needs_no_parent() -> None:
    run = Ledger(Budget(tokens=10))
    for _ in range(2):
        question = Ledger(Budget(tokens=8, within=run), name="question")
        question.reserve(used(output_tokens=5))
        question.settle(used(output_tokens=5), used(output_tokens=5))
    with pytest.raises(BudgetExceeded, match=r"^run: tokens is limited to 10, 10 is spent"):
        Ledger(Budget(within=run)).reserve(used(output_tokens=1))


@pytest.mark.parametrize(
    ("settled", "held", "wanted", "pending"),
    [(0, 6, 5, True), (6, 0, 5, False), (6, 1, 5, False), (4, 6, 6, True), (5, 5, 6, False)],
)
def test_it_is_worth_waiting_where_it_would_fit_without_what_is_reserved(
    settled: int, held: int, wanted: int, pending: bool
) -> None:
    ledger = Ledger(Budget(tokens=10), spent=used(output_tokens=settled))
    if held:
        ledger.reserve(used(output_tokens=held))
    with pytest.raises(BudgetExceeded) as refusal:
        ledger.reserve(used(output_tokens=wanted))
    assert refusal.value.pending == pending


def test_calls_are_never_given_back_so_nobody_waits_for_them() -> None:
    ledger = Ledger(Budget(model_calls=1))
    ledger.reserve(used(model_calls=1))
    with pytest.raises(BudgetExceeded) as refusal:
        ledger.reserve(used(model_calls=1))
    assert not refusal.value.pending


def test_who_waits_is_woken_once_by_any_settlement_of_the_tree() -> None:
    run, woken = Ledger(Budget(tokens=10)), list[str]()
    busy, other = Ledger(parent=run), Ledger(parent=run)
    busy.reserve(used(output_tokens=9))
    wakers = {name: (lambda name=name: woken.append(name)) for name in ("patient", "gone")}
    for wake in wakers.values():
        with pytest.raises(BudgetExceeded):
            other.reserve(used(output_tokens=5), wake=wake)
    run.forget(wakers["gone"])
    busy.settle(used(output_tokens=9), used(output_tokens=1))
    other.reserve(used(output_tokens=5), wake=wakers["gone"])
    other.settle(used(output_tokens=5), used(output_tokens=5))
    assert woken == ["patient"]


def test_rounding_does_not_add_up() -> None:
    ledger, tenth = Ledger(Budget(usd=1.0)), used(usd=0.1)
    for _ in range(1000):
        for _ in range(3):
            ledger.reserve(tenth)
        for _ in range(3):
            ledger.settle(tenth, used())
    assert ledger.shares_left() == {"run: usd": (1.0, 1.0)}


def test_threads_do_not_pass_a_cap_together() -> None:
    run, one = Ledger(Budget(model_calls=500)), used(model_calls=1)

    def spend(_: int) -> int:
        account, done = Ledger(parent=run), 0
        with contextlib.suppress(BudgetExceeded):
            while True:
                account.reserve(one)
                account.settle(one, one)
                done += 1
        return done

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(8))) == 500
    assert run.spent["model_calls"] == 500
