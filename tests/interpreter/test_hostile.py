"""Cells that do not stop, kernels that die, kernels that lie: control is back in time, and the session goes on."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from langgraph_tumix.interpreter import CellResult, CellStatus, Interpreter, Session
from tests.interpreter.levels import Make, interpreter_at
from tests.interpreter.traces import Traces

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module", params=("sandbox", "cold"))
def level(request: pytest.FixtureRequest) -> str:
    """The levels that differ in how a kernel is signalled and ends."""
    return str(request.param)


LIMIT = 0.5
IN_TIME = LIMIT + 1.5
FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"
BEGUN = "print('begun', flush=True); import time; time.sleep(0.1)\n"
NOT_INTERRUPTED = "import signal, subprocess\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
SEND = """
from jupyter_client.session import Session
k = get_ipython().kernel
def send(kind, content):  # past the bounds that the kernel's own session puts on what it sends
    message = k.session.msg(kind, content, parent=k.get_parent())
    k.iopub_thread.send_multipart([b"x", *Session.serialize(k.session, message)])
def send_raw(*parts):
    k.iopub_thread.send_multipart([b"x", b"<IDS|MSG>", k.session.sign(list(parts)), *parts])
"""


async def recovers(session: Session) -> None:
    """See that the session still works, and says that its state is gone."""
    after = await session.run("print(1 + 1)", seconds=10)
    assert (after.status, after.output, after.state_lost) == ("ok", f"{FRESH}\n2", False)
    again = await session.run("print(3)", seconds=10)
    assert again.output == "3"


async def each(
    interpreter: Interpreter,
    cells: Iterable[str],
    *,
    seconds: float,
    then: Callable[[Session], Awaitable[object]],
) -> list[CellResult]:
    """Run each cell in a session of its own, all at once; afterwards do something with the session."""

    async def one(cell: str) -> CellResult:
        session = await interpreter.open()
        try:
            await session.run("value = 42", seconds=10)
            result = await session.run(BEGUN + cell, seconds=seconds)
            await then(session)
            return result
        finally:
            await session.aclose()

    return list(await asyncio.gather(*map(one, cells)))


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
    assert level == "sandbox" or "died (it wrote more than 64 MiB or 4096 files)" in result.output


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


async def test_a_flood_of_pieces_is_stopped_and_holds_nobody_up(base: Path, make: Make) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.001)
            ticks.append(time.monotonic())

    session = await make().open()
    ticking = asyncio.create_task(tick())
    result = await session.run(
        f"""{SEND}
piece = k.session.serialize(k.session.msg("stream", {{"name": "stdout", "text": "x"}}, parent=k.get_parent()))
while True: k.iopub_thread.send_multipart([b"x", *piece])""",
        seconds=20,
    )
    ticking.cancel()
    await session.aclose()
    assert result.status == "error"
    assert "[stopped: it gave more output than 10,000,000 characters or 10,000 pieces" in result.output
    assert len(ticks) > 100
    assert max(later - earlier for earlier, later in itertools.pairwise(ticks)) < 1  # it takes 2 s or more


async def test_a_message_above_the_limit_costs_the_kernel_and_no_memory(base: Path, make: Make) -> None:
    session = await make().open()
    before = resident()
    result = await session.run(SEND + "send_raw(b'x' * 100_000_000)\nimport time; time.sleep(60)", seconds=1)
    assert resident() - before < 30
    assert (result.status, result.state_lost) == ("timeout", True)
    await recovers(session)
    await session.aclose()


def resident() -> int:
    """Memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("unheard_of", "{}"),
        ("stream", "{'name': 'stdout', 'text': 7}"),
        ("stream", "{}"),
        ("status", "{}"),
        ("error", "{'traceback': 5}"),
        ("error", "{'traceback': [1, None]}"),
        ("display_data", "{'data': []}"),
        ("display_data", "{'data': {'text/plain': {}}}"),
    ],
)
async def test_a_malformed_message_is_borne(session: Session, kind: str, content: str) -> None:
    result = await session.run(f"{SEND}\nsend({kind!r}, {content})\nprint('still here')", seconds=10)
    assert (result.status, result.output) == ("ok", "still here")


NONSENSE = [
    "k.iopub_thread.send_multipart([b'x'])",
    "k.iopub_thread.send_multipart([b'<IDS|MSG>', b'sig', b'{}', b'{}', b'{}', b'{}'])",
    "send_raw(b'{}')",
    "send_raw(b'{', b'', b'[', b'\\xff')",
    "send_raw(*[b'[' * 200_000] * 4)",
    "send_raw(*[b'9' * 10_000] * 4)",
    "send_raw(*[b'[]'] * 4)",
    "send_raw(*[b'null'] * 4)",
    'send_raw(b\'{"msg_id":1,"msg_type":[],"version":9,"date":"x"}\', b\'[]\', b\'{}\', b\'{}\')',
]


async def test_a_kernel_that_makes_no_sense_is_given_up(base: Path, make: Make) -> None:
    interpreter = make(processes=16)
    cells = [f"{SEND}\nfor _ in range(10): {message}\ntime.sleep(60)" for message in NONSENSE]
    for result, message in zip(await each(interpreter, cells, seconds=30, then=recovers), NONSENSE, strict=True):
        assert (message, result.status, result.state_lost) == (message, "died", True)
        assert "[stopped: the kernel sent malformed messages; the kernel was ended" in result.output
        assert result.seconds < 5


@pytest.mark.parametrize(
    ("then", "status", "output"),
    [
        ("time.sleep(0.5); print('of the liar')", "ok", "2"),  # it ends soon enough, and its output is not ours
        ("time.sleep(60)", "ok", f"{FRESH}\n2"),  # the next cell is not taken up: a new kernel runs it
    ],
)
async def test_a_cell_that_claims_to_be_done(
    base: Path, make: Make, then: str, status: CellStatus, output: str
) -> None:
    session = await make().open()
    claim = f"{SEND}\nimport time\nsend('status', {{'execution_state': 'idle'}})\n{then}"
    lie = await session.run(claim, seconds=10)
    after = await session.run("print(2)", seconds=10)
    again = await session.run("print(3)", seconds=10)
    await session.aclose()
    assert lie.status == "ok"
    assert (after.status, after.output) == (status, output)
    assert again.output == "3"
