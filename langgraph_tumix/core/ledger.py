"""Budget and ledger: what may be spent, what has been, and what is promised to calls that are under way."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from langgraph_tumix.core.usage import Usage, add_usage, tokens, used
from langgraph_tumix.errors import BudgetExceeded, ConfigError

KINDS = ("usd", "tokens", "model_calls", "tool_calls")
"""The caps that a ledger holds; seconds are the clock's business."""

_GIVEN_BACK = ("usd", "tokens")  # a call that is reserved is counted for good, its tokens and dollars are mostly not


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a question may cost; None is no limit.

    Attributes:
        usd: US dollars.
        tokens: Input and output tokens together.
        model_calls: Requests to a model, failed ones included.
        tool_calls: Programs, searches and tool calls.
        seconds: Wall time from the question's arrival.
        per_round: What each round may cost, its judge included; without `seconds`.
        per_agent: What each agent may cost in a round, for each of its samples; without `seconds`.
        within: An account that this question shares with others, such as that of a whole evaluation.
        tell: Whether agents with tools are told what is left, and how to behave in view of it.

    Raises:
        ConfigError: A limit is not a positive number, or a nested budget holds what it cannot.

    >>> run = Ledger(Budget(usd=5.0))  # for all questions of this process together
    >>> Budget(usd=0.50, per_agent=Budget(model_calls=8), within=run).in_dollars
    True
    """

    usd: float | None = None
    tokens: int | None = None
    model_calls: int | None = None
    tool_calls: int | None = None
    seconds: float | None = None
    per_round: "Budget | None" = None
    per_agent: "Budget | None" = None
    within: "Ledger | None" = field(default=None, compare=False, repr=False)
    tell: bool = False

    def __post_init__(self) -> None:
        for name in (*KINDS, "seconds"):
            value = getattr(self, name)
            if value is not None and not _is_limit(value):
                raise ConfigError(f"Budget({name}={value!r}): give a number above 0, or None for no limit")
        for name in ("per_round", "per_agent"):
            nested = getattr(self, name)
            if nested is not None and (not isinstance(nested, Budget) or nested.beyond_caps):
                raise ConfigError(f"Budget({name}=...): give a Budget of {', '.join(KINDS)} and nothing else")
        if self.within is not None and (not isinstance(self.within, Ledger) or self.within.budget.beyond_caps):
            raise ConfigError(f"Budget(within=...): give a Ledger whose budget holds {', '.join(KINDS)} only")

    @property
    def beyond_caps(self) -> bool:
        """Whether it holds more than the caps that a ledger keeps."""
        return bool(self.seconds or self.per_round or self.per_agent or self.within or self.tell)

    @property
    def in_dollars(self) -> bool:
        """Whether dollars are capped here, in a nested budget, or in the account around it."""
        parts = (self, self.per_round, self.per_agent, None if self.within is None else self.within.budget)
        return any(part is not None and part.usd is not None for part in parts)


def _is_limit(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


class Ledger:
    """Keeps an account, and with it the accounts above it: an agent's within its round's, question's and run's.

    Before a call its worst case is reserved in all of them or in none, after it the real cost is settled, so calls
    that run side by side cannot pass a cap together. Threads may share it.

    Args:
        budget: The caps of this account.
        name: What errors call it.
        spent: What it starts with, such as the cost of a question that is resumed.
        parent: The account above; if not given, the one that the budget is within.

    Attributes:
        spent: What has been settled in it.

    >>> question = Ledger(Budget(model_calls=2), name="question")
    >>> agent, one = Ledger(parent=question, name="agent C+"), used(model_calls=1)
    >>> agent.reserve(one); agent.reserve(one); agent.settle(one, one)
    >>> question.spent["model_calls"]
    1
    >>> agent.reserve(one)
    Traceback (most recent call last):
        ...
    langgraph_tumix.errors.BudgetExceeded: question: model_calls is limited to 2, 2 is spent or reserved
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        name: str = "run",
        spent: Usage | None = None,
        parent: "Ledger | None" = None,
    ) -> None:
        self.budget = budget or Budget()
        self.name = name
        self.spent = spent or used()
        self.parent = parent or self.budget.within
        self._under_way = 0
        self._caps: dict[str, float] = {kind: cap for kind in KINDS if (cap := getattr(self.budget, kind)) is not None}
        self._held = dict.fromkeys(self._caps, 0.0)
        top = self.parent
        self._lock: threading.RLock = top._lock if top else threading.RLock()
        self._wakers: set[Callable[[], object]] = top._wakers if top else set()

    def __repr__(self) -> str:
        return f"Ledger({self.budget!r}, name={self.name!r})"

    def chain(self) -> Iterator["Ledger"]:
        """Give this account and those above it, up to the top."""
        account: Ledger | None = self
        while account is not None:
            yield account
            account = account.parent

    @property
    def under_way(self) -> int:
        """How many calls have reserved and not yet settled."""
        return self._under_way

    @property
    def caps_tokens(self) -> bool:
        """Whether a cap here or above depends on tokens, so that a call's worst case must be known beforehand."""
        return any("usd" in account._caps or "tokens" in account._caps for account in self.chain())

    def shares_left(self) -> dict[str, tuple[float, float]]:
        """Return what is neither spent nor reserved of each cap here and above, and the cap, by ``source: kind``."""
        with self._lock:
            return {
                f"{account.name}: {kind}": (max(0.0, limit - account._promised(kind)), limit)
                for account in self.chain()
                for kind, limit in account._caps.items()
            }

    def reserve(self, worst: Usage, *, wake: Callable[[], object] | None = None) -> None:
        """Set aside what a call may cost at worst, here and in the accounts above.

        Args:
            worst: The most that it can cost.
            wake: Called once at the next settlement anywhere in the tree, if the refusal is `pending`.

        Raises:
            BudgetExceeded: It does not fit under a cap, together with all that is spent and reserved.
        """
        with self._lock:
            try:
                for account in self.chain():
                    account._check(worst)
            except BudgetExceeded as refusal:
                if wake is not None and refusal.pending:
                    self._wakers.add(wake)
                raise
            for account in self.chain():
                account._hold(worst, 1)

    def settle(self, worst: Usage, actual: Usage) -> None:
        """Replace a reservation by what the call really cost."""
        with self._lock:
            for account in self.chain():
                account._hold(worst, -1)
                account.spent = add_usage(account.spent, actual)
            wakers = list(self._wakers)
            self._wakers.clear()
        for wake in wakers:
            wake()

    def forget(self, wake: Callable[[], object]) -> None:
        """Call `wake` no more."""
        with self._lock:
            self._wakers.discard(wake)

    def _check(self, worst: Usage) -> None:
        for kind, limit in self._caps.items():
            promised, wanted = self._promised(kind), _amount(worst, kind)
            if promised + wanted > limit:
                settled = _amount(self.spent, kind)
                pending = kind in _GIVEN_BACK and self._under_way > 0 and settled + wanted <= limit
                raise BudgetExceeded(kind, limit, promised, source=self.name, pending=pending)

    def _hold(self, worst: Usage, sign: int) -> None:
        self._under_way += sign
        for kind in self._held:
            # Back to exactly nothing when nobody is under way: rounding must not add up over a thousand calls.
            self._held[kind] = self._held[kind] + sign * _amount(worst, kind) if self._under_way else 0.0

    def _promised(self, kind: str) -> float:
        return _amount(self.spent, kind) + self._held[kind]


def _amount(usage: Usage, kind: str) -> float:
    # An unknown price counts as infinitely dear: a dollar cap must not be passed by calls that nobody can price.
    match kind:
        case "usd":
            return math.inf if usage["usd"] is None else usage["usd"]
        case "tokens":
            return tokens(usage)
        case "model_calls":
            return usage["model_calls"]
        case _:
            return usage["tool_calls"]
