"""Cells that do not stop, kernels that die: control is back in time, and the session goes on."""

import asyncio
import time
from pathlib import Path

import pytest

from langgraph_tumix.interpreter import Session
from tests.interpreter.levels import Make, interpreter_at
from tests.interpreter.recovery import each, recovers
from tests.interpreter.traces import Traces, resident

pytestmark = pytest.mark.kernel

LIMIT = 0.5
IN_TIME = LIMIT + 1.5
NOT_INTERRUPTED = "import signal, subprocess\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


async def test_a_cell_that_can_be_interrupted_keeps_the_kernel(base: Path, make: Make) -> None:
    async def is_kept(session: Session) -> None:
        assert (await session.run("value", seconds=5)).output == "42"

    interpreter = make(processes=16)
    before = Traces.under(base)
    cells = ["while True: pass", "time.sleep(60)", "!sleep 60", "import subprocess; subprocess.run(['sleep', '60'])"]
    for result in await each(interpreter, cells, seconds=LIMIT, then=is_kept):
        assert (result.status, result.state_lost) == ("timeout", False)
        assert LIMIT <= result.seconds < IN_TIME
        assert result.output.startswith("begun\n")
        assert result.output.endswith("[stopped at the limit of 0.5 s; the variables are kept]")
    assert Traces.under(base) == before


async def test_a_cell_that_cannot_be_interrupted_costs_the_kernel(base: Path, make: Make, level: str) -> None:
    interpreter = make(processes=16)
    before = Traces.under(base)
    cells = [
        NOT_INTERRUPTED + "while True: pass",
        NOT_INTERRUPTED + "subprocess.run(['sleep', '60'])",
        NOT_INTERRUPTED + "!trap '' INT; sleep 60",
        "while True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: pass",
        "import itertools; sum(itertools.repeat(0))",
        "import asyncio; await asyncio.sleep(1e6)",
    ]
    if level != "sandbox":  # where a kernel is the first process of its namespace, which the system protects
        cells.append("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    for result in await each(interpreter, cells, seconds=LIMIT, then=recovers):
        assert (result.status, result.state_lost) == ("timeout", True)
        assert result.seconds < IN_TIME
        gone = "the kernel was ended, and all variables and imports are gone"
        assert result.output == f"begun\n[stopped at the limit of 0.5 s; {gone}]"
    assert Traces.under(base) == before


OWN_SIGNALS = {
    "import os; os.kill(os.getpid(), 9)": "signal 9, Killed",
    "import os; os.killpg(0, 15)": "signal 15, Terminated",
    "import signal; signal.raise_signal(signal.SIGXCPU)": "signal 24, CPU time limit exceeded",
}


@pytest.mark.parametrize("code", [*OWN_SIGNALS, "import os; os.kill(os.getpid(), 19)", "import os; os.kill(-1, 9)"])
async def test_the_first_process_of_a_sandbox_does_not_end_itself_by_signals(base: Path, code: str) -> None:
    session = await interpreter_at("sandbox").open()
    await session.run("x = 1", seconds=5)
    await session.run(code, seconds=5)
    assert (await session.run("x", seconds=5)).output == "1"
    await session.aclose()


async def test_a_kernel_that_dies(base: Path, make: Make, level: str) -> None:
    interpreter = make(processes=16)
    before = Traces.under(base)
    cells = {
        "import os, subprocess; subprocess.Popen(['sleep', '60']); os._exit(7)": "exit code 7",
        "import ctypes; ctypes.string_at(0)": "signal 11, Segmentation fault",
    }
    cells |= OWN_SIGNALS if level != "sandbox" else {}
    for result, reason in zip(await each(interpreter, cells, seconds=30, then=recovers), cells.values(), strict=True):
        assert (result.status, result.state_lost) == ("died", True)
        assert result.output == f"begun\n[the kernel died ({reason}): all variables and imports are gone]"
        assert result.seconds < 2
    assert Traces.under(base) == before


async def test_last_words_are_heard_by_a_host_that_was_busy(base: Path, make: Make) -> None:
    session = await make().open()
    code = "import os, time; print('last words', flush=True); time.sleep(0.1); os._exit(7)"
    running = asyncio.create_task(session.run(code, seconds=10))
    await asyncio.sleep(0.01)
    time.sleep(0.5)  # noqa: ASYNC251 - output and end are there before anyone looks
    result = await running
    await session.aclose()
    assert result.output.startswith("last words\n[the kernel died")


FILL = {
    "files": "for i in range(50_000): open(f'f{i}', 'w').close()",
    "bytes": "for i in range(200): open(f'f{i}', 'wb').write(bytes(10 << 20))",
    "deleted files": "import os\nkept = []\nfor i in range(200):\n  kept.append(open('f', 'wb')); os.remove('f')\n"
    "  kept[-1].write(bytes(10 << 20))",
    "folders": "import os\nfor i in range(50_000): os.makedirs(f'd{i}/a')",
}


@pytest.mark.parametrize("aim", FILL)
@pytest.mark.parametrize("level", ["sandbox", "confined"])
async def test_the_disk_is_not_filled(base: Path, level: str, aim: str) -> None:
    session = await interpreter_at(level).open()
    result = await session.run(f"import time\n{FILL[aim]}\ntime.sleep(0.5)\nprint('filled')", seconds=20)
    await session.aclose()
    assert "\nfilled" not in f"\n{result.output}"
    assert result.status == ("error" if level == "sandbox" else "died")
    assert level == "sandbox" or "died (it wrote more than 64 MiB or 4096 files" in result.output


async def test_a_cell_that_breaks_python_itself(base: Path, make: Make) -> None:
    session = await make().open()
    result = await session.run("import builtins; builtins.len = builtins.isinstance = None", seconds=LIMIT)
    assert result.state_lost  # whether it hangs or ends depends on the version of Python
    await recovers(session)
    await session.aclose()


async def test_a_kernel_that_dies_between_cells(base: Path, make: Make) -> None:
    session = await make().open()
    await session.run("import os, threading; threading.Timer(0.1, lambda: os._exit(3)).start()", seconds=5)
    await asyncio.sleep(0.5)
    await recovers(session)
    await session.aclose()


@pytest.mark.parametrize("code", ["while True: print('x' * 1000)", "print('x' * 50_000_000)"])
async def test_a_flood_is_stopped_and_takes_no_memory(base: Path, make: Make, code: str) -> None:
    session = await make().open()
    await session.run("value = 42", seconds=5)
    before = resident()
    result = await session.run(code, seconds=20)
    grown = resident() - before
    after = await session.run("value", seconds=5)
    await session.aclose()
    assert (result.status, result.state_lost) == ("error", False)
    assert "[stopped: it gave more output than 10,000,000 characters or 10,000 pieces" in result.output
    assert len(result.output) < 8300
    assert grown < 30
    assert after.output == "42"
