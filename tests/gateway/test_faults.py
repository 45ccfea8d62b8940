"""Gateways that are gone, slow, in a bad mood or lying, while a session is open."""

import asyncio
import logging
import time
import tracemalloc

import pytest

from langgraph_tumix.interpreter import CellStatus, GatewayInterpreter, Session
from tests.gateway.fake import Channel, FakeGateway, Play, echo
from tests.gateway.plays import NONSENSE, close, cut, flood, harmless, hold, huge, nonsense, nothing, status
from tests.gateway.sessions import opened, until

pytestmark = pytest.mark.server

FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"


@pytest.mark.parametrize(
    ("play", "status", "lost", "output"),
    [
        (harmless, "ok", False, "begun"),
        (nonsense(NONSENSE[:7]), "ok", False, "begun"),
        (nonsense(NONSENSE), "died", True, "begun\n[stopped: the kernel sent malformed messages;"),
        (cut, "died", True, "begun\n[the kernel died (the connection to the gateway broke): all variables"),
        (close, "died", True, "begun\n[the kernel died (the connection to the gateway broke)"),
        (status("restarting"), "died", True, "begun\n[the kernel died (the gateway restarted it)"),
        (status("starting"), "died", True, "begun\n[the kernel died (the gateway restarted it)"),
        (status("dead"), "died", True, "begun\n[the kernel died (the gateway reports it dead)"),
        (huge, "died", True, "begun\n[the kernel died (a message was larger than 16 MiB)"),
        (flood, "error", True, "x\n[stopped: it gave more output than 10,000,000 characters"),
        (hold, "timeout", True, "begun\n[stopped at the limit of 0.2 s; the kernel was ended"),
        (nothing, "timeout", True, "[stopped at the limit of 0.2 s; the kernel was ended"),
    ],
)
async def test_cells(play: Play, status: CellStatus, lost: bool, output: str) -> None:
    plays = [play]

    async def once(channel: Channel) -> None:
        await (plays.pop() if plays else echo)(channel)

    async with FakeGateway(once) as fake, opened(fake) as session:
        limit = 0.2 if status == "timeout" else 20
        begun = time.monotonic()
        result = await session.run("1", seconds=limit)
        assert (result.status, result.state_lost) == (status, lost)
        assert output in result.output
        assert time.monotonic() - begun < limit + 1.5
        assert (await session.run("print(2)", seconds=20)).output == (f"{FRESH}\nprint(2)" if lost else "print(2)")
        await until(lambda: len(fake.kernels) == 1)
        assert fake.interrupts == (status in ("timeout", "error"))
    assert not fake.kernels


async def test_a_flood_takes_little_memory() -> None:
    async with FakeGateway(flood) as fake, opened(fake) as session:
        tracemalloc.start()
        assert (await session.run("1", seconds=20)).status == "error"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 40_000_000  # three forms of a message or two, at both ends


async def test_what_comes_between_cells_is_read_and_dropped() -> None:
    read = asyncio.Event()

    async def chatter(channel: Channel) -> None:
        await echo(channel)
        for _ in range(100):
            await channel.say("x" * 1_000_000)
        read.set()

    async with FakeGateway(chatter) as fake, opened(fake) as session:
        assert (await session.run("1", seconds=20)).output == "1"
        await asyncio.wait_for(read.wait(), 20)
        assert (await session.run("2", seconds=20)).output == "2"


async def test_a_kernel_that_ends_between_cells_is_missed() -> None:
    restarting = asyncio.Event()

    async def restart(channel: Channel) -> None:
        await echo(channel)
        await restarting.wait()
        await channel.state("restarting", parent="")
        restarting.clear()

    async with FakeGateway(restart) as fake, opened(fake) as session:
        assert not (await session.run("x = 1", seconds=5)).state_lost
        restarting.set()
        await until(lambda: not fake.kernels)
        assert (await session.run("print(x)", seconds=5)).output == f"{FRESH}\nprint(x)"


async def test_a_gateway_that_goes_away_and_comes_back() -> None:
    async with FakeGateway() as first:
        session = await GatewayInterpreter(first.url, token="").open()
        await session.run("1", seconds=5)
    results = [await session.run("2", seconds=5) for _ in range(2)]
    assert [(result.status, result.state_lost) for result in results] == [("died", True)] * 2
    assert "cannot be reached" in results[1].output
    async with FakeGateway(port=int(first.url.rpartition(":")[2])) as again:
        assert (await session.run("3", seconds=5)).output == f"{FRESH}\n3"
        await session.aclose()
        assert not again.kernels


async def test_deleting_is_tried_again() -> None:
    async with FakeGateway(delete=[500]) as fake:
        async with opened(fake):
            assert len(fake.kernels) == 1
        assert not fake.kernels


async def test_what_could_not_be_deleted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeGateway(delete=[403] * 9) as fake:
        with caplog.at_level(logging.WARNING, logger="langgraph_tumix"):
            async with opened(fake):
                pass
    assert f"the kernel {fake.url}/api/kernels/kernel-1 may still be there: 403 Forbidden" in caplog.text


def test_a_loop_that_ends_deletes_its_kernels() -> None:
    with FakeGateway() as fake:
        interpreter = GatewayInterpreter(fake.url, token="")

        async def forget() -> Session:
            return await interpreter.open()

        async def run_out() -> None:
            session = await interpreter.open()
            await asyncio.wait_for(session.run("1", seconds=60), 0.01)

        assert asyncio.run(forget())
        fake._play = hold
        with pytest.raises(TimeoutError):
            asyncio.run(run_out())
        assert fake.made == 2
        assert not fake.kernels
