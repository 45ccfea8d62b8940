"""The limiter: a ceiling, turns between questions, and nothing left of those who go away."""

import asyncio
import math
import random

import pytest

from langgraph_tumix.models.limiter import Lane, Limiter, TooLate, lane, limiter
from langgraph_tumix.models.pace import Pace

pytestmark = pytest.mark.usefixtures("time_flies")


def free() -> Limiter:
    return Limiter(Pace(math.inf))


@pytest.mark.parametrize("ceiling", [1, 3, 64])
async def test_the_ceiling_holds(ceiling: int) -> None:
    calls, peak = free(), 0

    async def call(question: int) -> None:
        nonlocal peak
        async with calls.turn(question, ceiling):
            peak = max(peak, calls.in_flight)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(number % 4) for number in range(200)))
    assert peak == ceiling
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def test_questions_take_turns() -> None:
    calls, order = free(), list[str]()

    async def call(question: str) -> None:
        async with calls.turn(question, 1):
            order.append(question)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(question) for question in "aaaaaabbc"))
    assert "".join(order) == "aabcabaaa", "the first finds nobody waiting; from then on, turns"


async def test_a_refusal_slows_the_others_down() -> None:
    calls = Limiter(Pace())
    async with calls.turn("a", 64) as turn:
        turn.refused(wait=0.05)
    waiting = asyncio.create_task(_take(calls))
    await asyncio.sleep(0.01)
    assert (calls.in_flight, calls.waiting) == (0, 1)
    await waiting
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def test_who_has_less_time_than_the_provider_asks_for_is_turned_away() -> None:
    """Those who come later as those who wait already; who has time goes on waiting."""
    calls, now = Limiter(Pace()), asyncio.get_running_loop().time

    async def take(seconds: float) -> None:
        async with calls.turn("b", 1, now() + seconds):
            pass

    async with calls.turn("a", 1) as turn:
        hasty, patient = asyncio.create_task(take(20)), asyncio.create_task(take(60))
        await asyncio.sleep(0)
        turn.refused(wait=30.0)
    with pytest.raises(TooLate, match="left alone for 30 s"):
        await hasty
    with pytest.raises(TooLate):
        await take(20)
    assert (calls.in_flight, calls.waiting, patient.done()) == (0, 1, False)
    patient.cancel()
    await asyncio.gather(patient, return_exceptions=True)
    assert (calls.in_flight, calls.waiting, calls._alarm) == (0, 0, None)


async def test_who_has_no_deadline_has_patience() -> None:
    """The pause that the provider asks for counts, and not the length of the queue before it."""
    calls = Limiter(Pace())

    async def take(patience: float) -> None:
        async with calls.turn("b", 1, patience=patience):
            pass

    async with calls.turn("a", 1) as turn:
        queued = asyncio.create_task(take(0.05))
        await asyncio.sleep(0.06)
        turn.refused(wait=0.02)
    await queued
    async with calls.turn("a", 1) as turn:
        turn.refused(wait=30.0)
    with pytest.raises(TooLate):
        await take(20)


async def test_a_refusal_tells_whether_the_provider_takes_others() -> None:
    calls = free()
    async with calls.turn("a", 9) as first, calls.turn("b", 9) as second:
        assert second.refused(), "the first is at work still"
        assert not first.refused(), "nobody was answered, and all others came later"
        first.answered()
        assert first.refused()
    async with calls.turn("b", 9) as third:
        assert not third.refused(), "that was before it asked"


async def _take(calls: Limiter) -> None:
    async with calls.turn("b", 64):
        pass


async def test_who_is_cancelled_while_waiting_leaves_nothing() -> None:
    calls = free()
    async with calls.turn("a", 1):
        waiting = [asyncio.create_task(_one(calls)) for _ in range(5)]
        await asyncio.sleep(0)
        assert calls.waiting == 5
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (calls.in_flight, calls.waiting) == (1, 0)
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def _one(calls: Limiter) -> None:
    async with calls.turn("b", 1):
        await asyncio.sleep(0)


async def test_who_is_cancelled_just_when_its_turn_comes_passes_it_on() -> None:
    calls = free()
    async with calls.turn("a", 1):
        unlucky, next_ = asyncio.create_task(_one(calls)), asyncio.create_task(_one(calls))
        await asyncio.sleep(0)
    unlucky.cancel()  # its turn has been given, and it has not run since
    await asyncio.gather(unlucky, next_, return_exceptions=True)
    assert unlucky.cancelled()
    assert not next_.cancelled()
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def test_who_is_cancelled_in_the_same_breath_does_not_hold_up_the_next() -> None:
    calls = free()
    async with calls.turn("a", 1):
        unlucky, next_ = asyncio.create_task(_one(calls)), asyncio.create_task(_one(calls))
        await asyncio.sleep(0)
        unlucky.cancel()  # its wait is cancelled, and it has not run since
    await asyncio.gather(unlucky, next_, return_exceptions=True)
    assert not next_.cancelled()
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def test_a_crowd_with_failures_and_cancellations_leaves_nothing() -> None:
    calls, rng = free(), random.Random(7)

    async def call(question: int) -> None:
        async with calls.turn(question, 8):
            await asyncio.sleep(rng.random() * 0.002)
            if rng.random() < 0.2:
                raise RuntimeError("failed")

    tasks = [asyncio.create_task(call(number % 9)) for number in range(400)]
    for _ in range(40):
        await asyncio.sleep(0.001)
        rng.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (calls.in_flight, calls.waiting) == (0, 0)


async def test_the_same_model_at_the_same_address_shares_a_limiter() -> None:
    assert limiter(lane("p", "a", "m")) is limiter(lane("p", "a", "m"))
    assert limiter(lane("p", "a", "m")) is not limiter(lane("p", "b", "m"))
    assert limiter(Lane()) is not limiter(Lane())


def test_each_event_loop_has_its_own() -> None:
    async def mine() -> Limiter:
        return limiter(lane("p", "a", "m"))

    assert asyncio.run(mine()) is not asyncio.run(mine())
