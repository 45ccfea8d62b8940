"""What can be raised, as a tree.

::

    TumixError
    ├── ConfigError          the caller's mistake; raised before anything is spent, says what to do
    ├── BudgetExceeded       a cap was reached: whose, which one, its value, what was used
    ├── ModelError           a model call that failed: why, and whether trying again can help
    ├── InterpreterError     no kernel could be had
    ├── SearchError          a search that could not be done
    └── RecordingError       a recording that cannot be read or written: where, and what to do

The failure of one agent is none of these: it is a note with a status and a reason.
"""


class TumixError(Exception):
    """Base of all errors of this package."""


class ConfigError(TumixError):
    """The caller asked for something that cannot be; the message names the field and the remedy."""


class BudgetExceeded(TumixError):
    """A cap was reached.

    Attributes:
        kind: The cap's field in `Budget`: ``usd``, ``tokens``, ``model_calls``, ``tool_calls`` or ``seconds``.
        limit: Its value.
        used: What was spent or reserved when the call asked, in the same unit.
        source: Whose cap it is: ``run``, ``question``, ``round 2`` or ``agent C+``, say.
        pending: Whether calls under way may give back enough of what they have reserved.
    """

    def __init__(
        self, kind: str, limit: float, used: float, *, source: str = "question", pending: bool = False
    ) -> None:
        super().__init__(f"{source}: {kind} is limited to {limit:g}, {used:g} is spent or reserved")
        self.kind = kind
        self.limit = limit
        self.used = used
        self.source = source
        self.pending = pending


class ModelError(TumixError):
    """A model call that gave no usable reply.

    Attributes:
        kind: ``auth``, ``quota``, ``model``, ``rate_limit``, ``server``, ``connection``, ``timeout``, ``request``,
            ``refused``, ``empty`` or ``reply``.
        retryable: Whether the same call may succeed later.
        billed: Whether the provider may have done the work all the same, and bill it.
        wait: Seconds for which the provider asks to be left alone; None if it does not say.
        crowded: Whether it was refused by rate only, while the calls of others were taken.
    """

    def __init__(
        self, kind: str, message: str, *, retryable: bool = False, billed: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable
        self.billed = billed
        self.wait = wait
        self.crowded = False


class InterpreterError(TumixError):
    """No kernel could be started, or it could not be reached."""


class SearchError(TumixError):
    """A search failed; the message says which backend and why."""


class RecordingError(TumixError):
    """A recording that cannot be read, written or replayed; the message names the place and the remedy."""
