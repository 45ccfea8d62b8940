"""An account that another process keeps, for several that spend from it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import Usage

Lease = Callable[[Usage, Usage], AbstractAsyncContextManager[object]]
"""Waits for leave to spend the first usage at worst, and says at its end what it was: the second, filled in by then."""


class SharedLedger(Ledger):
    """The account as those see it who do not keep it: what they have spent themselves; leave is given elsewhere.

    Args:
        usd: The cap in dollars, over all who share it; None is no cap.
        lease: Asks whoever keeps it, before each call.
    """

    def __init__(self, usd: float | None, lease: Lease) -> None:
        super().__init__(Budget(usd=usd), name="evaluation")
        self.lease = lease

    def _check(self, worst: Usage) -> None:
        """Refuse nothing: what others have spent is not known here."""
