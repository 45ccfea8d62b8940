"""Budget and ledger: what may be spent, what has been, and what is promised to calls that are under way."""

import math
from dataclasses import dataclass, fields

from langgraph_tumix.core.usage import Usage, add_usage, tokens, used
from langgraph_tumix.errors import BudgetExceeded, ConfigError


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a question may cost; None is no limit.

    Attributes:
        usd: US dollars.
        tokens: Input and output tokens together.
        model_calls: Requests to a model, failed ones included.
        tool_calls: Programs, searches and tool calls.
        seconds: Wall time from the question's arrival.

    Raises:
        ConfigError: A limit is not a positive number.
    """

    usd: float | None = None
    tokens: int | None = None
    model_calls: int | None = None
    tool_calls: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (0 < value < math.inf):
                raise ConfigError(f"Budget({field.name}={value}): give a number above 0, or None for no limit")


class Ledger:
    """Keeps an account, and with it the accounts above it: an agent's within its question's.

    Before a call its worst case is reserved, after it the real cost is settled, so calls that run side by side
    cannot pass a cap together.

    Attributes:
        budget: The caps of this account.
        spent: What has been settled in it.

    >>> question = Ledger(Budget(model_calls=2))
    >>> agent, one = Ledger(parent=question), used(model_calls=1)
    >>> agent.reserve(one); agent.reserve(one); agent.settle(one, one)
    >>> question.spent["model_calls"]
    1
    >>> agent.reserve(one)
    Traceback (most recent call last):
        ...
    langgraph_tumix.errors.BudgetExceeded: budget reached: model_calls is limited to 2, 2 is spent or reserved
    """

    def __init__(
        self, budget: Budget | None = None, *, spent: Usage | None = None, parent: "Ledger | None" = None
    ) -> None:
        self.budget = budget or Budget()
        self.spent = spent or used()
        self.parent = parent
        self._reserved: list[Usage] = []

    @property
    def waiting(self) -> bool:
        """Whether calls are under way whose settlement may free a part of what is reserved."""
        return bool(self._reserved) or (self.parent is not None and self.parent.waiting)

    @property
    def caps_tokens(self) -> bool:
        """Whether a cap here or above depends on tokens, so that a call's worst case must be known beforehand."""
        own = self.budget.usd is not None or self.budget.tokens is not None
        return own or (self.parent is not None and self.parent.caps_tokens)

    def reserve(self, worst: Usage) -> None:
        """Set aside what a call may cost at worst, here and in the accounts above.

        Raises:
            BudgetExceeded: It does not fit under a cap, together with all that is spent and reserved.
        """
        promised = add_usage(self.spent, *self._reserved)
        wanted = add_usage(promised, worst)
        for kind, limit in _caps(self.budget).items():
            if limit is not None and _amount(wanted, kind) > limit:
                raise BudgetExceeded(kind, limit, _amount(promised, kind))
        if self.parent is not None:
            self.parent.reserve(worst)
        self._reserved.append(worst)

    def settle(self, worst: Usage, actual: Usage) -> None:
        """Replace a reservation by what the call really cost."""
        self._reserved.remove(worst)
        self.spent = add_usage(self.spent, actual)
        if self.parent is not None:
            self.parent.settle(worst, actual)


def _caps(budget: Budget) -> dict[str, float | None]:
    return {
        "usd": budget.usd,
        "tokens": budget.tokens,
        "model_calls": budget.model_calls,
        "tool_calls": budget.tool_calls,
    }


def _amount(usage: Usage, kind: str) -> float:
    # An unknown price counts as infinitely dear: a dollar cap must not be passed by calls that nobody can price.
    amounts: dict[str, float] = {
        "usd": math.inf if usage["usd"] is None else usage["usd"],
        "tokens": tokens(usage),
        "model_calls": usage["model_calls"],
        "tool_calls": usage["tool_calls"],
    }
    return amounts[kind]
