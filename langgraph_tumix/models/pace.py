"""How fast calls may be sent to a provider that does not say so: additive increase, multiplicative decrease.

Arithmetic only: no clock, no event loop. Times are seconds on any clock that does not go back.

Who sends more slowly than the provider allows is never refused, however many calls are in flight; so it is the rate
that is paced here, and the number in flight has only a ceiling. A first burst is let through, and as long as what is
allowed is used up the rate doubles. A refusal shows the limit. From then on the rate falls to a share of it, climbs
back, stays close to it for a while, and goes beyond to see whether it has risen; the curve is that of CUBIC, TCP's
usual way of doing this (RFC 9438), with rates instead of windows.
"""

import math
from collections import deque

FIRST_BURST = 8
"""Calls to send at once to a provider of whom nothing is known."""

DOUBLING = 0.5
"""Seconds in which the rate doubles as long as no limit is known."""

LEAST = 1.0
"""Calls per second below which the rate never falls: what is refused even then is not a matter of rate."""

FIRST_LEAST = 4.0
"""The same while only the first burst was refused: a few calls say little of the rate."""

DECREASE = 0.8
"""Factor of the rate at a refusal."""

RETURN = 15.0
"""Seconds until the rate is back where it was refused; beyond it rises ever faster."""

FIRST_RETURN = 3.0
"""The same after the very first refusal, which says more of how large a burst may be than of the rate."""

_WINDOW = 1.0  # seconds over which a rate is measured
_ONE = 1.0 - 1e-9  # a call's worth, and what rounding may take from it
_BURST = 0.2  # seconds of calls that may be sent together, to make up for a timer that rings late


class Pace:
    """The rate at which calls may be sent, and when the next one may be.

    Args:
        first_burst: Calls to send at once to begin with; infinite if there is nothing to be careful of.

    Attributes:
        resume: Until when the provider asks to be left alone.

    >>> pace = Pace()
    >>> pace.delay(0.0)
    0.0
    >>> pace.sent(0.0); pace.refused(0.0, now=0.1, wait=2.0)
    >>> pace.delay(0.1)
    2.0
    """

    def __init__(self, first_burst: float = FIRST_BURST) -> None:
        self._rate = self._tokens = float(first_burst)
        self._filled = -math.inf
        self._doubled = math.inf
        self._top: float | None = None  # the rate that was refused; None as long as no limit is known
        self._first = False  # whether only the first burst was refused so far
        self._lowered = -math.inf
        self.resume = -math.inf
        self._sent: deque[float] = deque()  # when the calls of the last second were sent

    @property
    def rate(self) -> float:
        """Calls per second, when last asked for a delay."""
        return self._rate

    def delay(self, now: float) -> float:
        """Return how many seconds to wait before the next call may be sent."""
        if now < self.resume:
            return self.resume - now
        self._refill(now)
        if self._tokens >= _ONE:
            return 0.0
        if self._top is None and now - self._doubled >= DOUBLING:
            # All that was allowed has been used, and nothing was refused.
            self._rate, self._doubled = self._rate * 2, now
        return (1.0 - self._tokens) / self._rate

    def sent(self, now: float) -> None:
        """Note that a call is sent."""
        self._tokens -= 1.0
        self._doubled = min(self._doubled, now)
        self._sent.append(now)
        while self._sent[0] < now - _WINDOW:
            self._sent.popleft()

    def refused(self, sent: float, now: float, wait: float | None = None) -> None:
        """Note that a call was refused for coming too early.

        Args:
            sent: When it was sent.
            now: When the refusal came.
            wait: Seconds for which the provider asks to be left alone.
        """
        if wait is not None:
            self.resume = max(self.resume, now + wait)
        if sent >= self._lowered:
            self._first, passed = self._top is None, len(self._sent) - 1.0
            # At first the limit is what of the last second was let through; later, the rate that was too high, unless
            # nobody sent at that rate, as after an hour of rest.
            self._lower(passed if self._top is None else min(self._rate, max(self._top, passed)))
            self._lowered = now
        elif self._first and self._top is not None:
            self._lower(self._top - 1)  # of the same second, and not let through either

    def _lower(self, top: float) -> None:
        self._top = max(FIRST_LEAST if self._first else LEAST, top)
        self._rate = self._top * DECREASE
        self._tokens = min(self._tokens, 0.0)

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - max(self._filled, self.resume)) if self._filled > -math.inf else 0.0
        self._filled = now
        if self._top is not None:
            since = max(0.0, now - max(self._lowered, self.resume)) / (FIRST_RETURN if self._first else RETURN)
            self._rate = self._top * (1 - (1 - DECREASE) * (1 - since) ** 3)
        most = max(1.0, self._rate * (_WINDOW if self._top is None else _BURST))
        # Nothing passed at no limit would not be a number.
        self._tokens = min(most, self._tokens + passed * self._rate) if passed else min(most, self._tokens)
