"""Opening and closing: nothing is left over, whoever is cancelled, closed or killed, and whenever."""

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from blockbuster import blockbuster_ctx

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter import Interpreter, JupyterInterpreter, Session
from langgraph_tumix.interpreter.client import Connections
from langgraph_tumix.interpreter.inside.terms import Terms
from langgraph_tumix.interpreter.kernel import Kernel
from langgraph_tumix.interpreter.launch import ColdKernel, launched
from langgraph_tumix.interpreter.levels import HELD
from tests.interpreter.levels import Make, interpreter_at
from tests.interpreter.traces import Traces, processes, soon

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module", params=("sandbox", "confined", "cold"))
def level(request: pytest.FixtureRequest) -> str:
    """The levels that differ in how a kernel begins and ends."""
    return str(request.param)


@contextlib.asynccontextmanager
async def opened(interpreter: Interpreter | None = None) -> AsyncIterator[Session]:
    session = await (interpreter or JupyterInterpreter()).open()
    try:
        yield session
    finally:
        await session.aclose()


async def answers(interpreter: Interpreter) -> str:
    async with opened(interpreter) as session:
        return (await session.run("print(6 * 7)", seconds=30)).output


async def test_thirty_sessions_leave_nothing(base: Path, make: Make) -> None:
    interpreter = make()
    await answers(interpreter)  # imports what there is to import
    before = Traces.under(base)
    for _ in range(12):
        assert await answers(interpreter) == "42"
    assert Traces.under(base) == before
    assert await asyncio.gather(*(answers(interpreter) for _ in range(18))) == ["42"] * 18
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


HOST = """
import asyncio
from tests.interpreter.levels import interpreter_at

async def main():
    session = await interpreter_at({level!r}).open()
    running = asyncio.create_task(session.run("import itertools; sum(itertools.repeat(0))", seconds=600))
    await asyncio.sleep(0.2)
    print("running", flush=True)
    await running

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_kernels_end_with_the_host_however_it_ends(base: Path, level: str, number: signal.Signals) -> None:
    interpreter_at(level)
    host = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOST.format(level=level)),
        env={**os.environ, "TMPDIR": str(base)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert host.stdout
    assert await host.stdout.readline() == b"running\n"
    descendants = psutil.Process(host.pid).children(recursive=True)
    assert sum("python" in process.name() for process in descendants) >= (1 if level == "cold" else 2)
    host.send_signal(number)
    await host.wait()
    assert await soon(lambda: not any(process.is_running() for process in descendants))
    assert number != signal.SIGINT or await soon(lambda: not Traces.under(base).directories)


@pytest.mark.parametrize("code", ["print(1)", "import itertools; sum(itertools.repeat(0))"])
async def test_when_the_fork_server_dies_sessions_are_told_and_go_on(base: Path, level: str, code: str) -> None:
    if level == "cold":
        pytest.skip("there is no fork server")
    interpreter = interpreter_at(level, memory_mb=1026)
    async with opened(interpreter) as session, opened(interpreter) as other:
        await other.run("x = 1", seconds=5)
        running = asyncio.create_task(session.run(SLEEP, seconds=60))
        await asyncio.sleep(0.1)
        marks = (f'"level": "{level}"', '"memory_mb": 1026')
        children = [(child, " ".join(child.cmdline())) for child in psutil.Process().children()]
        servers = [child for child, command in children if all(mark in command for mark in marks)]
        assert len(servers) == 1
        family = [*servers, *servers[0].children(recursive=True)]
        servers[0].kill()
        assert (await asyncio.wait_for(running, 5)).status == "died"
        assert await soon(lambda: not any(each.is_running() and each.status() != "zombie" for each in family))
        again = await other.run("print(2)", seconds=10)
        assert (again.status, again.output.splitlines()[-1]) == ("ok", "2")
        assert "fresh kernel" in again.output


async def test_the_fork_server_ends_with_the_last_interpreter_that_shares_it(base: Path, level: str) -> None:
    if level == "cold":
        pytest.skip("there is no fork server")
    interpreter_at(level)  # is kept by all tests
    before = Traces.under(base)
    first, second = (JupyterInterpreter(isolation=level, memory_mb=1027) for _ in range(2))  # type: ignore[arg-type]
    assert first.isolation == second.isolation
    servers = psutil.Process().children()
    assert await answers(first) == "42"
    del first
    assert await answers(second) == "42"
    assert psutil.Process().children() == servers
    del second
    gc.collect()
    assert await soon(lambda: Traces.under(base) == before)


async def test_a_kernel_that_cannot_start_says_why(base: Path) -> None:
    before = Traces.under(base)
    with pytest.raises(InterpreterError, match=r"ended at its start \(exit code (1\): .*Error|-6\))"):
        async with (
            launched(ColdKernel(Terms(memory_mb=64))) as process,
            Connections().connect(process.connection) as client,
        ):
            await Kernel(process, client).ready()
    assert Traces.under(base) == before


async def test_a_long_path_for_temporary_files_is_not_used(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = base / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert await answers(JupyterInterpreter()) == "42"


async def test_a_directory_that_cannot_be_made_is_an_interpreter_error(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(base / "missing"))
    with pytest.raises(InterpreterError, match="no kernel could be started"):
        await JupyterInterpreter().open()


@pytest.mark.parametrize("library", ["ipykernel", "jupyter_client.asynchronous.client"])
async def test_a_missing_library_is_named(base: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    before = Traces.under(base)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InterpreterError, match="pip install ipykernel jupyter-client"):
        await JupyterInterpreter().open()
    assert Traces.under(base) == before


async def test_directories_that_are_hard_to_remove_are_removed(base: Path, make: Make) -> None:
    async with opened(make()) as session:
        code = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
        assert (await session.run(code, seconds=20)).status == "ok"
    assert not Traces.under(base).directories


def test_importing_the_package_imports_no_jupyter() -> None:
    script = "import sys, langgraph_tumix.interpreter; print({'zmq', 'jupyter_client', 'ipykernel'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "options",
    [
        *({"max_kernels": 0}, {"memory_mb": 100}, {"output_chars": 1}, {"cpu_seconds": 0}, {"processes": -1}),
        *({"files": 0}, {"disk_mb": 0}),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} must be at least"):
        JupyterInterpreter(**options)  # type: ignore[arg-type]


def test_the_isolation_is_told_as_it_is(level: str) -> None:
    isolation = interpreter_at(level, memory_mb=1024).isolation
    assert isolation.level == ("process" if level == "cold" else level)
    assert "1024 MiB" in isolation.why
    assert ("the host's own environment and the keys in it included" in isolation.why) == (level in ("process", "cold"))
    assert set(isolation.verified) >= HELD[isolation.level] or level == "cold"  # type: ignore[index]


def test_what_cannot_be_had_is_refused_if_demanded_and_named_if_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ConfigError, match=r"isolation 'sandbox' cannot be had here .*apt-get install bubblewrap"):
        _ = JupyterInterpreter(isolation="sandbox", memory_mb=1028).isolation
    isolation = JupyterInterpreter(memory_mb=1028).isolation
    assert isolation.level == "process"
    assert "starts from nothing, as there is no fork server" in isolation.why


@pytest.mark.parametrize("bwrap", ["", "exit 1", "echo too old >&2; exit 1", "sleep 0.1"])
async def test_the_sandbox_does_without_bubblewrap(base: Path, bwrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter_at("sandbox")
    if bwrap:
        (base / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n", encoding="ascii")
        (base / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(base) + ":/bin" * bool(bwrap))
    interpreter = JupyterInterpreter(isolation="sandbox", memory_mb=1029)
    assert await answers(interpreter) == "42"
    assert interpreter.isolation.mechanisms[0] == "namespaces of our own"
    assert "too old" not in bwrap or "too old" in interpreter.isolation.why


def test_levels_hold_for_an_unprivileged_user() -> None:
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("there is no other user to become")
    script = """
import asyncio, sys
from langgraph_tumix.interpreter import JupyterInterpreter
async def main():
    for level in ("sandbox", "confined", "process"):
        session = await JupyterInterpreter(isolation=level).open()
        print(level, (await session.run("import numpy; print(6 * 7)", seconds=20)).output)
        await session.aclose()
asyncio.run(main())
"""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", script]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": "/"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
    unreadable = ("Permission denied", "No module named 'langgraph_tumix'")  # the checkout may be its owner's alone
    if any(sign in done.stderr for sign in (*unreadable, "cannot be had here")):
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.stdout == "sandbox 42\nconfined 42\nprocess 42\n", done.stderr
