"""The pace of calls, against a simulated provider on a simulated clock: no waiting, no chance."""

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.models.pace import DECREASE, FIRST_BURST, LEAST, Pace


@dataclass
class Provider:
    """Allows `rate` calls per second, `burst` at once; a call it takes lasts `latency`, a refusal a tenth of that."""

    rate: float
    burst: float
    latency: float = 0.2
    wait: float | None = None
    changes: dict[float, float] = field(default_factory=dict)

    def run(self, pace: Pace, seconds: float, since: float = 0.0) -> tuple[float, float]:
        """Send as fast as the pace allows; return calls taken per second, and the share that was refused.

        Only calls sent from `since` on are counted.
        """
        now, tokens, taken, refused = 0.0, self.burst, 0, 0
        replies: list[tuple[float, float, bool]] = []
        while now < seconds:
            if replies and replies[0][0] <= now + pace.delay(now):
                then, (now, sent, good) = now, heapq.heappop(replies)
                tokens = min(self.burst, tokens + (now - then) * self.rate)
                if not good:
                    pace.refused(sent, now, self.wait)
                continue
            if (delay := pace.delay(now)) > 0:
                now += delay
                tokens = min(self.burst, tokens + delay * self.rate)
                continue
            for when in [when for when in self.changes if when <= now]:
                self.rate = self.burst = self.changes.pop(when)
            pace.sent(now)
            good = tokens >= 1
            tokens -= good
            taken, refused = taken + (good and now >= since), refused + (not good and now >= since)
            heapq.heappush(replies, (now + self.latency * (1 if good else 0.1), now, good))
        return taken / (seconds - since), refused / max(1, taken + refused)


@pytest.mark.parametrize("wait", [None, 1.0])
@pytest.mark.parametrize("latency", [0.05, 1.0])
@pytest.mark.parametrize("rate", [5, 20, 100])
def test_nine_tenths_of_the_rate_with_few_refusals(rate: float, latency: float, wait: float | None) -> None:
    taken, refused = Provider(rate, burst=rate, latency=latency, wait=wait).run(Pace(), seconds=60)
    assert taken >= 0.9 * rate
    assert refused < 0.05


def test_a_limit_that_rises_is_found() -> None:
    provider = Provider(5, burst=5, changes={60.0: 50})
    taken, _ = provider.run(Pace(), seconds=180, since=120)
    assert taken >= 45


def test_a_limit_that_falls_is_found() -> None:
    taken, refused = Provider(50, burst=50, changes={30.0: 5}).run(Pace(), seconds=120, since=60)
    assert taken >= 4.5
    assert refused < 0.1


def test_an_infinite_burst_is_not_paced() -> None:
    pace = Pace(float("inf"))
    for _ in range(10_000):
        assert pace.delay(0.0) == 0.0
        pace.sent(0.0)


def test_a_burst_is_let_through_and_then_the_rate_doubles() -> None:
    pace, times, now = Pace(), list[float](), 0.0
    while len(times) < 200:
        now += pace.delay(now)
        pace.sent(now)
        times.append(now)
    assert times[FIRST_BURST - 1] == 0.0 < times[FIRST_BURST]
    assert times[15] < 1.0, "a roster of fifteen is on its way within a second"
    assert times[-1] < 3.0


def test_a_rate_that_rose_while_nobody_sent_is_not_taken_for_the_limit() -> None:
    pace = Pace()
    Provider(5, burst=5).run(pace, seconds=60)
    for now in (4000.0, 4000.1):
        pace.delay(now)
        pace.sent(now)
        assert pace.rate > 1e6
    pace.refused(4000.1, now=4000.2)
    assert pace.rate < 10


def test_the_rate_falls_once_for_a_burst_of_refusals() -> None:
    pace, now = Pace(), 0.0
    pace.sent(now)
    pace.refused(now, now)
    now = 5.0
    pace.delay(now)
    before = pace.rate
    for _ in range(10):
        pace.sent(now)
    for _ in range(10):
        pace.refused(sent=now, now=now + 0.1)
    assert pace.rate == pytest.approx(before * DECREASE)


def test_nobody_sends_while_the_provider_asks_to_be_left_alone() -> None:
    pace = Pace()
    pace.sent(0.0)
    pace.refused(0.0, now=0.1, wait=30.0)
    pace.refused(0.0, now=0.2, wait=1.0)
    assert pace.delay(0.2) == pytest.approx(29.9)
    assert 0.0 < pace.delay(30.1) < 1.0


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans(), st.one_of(st.none(), st.floats(0, 100))), max_size=80))
def test_whatever_happens_the_next_call_comes(events: list[tuple[float, bool, float | None]]) -> None:
    pace, now, resume = Pace(), 0.0, 0.0
    for passed, is_refused, wait in events:
        now += passed
        delay = pace.delay(now)
        assert 0.0 <= delay <= max(1 / (LEAST * DECREASE), resume - now)
        if delay == 0.0:
            pace.sent(now)
            if is_refused:
                pace.refused(now, now, wait)
                resume = max(resume, now + (wait or 0.0))
    for _ in range(3):  # the provider's pause, and then a call's own turn; and a little for rounding
        now += pace.delay(now)
    assert pace.delay(now) == 0.0
