"""One live kernel: run a cell within a limit, and have control back whatever the cell does."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.clean import Output
from langgraph_tumix.interpreter.client import Cell, HungUp, Stop

START_SECONDS = 60.0  # a machine that is starting many kernels needs a few of them
TAKE_UP_SECONDS = 2.0  # a kernel that is idle takes a cell up within milliseconds
GRACE_SECONDS = 0.75  # between asking a cell to stop and killing the kernel; with that it makes less than a second
DRAIN_SECONDS = 0.2  # for what a kernel sent just before its end

T = TypeVar("T")


@dataclass(frozen=True)
class Ending:
    """How a cell ended.

    Attributes:
        why: ``done``; ``raised``: its code raised; ``timeout``, ``flood`` or ``garbage``: it was stopped at its
            limit of time, of output, or because the kernel sent nonsense; ``died``: the kernel ended under it;
            ``ignored``: the kernel never took it up.
        alive: Whether the kernel can run another cell; if not, it has been killed.
        begun: Whether the kernel had taken the cell up.
    """

    why: Literal["done", "raised", "timeout", "flood", "garbage", "died", "ignored"]
    alive: bool
    begun: bool = True


class Process(Protocol):
    """Whatever a kernel is where it runs: `KernelProcess`, or something on another machine."""

    failure: str

    @property
    def ended(self) -> asyncio.Future[int] | asyncio.Future[str]:
        """Done when the kernel has ended: with its exit code, or with the reason in words."""
        ...

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, if it lets us."""
        ...

    def kill(self) -> None:
        """End the kernel."""
        ...


class Client(Protocol):
    """The conversation with a kernel; `KernelClient` says what each of them does."""

    async def ready(self) -> None: ...  # noqa: D102
    def send(self, code: str, output: Output) -> Cell: ...  # noqa: D102
    async def follow(self, cell: Cell) -> Stop | HungUp: ...  # noqa: D102


class Kernel:
    """A kernel and the conversation with it.

    Args:
        process: The kernel where it runs.
        client: The conversation.
        take_up_seconds: How long an idle kernel may take until it says that it has begun with a cell.
    """

    def __init__(self, process: Process, client: Client, *, take_up_seconds: float = TAKE_UP_SECONDS) -> None:
        self.process = process
        self._client = client
        self._take_up_seconds = take_up_seconds

    async def ready(self) -> None:
        """Wait until the kernel can run cells.

        Raises:
            InterpreterError: It ended instead, or kept silent.
        """
        ended = self.process.ended
        async with meanwhile(self._client.ready()) as answer:
            await _first(answer, ended, seconds=START_SECONDS)
            if answer.done() and answer.exception():  # perhaps because the kernel has ended, which explains more
                await _first(ended, seconds=DRAIN_SECONDS)
            if answer.done() and not ended.done():
                return answer.result()
        if not ended.done():
            raise InterpreterError(f"the kernel did not answer within {START_SECONDS:g} s of its start")
        reason = self.process.failure or "it left no reason"
        raise InterpreterError(f"the kernel ended at its start (exit code {ended.result()}): {reason}")

    async def execute(self, code: str, output: Output, *, seconds: float) -> Ending:
        """Run a cell for at most `seconds`, collecting what it gives in `output`.

        When it is time, the cell is asked to stop (SIGINT); if it has not within a second, the kernel is killed.
        """
        cell = self._client.send(code, output)
        why = await self._follow(cell, seconds)
        if why == "idle":
            return Ending("raised" if cell.raised else "done", alive=not self.process.ended.done())
        if why in ("timeout", "flood"):
            self.process.interrupt()
            if await self._follow(cell, GRACE_SECONDS) == "idle":
                return Ending(why, alive=not self.process.ended.done())
        self.process.kill()
        return Ending(why, alive=False, begun=cell.taken_up.done())

    async def _follow(self, cell: Cell, seconds: float) -> Stop | Literal["timeout", "died", "ignored"]:
        """Follow a cell until there is a reason to stop, for `seconds` at the most."""
        deadline = time.monotonic() + seconds
        ended = self.process.ended
        async with meanwhile(self._client.follow(cell)) as following:
            await _first(following, ended, cell.taken_up, seconds=min(seconds, self._take_up_seconds))
            if cell.taken_up.done():
                await _first(following, ended, seconds=deadline - time.monotonic())
            if ended.done():
                await _first(following, seconds=DRAIN_SECONDS)
            stop = following.result() if following.done() else None
        if stop == "hung up" and not ended.done():  # of a kernel's end, word may come a little later
            await _first(ended, seconds=DRAIN_SECONDS)
        if stop and stop != "hung up":
            return stop
        if ended.done():
            return "died"
        if stop:
            return "garbage"
        return "timeout" if cell.taken_up.done() or seconds <= self._take_up_seconds else "ignored"


async def _first(*futures: asyncio.Future[Any], seconds: float) -> None:
    """Wait for one of several things, and for no longer than `seconds`."""
    await asyncio.wait(futures, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)


@contextlib.asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Run something beside the body, and stop it with it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
