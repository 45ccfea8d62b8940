"""The ledger: caps hold for calls side by side, and unknown prices never count as nothing."""

import random

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
    assert not question.waiting
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
    assert not agent.waiting


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ConfigError, match="usd"):
        Budget(usd=limit)
