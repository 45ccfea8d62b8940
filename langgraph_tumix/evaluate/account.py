"""The account of a whole evaluation: when it is empty nobody is cut short, the evaluation stands still."""

import asyncio

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import BudgetExceeded


class Account(Ledger):
    """What a whole evaluation may cost.

    A question whose own budget refuses a call ends early, and that is its result. If the evaluation's did so, the
    result would say nothing about the preset. So nobody is refused here: from the first call that does not fit,
    everyone waits, the calls under way come back, and the runner suspends the questions where they stand. With a higher
    cap they go on from there.

    Args:
        usd: The cap in dollars; None is no cap.

    Attributes:
        empty: Whether a call did not fit.
        still: Set once it is empty and no call is under way any more.
    """

    def __init__(self, usd: float | None = None) -> None:
        super().__init__(Budget(usd=usd), name="evaluation")
        self.empty = False
        self.still = asyncio.Event()

    def _check(self, worst: Usage) -> None:
        try:
            super()._check(worst)
            if not self.empty:
                return
            # A smaller call would still fit, but then the last one under way would never come back.
            kind, limit, spent = "usd", self.budget.usd or 0.0, self.spent["usd"] or 0.0
        except BudgetExceeded as refusal:
            self.empty = self.empty or not refusal.pending
            kind, limit, spent = refusal.kind, refusal.limit, refusal.used
        self._look()
        raise BudgetExceeded(kind, limit, spent, source=self.name, pending=True)

    def _hold(self, worst: Usage, sign: int) -> None:
        super()._hold(worst, sign)
        self._look()

    def _look(self) -> None:
        if self.empty and not self.under_way:
            self.still.set()
