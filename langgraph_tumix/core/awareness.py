"""What an agent with tools is told of its budget, and how to behave then (Budget Tracker, arXiv 2511.17006)."""

from langgraph_tumix.core.ledger import Ledger

REGIMES = (
    (0.7, "HIGH", "There is room to explore: look from several sides, and check what you find."),
    (0.3, "MEDIUM", "Go for what decides the question; no more than one check of each result."),
    (0.1, "LOW", "Only the one step that matters most; then answer."),
    (0.0, "CRITICAL", "Answer now from what you have, unless a single short step is all that is missing."),
)
"""Shares of what there was, from which a regime holds, its name, and what it asks for."""

_UNITS = {"usd": "dollars", "tokens": "tokens", "model_calls": "model calls", "tool_calls": "tool calls"}


def budget_words(ledger: Ledger, uses_left: int, uses: int) -> str:
    """Say what is left and which regime that is; empty unless the budget is to be told.

    The scarcest of all that is left decides the regime.

    Args:
        ledger: The agent's account; what is left above it is shared with others.
        uses_left: Tool uses that the agent has left.
        uses: Tool uses that it had.

    >>> from langgraph_tumix.core.ledger import Budget
    >>> from langgraph_tumix.core.usage import used
    >>> question = Ledger(Budget(tokens=1000, tell=True), name="question", spent=used(output_tokens=800))
    >>> print(budget_words(question, 4, 5))
    <BLANKLINE>
    <BLANKLINE>
    # Budget
    <BLANKLINE>
    Left: 4 of 5 tool uses; 200 of 1,000 tokens (question).
    Regime: LOW. Only the one step that matters most; then answer.
    """
    if not any(account.budget.tell for account in ledger.chain()):
        return ""
    left = {"": (float(uses_left), float(uses)), **ledger.shares_left()}
    scarcest = min(amount / limit for amount, limit in left.values() if limit)
    name, advice = next((name, advice) for least, name, advice in REGIMES if scarcest >= least)
    listed = "; ".join(_words(name, amount, limit) for name, (amount, limit) in left.items())
    return f"\n\n# Budget\n\nLeft: {listed}.\nRegime: {name}. {advice}"


def _words(name: str, left: float, limit: float) -> str:
    if not name:
        return f"{left:g} of {limit:g} tool uses"
    source, _, kind = name.partition(": ")
    if kind == "usd":
        return f"${left:.4f} of ${limit:.4f} ({source})"
    return f"{left:,.0f} of {limit:,.0f} {_UNITS[kind]} ({source})"
