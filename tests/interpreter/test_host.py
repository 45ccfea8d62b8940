"""The host, the fork server and the kernels: who ends with whom, however that comes about."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from langgraph_tumix.interpreter import JupyterInterpreter
from tests.interpreter.levels import answers, interpreter_at, opened
from tests.interpreter.traces import Traces, soon

pytestmark = pytest.mark.kernel

SLEEP = "import time; time.sleep(60)"


@pytest.fixture(scope="module", params=("sandbox", "confined"))
def level(request: pytest.FixtureRequest) -> str:
    """The levels that differ in how a fork server ends."""
    return str(request.param)


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


@pytest.mark.parametrize(
    ("level", "number"),
    [
        *(("sandbox", signal.SIGKILL), ("sandbox", signal.SIGINT), ("confined", signal.SIGKILL)),
        *(("process", signal.SIGKILL), ("cold", signal.SIGKILL), ("cold", signal.SIGTERM)),
    ],
)
async def test_all_ends_with_the_host_however_it_ends(base: Path, level: str, number: signal.Signals) -> None:
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
    assert await soon(lambda: not list(base.iterdir()))


DETACHED = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: print(os.getpid(), flush=True); time.sleep(60)
    os._exit(0)
time.sleep(0.2)
"""


async def test_what_was_detached_ends_with_the_fork_server(base: Path) -> None:
    interpreter = JupyterInterpreter(isolation="process", memory_mb=1501)
    async with opened(interpreter) as session:
        pid = int((await session.run(DETACHED, seconds=5)).output)
    assert psutil.pid_exists(pid)  # which the level does not claim to prevent
    del interpreter, session
    gc.collect()
    assert await soon(lambda: not psutil.pid_exists(pid))


HEIR = """
import os, signal, sys, time
from langgraph_tumix.interpreter.heir import bequeath
from langgraph_tumix.interpreter.launch import new_directory, remove
gone, left = new_directory(), new_directory()
remove(gone)
if sys.argv[1] == "again":
    children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
    for child in children: os.kill(int(child), signal.SIGKILL); os.waitpid(int(child), 0)
third = new_directory()
(third / "work" / "no way in").mkdir(mode=0)
bequeath(left)
print(len(open(f"/proc/self/task/{os.getpid()}/children").read().split()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end_of_heir", ["", "again"])
async def test_what_a_host_that_was_killed_left_is_removed(base: Path, end_of_heir: str) -> None:
    environment = {**os.environ, "TMPDIR": str(base)}
    command = [sys.executable, "-c", HEIR, end_of_heir]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("1\n", -signal.SIGKILL), done.stderr
    assert await soon(lambda: not list(base.iterdir()))


@pytest.mark.parametrize("code", ["print(1)", "import itertools; sum(itertools.repeat(0))"])
async def test_when_the_fork_server_dies_sessions_are_told_and_go_on(base: Path, level: str, code: str) -> None:
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
