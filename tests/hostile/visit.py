"""One visit of a hostile program: it gets a session, and the host looks at what it did with it."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from langgraph_tumix.core.text import fence
from langgraph_tumix.interpreter import CellResult, Interpreter, Session
from tests.hostile.canaries import Canaries, is_intact, new_secret, settle
from tests.hostile.program import Program
from tests.hostile.traces import resident_mb

GRACE = 1.0  # seconds after the limit within which control must be back
BUSY = 0.5  # seconds more: four programs run at a time, and two of them may have all cores
PAUSE = 0.2  # seconds, for what a program does after its cell
NEXT_CELL = "print(6 * 7)"
NEXT = 10.0  # seconds within which the next cell must be answered
MOST_GROWTH_MB = 64
LONGEST_OUTPUT = 9000  # characters: the interpreter keeps 8,000 and adds a remark or two
VERDICT = re.compile(r"^(ESCAPED|BLOCKED)\b ?(.*)$", re.MULTILINE)
UNCLEAN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Visit:
    """What the host saw.

    Attributes:
        result: The program's cell.
        after: The cell after it, or the second after it if the kernel had not quite ended by then.
        seconds: How long the program's cell had control.
        growth_mb: By how much the host's memory grew meanwhile, at its peak, in MiB.
        peer: Whether the other session was as it was before.
        served: Whether the program's port answered when its cell was done.
    """

    result: CellResult
    after: CellResult
    seconds: float
    growth_mb: float
    peer: bool
    served: bool

    @property
    def said(self) -> tuple[str, str]:
        """What the program itself says became of its aim, and how; nothing if it said nothing."""
        verdict = VERDICT.search(self.result.output)
        return (verdict[1], verdict[2]) if verdict else ("", "")


async def pay(interpreter: Interpreter, program: Program, canaries: Canaries, *, limit: float) -> Visit:
    """Let a program run in a session of its own, for `limit` seconds.

    Raises:
        InterpreterError: No kernel could be had.
    """
    async with contextlib.AsyncExitStack() as stack:
        peer = await stack.enter_async_context(opened(interpreter)) if program.peer else None
        if peer:
            await settle(peer, canaries)
        session = await stack.enter_async_context(opened(interpreter))
        async with peak_memory() as sizes:
            begun = time.monotonic()
            result = await session.run(program.cell(canaries.targets), seconds=limit)
            seconds = time.monotonic() - begun
        await asyncio.sleep(PAUSE)
        served = await is_served(canaries.targets.port)
        after = await session.run(NEXT_CELL, seconds=NEXT)
        if after.status == "died":  # the kernel was on its way out, and we were told
            after = await session.run(NEXT_CELL, seconds=NEXT)
        intact = peer is None or await is_intact(peer, canaries.secret)
    return Visit(result, after, seconds, max(sizes) - sizes[0], intact, served)


def reasons(visit: Visit, canaries: Canaries, key: str, *, limit: float) -> list[str]:
    """Say everything that shows that a program got further than it should."""
    said, detail = visit.said
    output = visit.result.output + visit.after.output
    mark = new_secret()
    fenced = fence("output", visit.result.output, mark)
    found = {
        detail: said == "ESCAPED",
        "it knows a secret": canaries.secret in output or key in output,
        f"it reached {', '.join(sorted(set(canaries.contacts)))}": bool(canaries.contacts),
        "its service answers": visit.served,
        "the other session suffered": not visit.peer,
        f"control was back after {visit.seconds:.2f} s": visit.seconds > limit + GRACE + BUSY,
        f"the next cell gave {visit.after.output[-80:]!r}": not answered(visit.after),
        f"the host grew by {visit.growth_mb:.0f} MiB": visit.growth_mb > MOST_GROWTH_MB,
        f"{len(visit.result.output):,} characters arrived": len(visit.result.output) > LONGEST_OUTPUT,
        "control characters arrived": bool(UNCLEAN.search(output)),
        "another cell's words arrived": "FORGED" in output,
        "it broke out of the fence": fenced.count(mark) != 2,
    }
    return [reason for reason, is_so in found.items() if is_so] + canaries.damage()


def answered(after: CellResult) -> bool:
    """Whether a cell that followed a hostile one ran as cells should, in the old kernel or a new one."""
    return after.status == "ok" and after.output.splitlines()[-1:] == ["42"] and after.seconds < NEXT


@contextlib.asynccontextmanager
async def opened(interpreter: Interpreter) -> AsyncIterator[Session]:
    """Open a session, and close it."""
    session = await interpreter.open()
    try:
        yield session
    finally:
        await session.aclose()


@contextlib.asynccontextmanager
async def peak_memory() -> AsyncIterator[list[float]]:
    """Follow this process's memory, in MiB."""
    sizes = [resident_mb()]

    async def follow() -> None:
        while True:
            await asyncio.sleep(0.02)
            sizes.append(resident_mb())

    following = asyncio.create_task(follow())
    try:
        yield sizes
    finally:
        following.cancel()
        sizes.append(resident_mb())


async def is_served(port: int) -> bool:
    """Whether someone answers on a port of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
