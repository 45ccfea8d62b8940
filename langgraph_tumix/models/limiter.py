"""One limiter for each model at each address, shared by all agents and questions of an event loop."""

import asyncio
import contextlib
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from weakref import WeakKeyDictionary

from langgraph_tumix.models.pace import FIRST_BURST, Pace


class Lane:
    """What shares a limiter: a model at an address. One that runs in this process has a lane of its own.

    Args:
        first_burst: Calls to send at once before anything is known of the provider.
        where: The words that name it, in every process; none for a model in this process.
    """

    def __init__(self, first_burst: float = math.inf, where: tuple[str, ...] = ()) -> None:
        self.first_burst = first_burst
        self.where = where


_LANES: dict[tuple[str, ...], Lane] = {}


def lane(*where: str) -> Lane:
    """Return the lane to a remote model, the same for the same words.

    >>> lane("openai", "gpt-5-mini") is lane("openai", "gpt-5-mini")
    True
    """
    return _LANES.setdefault(where, Lane(FIRST_BURST, where))


class TooLate(Exception):
    """The provider asks to be left alone for longer than there is time.

    Attributes:
        seconds: For how long.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the provider asks to be left alone for {seconds:.0f} s")
        self.seconds = seconds


class Turn:
    """Leave to send one call, from when it was given until the call has ended."""

    def __init__(self, limiter: "Limiter", sent: float, answered: int) -> None:
        self._limiter = limiter
        self._sent = sent
        self._answered = answered

    def refused(self, wait: float | None = None) -> bool:
        """Tell that the provider refused the call for coming too early, and how long it asks to be left alone.

        Returns:
            Whether it takes the calls of others: one was answered since this one asked for its turn, or one that was
            sent before this one is at work still, and refusals come soon.
        """
        self._limiter.pace.refused(self._sent, asyncio.get_running_loop().time(), wait)
        return self._limiter.answered > self._answered or self._limiter.first_in_flight is not self

    def answered(self) -> None:
        """Tell that the provider took the call."""
        self._limiter.answered += 1


class Limiter:
    """Lets calls through at the pace that the provider bears, questions by turns, a ceiling at one time.

    Every question that waits gets one call through before any gets a second: one that came with a thousand calls
    does not hold up another with one.

    Attributes:
        pace: The rate of calls.
        answered: How many calls the provider took.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.answered = 0
        self._in_flight: dict[Turn, None] = {}  # a set that keeps the order
        self._waiting: OrderedDict[Hashable, deque[_Wait]] = OrderedDict()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        """How many calls have been let through and have not ended."""
        return len(self._in_flight)

    @property
    def first_in_flight(self) -> Turn | None:
        """The call that was let through before all others that have not ended."""
        return next(iter(self._in_flight), None)

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return sum(len(queue) for queue in self._waiting.values())

    @contextlib.asynccontextmanager
    async def turn(
        self, question: Hashable, ceiling: int, due: float = math.inf, patience: float = math.inf
    ) -> AsyncIterator[Turn]:
        """Wait for leave to send a call, and hold it while the body runs.

        Args:
            question: Whose call it is.
            ceiling: Calls that may be in flight at one time, this one included.
            due: When it would be too late, on the event loop's clock.
            patience: Seconds for which the provider may ask to be left alone. How long the queue is does not count.

        Raises:
            TooLate: The provider asks to be left alone for longer than that.
        """
        wait = _Wait(ceiling, due, patience, self.answered)
        self._waiting.setdefault(question, deque()).append(wait)
        try:
            self._let_through()
            yield await wait.turn
        finally:
            if wait.given:
                del self._in_flight[wait.given]
            else:
                self._leave(question, wait)
            self._let_through()

    def _let_through(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        loop = asyncio.get_running_loop()
        while (question := self._next()) is not None:
            now = loop.time()
            if (delay := self.pace.delay(now)) > 0:
                self._turn_away(self.pace.resume)
                self._alarm = loop.call_later(delay, self._let_through) if self._waiting else None
                return
            wait = self._waiting[question][0]
            self._waiting.move_to_end(question)
            self._leave(question, wait)
            if wait.turn.cancelled():
                continue
            self.pace.sent(now)
            wait.given = Turn(self, now, wait.answered)
            self._in_flight[wait.given] = None
            wait.turn.set_result(wait.given)

    def _turn_away(self, resume: float) -> None:
        """Fail those for whom it would be too late."""
        pause = resume - asyncio.get_running_loop().time()
        waiting = [(question, wait) for question, queue in self._waiting.items() for wait in queue]
        for question, wait in waiting:
            if wait.due < resume or wait.patience < pause:
                self._leave(question, wait)
                if not wait.turn.cancelled():
                    wait.turn.set_exception(TooLate(pause))

    def _next(self) -> Hashable | None:
        """Return the question whose turn it is, None if none may send."""
        return next((question for question, queue in self._waiting.items() if self.in_flight < queue[0].ceiling), None)

    def _leave(self, question: Hashable, wait: "_Wait") -> None:
        queue = self._waiting.get(question, deque())
        if wait in queue:
            queue.remove(wait)
            if not queue:
                del self._waiting[question]


class _Wait:
    """A call that waits. Whoever waits may be cancelled before its turn comes, or between that and taking it."""

    def __init__(self, ceiling: int, due: float, patience: float, answered: int) -> None:
        self.ceiling = ceiling
        self.due = due
        self.patience = patience
        self.answered = answered  # calls that the provider had taken when this one began to wait
        self.turn: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self.given: Turn | None = None


_LIMITERS: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakKeyDictionary[Lane, Limiter]] = WeakKeyDictionary()
_ELSEWHERE: WeakKeyDictionary[asyncio.AbstractEventLoop, Callable[[Lane], Limiter | None]] = WeakKeyDictionary()


def limit_elsewhere(make: Callable[[Lane], Limiter | None]) -> None:
    """Have the running event loop's calls limited by what `make` gives for a lane; where that is None, here."""
    _ELSEWHERE[asyncio.get_running_loop()] = make


def limiter(of: Lane) -> Limiter:
    """Return the limiter that the running event loop has for a lane."""
    loop = asyncio.get_running_loop()
    if (limiters := _LIMITERS.get(loop)) is None:
        limiters = _LIMITERS[loop] = WeakKeyDictionary()
    if of not in limiters:
        elsewhere = _ELSEWHERE[loop](of) if loop in _ELSEWHERE else None
        limiters[of] = elsewhere or Limiter(Pace(of.first_burst))
    return limiters[of]
