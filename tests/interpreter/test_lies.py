"""Kernels that lie: messages that are too many, too large, malformed or forged cost the host nothing."""

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from langgraph_tumix.interpreter import CellStatus, Session
from tests.interpreter.levels import Make
from tests.interpreter.recovery import FRESH, each, recovers
from tests.interpreter.traces import resident

pytestmark = pytest.mark.kernel

SEND = """
from jupyter_client.session import Session
k = get_ipython().kernel
def send(kind, content):  # past the bounds that the kernel's own session puts on what it sends
    message = k.session.msg(kind, content, parent=k.get_parent())
    k.iopub_thread.send_multipart([b"x", *Session.serialize(k.session, message)])
def send_raw(*parts):
    k.iopub_thread.send_multipart([b"x", b"<IDS|MSG>", k.session.sign(list(parts)), *parts])
"""


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


@pytest.mark.parametrize(
    "message",
    [
        "send_raw(b'x' * 100_000_000)",
        "send_raw(*[b'x' * 500_000] * 200)",
        "send_raw(*[b''] * 1_000_000)",
        "k.parent.shell_socket.send_multipart([*k._shell_parent_ident.get(), *[b'x' * 500_000] * 200])",
    ],
    ids=["one part", "parts", "many parts", "on the shell channel"],
)
async def test_a_message_above_the_limit_takes_no_memory(base: Path, make: Make, message: str) -> None:
    session = await make().open()
    before = resident()
    result = await session.run(f"{SEND}\nimport time\n{message}\ntime.sleep(1)\nprint('sent')", seconds=20)
    assert resident() - before < 30
    if "shell" in message:
        assert (result.status, result.output) == ("ok", "sent")  # what nobody reads is not in the way
    else:
        assert (result.status, result.state_lost) == ("died", True)
        assert "[stopped: the kernel sent malformed messages; the kernel was ended" in result.output
        await recovers(session)
    await session.aclose()


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
    "send_raw(b'[' + b'\"2026-01-01T00:00:00Z\",' * 10_000 + b'0]', b'{}', b'{}', b'{}')",
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
        ("time.sleep(0.3); import os; os._exit(3)", "ok", f"{FRESH}\n2"),  # nor here, where the kernel ends meanwhile
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
