"""What agents are told of their budget."""

from langgraph_tumix.core.awareness import REGIMES, budget_words
from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import used


def test_nothing_is_said_unless_it_is_wanted() -> None:
    question = Ledger(Budget(tokens=1000), name="question")
    assert budget_words(Ledger(parent=question, name="agent C"), 2, 5) == ""


def test_the_scarcest_decides_the_regime() -> None:
    cases: list[tuple[int, int, str]] = [
        (5, 0, "HIGH"),
        (5, 300, "HIGH"),
        (5, 301, "MEDIUM"),
        (2, 0, "MEDIUM"),
        (5, 701, "LOW"),
        (1, 0, "LOW"),
        (5, 901, "CRITICAL"),
        (0, 0, "CRITICAL"),
        (5, 1200, "CRITICAL"),
    ]
    for uses_left, spent, regime in cases:
        question = Ledger(Budget(tokens=1000, tell=True), name="question", spent=used(output_tokens=spent))
        words = budget_words(Ledger(parent=question, name="agent C"), uses_left, 5)
        assert f"Regime: {regime}." in words
        assert [advice in words for _, _, advice in REGIMES].count(True) == 1


def test_all_that_is_left_is_listed_with_whose_it_is() -> None:
    run = Ledger(Budget(usd=5.0))
    question = Ledger(Budget(usd=0.5, tell=True, within=run), name="question", spent=used(usd=0.2))
    agent = Ledger(Budget(model_calls=8), name="agent C+", parent=question)
    agent.reserve(used(model_calls=1, usd=0.05))
    words = budget_words(agent, 3, 5)
    assert "Left: 3 of 5 tool uses; 7 of 8 model calls (agent C+); " in words
    assert "$0.2500 of $0.5000 (question); $4.9500 of $5.0000 (run)." in words
