"""The clock of questions is the time of day, and the event loop's own."""

import asyncio
import time

import pytest

from langgraph_tumix.clock import now


async def test_it_tells_the_time_of_day() -> None:
    assert now() == pytest.approx(time.time(), abs=1)


@pytest.mark.usefixtures("time_flies")
async def test_it_goes_as_timeouts_go() -> None:
    begun = now()
    await asyncio.sleep(3600)
    assert now() - begun == pytest.approx(3600)
