"""The desk of an evaluation on several machines: it keeps what all workers share, in one process.

Money, pace, and the questions under way. A worker keeps nothing, so nothing is lost with it: what it held is given
back, and another one goes on from what it had written down here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import BudgetExceeded
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.thread import settled
from langgraph_tumix.models.limiter import TooLate, Turn, lane, limiter
from langgraph_tumix.replay.files import Recorder
from langgraph_tumix.sqlite import GroupedSqliteSaver

Ask = tuple[str, int, float, float]
"""Question, ceiling, seconds until it is too late, and patience, as `Limiter.turn` takes them."""


@dataclass
class _Hold:
    """Something that a worker holds, or waits for, until it is released."""

    worker: str
    release: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    turn: Turn | None = None
    bill: Usage | None = None


class Desk:
    """What the workers share; each method is called by them from afar.

    Args:
        evaluation: What is evaluated.
        run: Its folder, on this machine.
    """

    def __init__(self, evaluation: Evaluation, run: RunFolder) -> None:
        self._account = Account(evaluation.usd)
        self._evaluation, self._run = evaluation, run
        self._holds: dict[str, _Hold] = {}
        self._recorders: dict[str, Recorder] = {}
        self._open = contextlib.AsyncExitStack()

    async def begin(self) -> None:
        """Open the database."""
        self._saver = await self._open.enter_async_context(GroupedSqliteSaver.opened(self._run.threads))

    async def end(self) -> None:
        """Close it."""
        await settled(self._saver)
        await self._open.aclose()

    async def spent_before(self, spent: Usage) -> None:
        """Enter in the account what earlier sessions have spent."""
        self._account.spent = spent

    async def state(self) -> tuple[Usage, bool, bool]:
        """Return what was spent, whether the account is empty, and whether all calls have come back since."""
        return self._account.spent, self._account.empty, self._account.still.is_set()

    async def saver(self, method: str, *arguments: Any) -> Any:
        """Call a method of the checkpointer."""
        return await getattr(self._saver, method)(*arguments)

    async def record(self, preset: str, method: str, *arguments: Any) -> None:
        """Record what happened to a question of a preset."""
        if preset not in self._recorders:
            self._recorders[preset] = Recorder(self._evaluation.recording(self._run, preset))
        await asyncio.to_thread(getattr(self._recorders[preset], method), *arguments)

    async def reserve(self, worker: str, ticket: str, worst: Usage) -> None:
        """Return once a call that costs so much at worst may be made."""
        await self._enter(ticket, hold := _Hold(worker), self._reserved(hold, worst))

    async def enter(
        self, worker: str, ticket: str, where: tuple[str, ...], ask: tuple[str, int, float, float]
    ) -> float:
        """Return 0 once a call may be sent; or for how many seconds none may, where that is too late.

        Args:
            worker: Who asks.
            ticket: Names the call.
            where: The lane.
            ask: What `Limiter.turn` is to be asked.
        """
        question, ceiling, seconds, patience = ask
        due = asyncio.get_running_loop().time() + seconds
        turn = limiter(lane(*where)).turn(question, ceiling, due, patience)
        try:
            await self._enter(ticket, hold := _Hold(worker), self._turn(hold, turn))
        except TooLate as error:
            return error.seconds
        return 0.0

    async def refused(self, ticket: str, wait: float | None) -> None:
        """Tell that the provider refused a call for coming too early."""
        if (hold := self._holds.get(ticket)) and hold.turn:
            hold.turn.refused(wait)

    async def release(self, ticket: str, bill: Usage | None = None) -> None:
        """End a hold, or the wait for it; `bill` is what the call has cost."""
        if hold := self._holds.pop(ticket, None):
            hold.bill = bill
            hold.release.set()
            if hold.task is not None:
                hold.task.cancel()

    async def lost(self, worker: str) -> None:
        """Release what a worker held. Its calls on their way may be billed: they count with what they cost at worst."""
        for ticket in [ticket for ticket, hold in self._holds.items() if hold.worker == worker]:
            await self.release(ticket)

    async def _enter(self, ticket: str, hold: _Hold, manager: contextlib.AbstractAsyncContextManager[object]) -> None:
        """Enter `manager` and stay in it until the ticket is released; return once in it."""
        within = asyncio.Event()

        async def stay() -> None:
            async with manager:
                hold.task = None  # from here on, a release ends it and nothing cancels it
                within.set()
                await hold.release.wait()

        self._holds[ticket] = hold
        hold.task = staying = asyncio.ensure_future(stay())
        entered = asyncio.ensure_future(within.wait())
        try:
            await asyncio.wait({staying, entered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            entered.cancel()
        if staying.done() and not within.is_set():
            self._holds.pop(ticket, None)
            staying.result()

    @contextlib.asynccontextmanager
    async def _turn(self, hold: _Hold, turn: contextlib.AbstractAsyncContextManager[Turn]) -> AsyncIterator[None]:
        async with turn as hold.turn:
            yield

    @contextlib.asynccontextmanager
    async def _reserved(self, hold: _Hold, worst: Usage) -> AsyncIterator[None]:
        while True:
            settled = asyncio.Event()
            try:
                self._account.reserve(worst, wake=settled.set)
                break
            except BudgetExceeded:
                try:
                    await settled.wait()
                finally:
                    self._account.forget(settled.set)
        try:
            yield
        finally:
            self._account.settle(worst, worst if hold.bill is None else hold.bill)
