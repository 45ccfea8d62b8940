"""Opening and closing: nothing is left over, whoever is cancelled or closed, and whenever."""

import asyncio
import contextlib
import gc
import sys
import weakref
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter import JupyterInterpreter, Session
from tests.interpreter.levels import Make, answers, opened
from tests.interpreter.traces import Traces, processes, soon

pytestmark = pytest.mark.kernel


async def test_many_sessions_leave_nothing(base: Path, make: Make, level: str) -> None:
    interpreter = make()
    await answers(interpreter)  # imports what there is to import
    in_a_row, at_once = (3, 4) if level == "cold" else (12, 18)  # which start slowly
    before = Traces.under(base)
    for _ in range(in_a_row):
        assert await answers(interpreter) == "42"
    assert Traces.under(base) == before
    assert await asyncio.gather(*(answers(interpreter) for _ in range(at_once))) == ["42"] * at_once
    assert Traces.under(base) == before


async def test_the_event_loop_is_never_blocked(base: Path, make: Make) -> None:
    with blockbuster_ctx():
        async with opened(make()) as session:
            assert (await session.run("print(1)", seconds=10)).output == "1"
            assert (await session.run("1/0", seconds=10)).status == "error"
            assert (await session.run("while True: pass", seconds=0.2)).status == "timeout"
            assert (await session.run("import os; os._exit(1)", seconds=10)).status == "died"
            assert (await session.run("print(2)", seconds=10)).status == "ok"


def test_one_interpreter_serves_one_event_loop_after_another(base: Path, make: Make) -> None:
    interpreter = make(max_kernels=1)

    async def main() -> list[str]:
        return await asyncio.gather(*(answers(interpreter) for _ in range(2)))

    loops = []
    for _ in range(3):
        with asyncio.Runner() as runner:
            assert runner.run(main()) == ["42", "42"]
            loops.append(weakref.ref(runner.get_loop()))
    assert not list(base.iterdir())
    del runner
    gc.collect()
    assert [loop() is None for loop in loops[:-1]] == [True, True]  # none is kept for longer than the next


def test_a_session_that_was_forgotten_ends_with_its_event_loop(base: Path, make: Make) -> None:
    async def main() -> Session:
        return await make().open()

    forgotten = asyncio.run(main())
    assert not list(base.iterdir())
    assert not processes(base)
    assert forgotten


@pytest.mark.parametrize("delay", [0, 0.002, 0.1, 0.4])
def test_an_event_loop_that_shuts_down_takes_its_sessions_along(base: Path, make: Make, delay: float) -> None:
    async def use() -> None:
        async with opened(make()) as session:
            await session.run("while True: pass", seconds=60)

    async def main() -> asyncio.Task[None]:
        task = asyncio.create_task(use())
        await asyncio.sleep(delay)
        return task

    assert asyncio.run(main()).cancelled()
    assert not list(base.iterdir())
    assert not processes(base)


async def test_closing_twice_and_running_afterwards(base: Path, make: Make) -> None:
    before = Traces.under(base)
    session = await make().open()
    await asyncio.gather(session.aclose(), session.aclose())
    await session.aclose()
    assert Traces.under(base) == before
    with pytest.raises(InterpreterError, match="the session is closed"):
        await session.run("1", seconds=1)
    assert Traces.under(base) == before


async def test_closing_ends_a_cell_under_way(base: Path, make: Make) -> None:
    before = Traces.under(base)
    session = await make().open()
    running = asyncio.create_task(session.run("import time; time.sleep(60)", seconds=60))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(session.aclose(), 2)
    assert (await running).status == "died"
    assert Traces.under(base) == before


@pytest.mark.parametrize("delay", [0, 0.001, 0.003, 0.01, 0.1, 0.25])
async def test_cancelling_open_leaves_nothing(base: Path, make: Make, delay: float) -> None:
    interpreter = make(max_kernels=1)
    before = Traces.under(base)
    opening = asyncio.create_task(interpreter.open())
    await asyncio.sleep(delay)
    opening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await (await opening).aclose()  # it was open in time
    del opening
    assert Traces.under(base) == before
    assert await answers(interpreter) == "42"  # its place was given back


async def test_closing_while_a_lost_kernel_is_replaced(base: Path, make: Make) -> None:
    before = Traces.under(base)
    session = await make().open()
    await session.run("import os; os._exit(1)", seconds=5)
    running = asyncio.create_task(session.run("import time; time.sleep(60)", seconds=60))
    await asyncio.sleep(0.02)
    await asyncio.wait_for(session.aclose(), 10)
    with pytest.raises(InterpreterError, match="the session is closed"):
        await running
    del running
    assert Traces.under(base) == before


SLEEP = "import time; time.sleep(60)"


@pytest.mark.parametrize(
    ("code", "delay"), [(SLEEP, 0), (SLEEP, 0.005), (SLEEP, 0.3), ("while True: print('x' * 100)", 0.3)]
)
async def test_cancelling_run_ends_the_kernel_at_once(base: Path, make: Make, code: str, delay: float) -> None:
    before = Traces.under(base)
    async with opened(make()) as session:
        await session.run("x = 1", seconds=5)
        running = asyncio.create_task(session.run(code, seconds=60))
        await asyncio.sleep(delay)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(running, 1)
        del running
        if delay:  # earlier it had not begun
            assert Traces.under(base) == before
            assert "fresh kernel" in (await session.run("print(2)", seconds=10)).output
    assert Traces.under(base) == before


async def test_cancelling_twice_leaves_nothing(base: Path, make: Make) -> None:
    before = Traces.under(base)
    session = await make().open()
    running = asyncio.create_task(session.run("import time; time.sleep(60)", seconds=60))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    del running
    await session.aclose()
    assert await soon(lambda: Traces.under(base) == before)


async def test_an_exception_in_the_caller_leaves_nothing(base: Path, make: Make) -> None:
    before = Traces.under(base)
    with contextlib.suppress(ZeroDivisionError):
        async with opened(make()) as session:
            await session.run("x = 1", seconds=5)
            1 / 0  # noqa: B018
    assert Traces.under(base) == before


async def test_who_asks_for_too_many_kernels_waits_in_line(base: Path, make: Make) -> None:
    interpreter = make(max_kernels=2)
    first, second = await interpreter.open(), await interpreter.open()
    order: list[int] = []

    async def wait_in_line(number: int) -> None:
        async with opened(interpreter):
            order.append(number)
            assert len(Traces.under(base).directories) <= 2

    waiting = [asyncio.create_task(wait_in_line(number)) for number in range(4)]
    await asyncio.sleep(0.1)
    assert not order
    waiting[1].cancel()
    await first.aclose()
    await asyncio.wait(waiting)
    await second.aclose()
    assert order == [0, 2, 3]


async def test_a_kernel_that_was_lost_gives_its_place_back(base: Path, make: Make) -> None:
    interpreter = make(max_kernels=1)
    async with opened(interpreter) as session:
        await session.run("import os; os._exit(1)", seconds=5)
        assert await answers(interpreter) == "42"
        assert (await session.run("print(2)", seconds=5)).output.endswith("\n2")


async def test_directories_that_are_hard_to_remove_are_removed(base: Path, make: Make) -> None:
    async with opened(make()) as session:
        code = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
        assert (await session.run(code, seconds=20)).status == "ok"
    assert not Traces.under(base).directories


STOPS_SERVER = "import os, signal; os.kill(os.getppid(), signal.SIGSTOP); print('stopped')"


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
async def test_a_fork_server_that_was_stopped_is_replaced(base: Path) -> None:
    interpreter = JupyterInterpreter(isolation="process", memory_mb=1500)  # a server of its own
    async with asyncio.timeout(30):
        async with opened(interpreter) as session:
            assert "stopped" in (await session.run(STOPS_SERVER, seconds=5)).output
        assert await answers(interpreter) == "42"
