"""A worker of an evaluation on several machines: it does jobs, and has the desk keep whatever must outlive it."""

import asyncio
import contextlib
import math
import os
import uuid
from collections.abc import AsyncIterator, Hashable, Iterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from langgraph_tumix.background import finished
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.evaluate.answering import Answering
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.runner import Job
from langgraph_tumix.models.limiter import Lane, Limiter, TooLate, Turn, limit_elsewhere
from langgraph_tumix.models.pace import Pace
from langgraph_tumix.models.shared import SharedLedger
from langgraph_tumix.sqlite import GroupedSqliteSaver


class Worker:
    """Does jobs.

    Args:
        evaluation: What is evaluated.
        desk: The actor that keeps what all workers share.
        name: Unique among the workers.
    """

    def __init__(self, evaluation: Evaluation, desk: Any, name: str) -> None:
        self._evaluation, self._desk, self._name = evaluation, desk, name

    async def begin(self) -> int:
        """Get ready, and return the process's id."""
        limit_elsewhere(self._limiter)
        account, saver = SharedLedger(self._evaluation.usd, self._lease), DeskSaver(self._desk)
        make, scorer = (
            self._evaluation.make(saver, account, lambda name: DeskSink(self._desk, name)),
            self._evaluation.scorer(),
        )
        self._answering = Answering(make, saver, account, scorer, self._evaluation.seed)
        return os.getpid()

    async def end(self) -> None:
        """Wait for what was left to itself."""
        await finished()

    async def result(self, job: Job) -> dict[str, Any]:
        """Answer a job's question, from where it stands, and score the answer."""
        return await self._answering.result(job)

    async def paid(self, jobs: Sequence[Job]) -> Usage:
        """Return what jobs under way have cost so far."""
        return await self._answering.paid(jobs)

    async def discard(self, job: Job) -> None:
        """Forget a job whose result is kept."""
        await self._answering.discard(job)

    @contextlib.asynccontextmanager
    async def _lease(self, worst: Usage, bill: Usage) -> AsyncIterator[None]:
        ticket = uuid.uuid4().hex
        try:
            await self._desk.reserve.remote(self._name, ticket, worst)
            yield
        finally:
            self._desk.release.remote(ticket, bill)

    def _limiter(self, lane: Lane) -> "DeskLimiter | None":
        return DeskLimiter(self._desk, self._name, lane.where) if lane.where else None


class DeskTurn(Turn):
    """Leave to send one call, given by the desk."""

    def __init__(self, limiter: "DeskLimiter", tell: Any, ticket: str) -> None:
        super().__init__(limiter, asyncio.get_running_loop().time(), limiter.answered)
        self._tell, self._ticket = tell, ticket

    def refused(self, wait: float | None = None) -> bool:
        """Tell that the provider refused the call; whether it takes others is known of this worker's calls only."""
        self._tell.remote(self._ticket, wait)
        return super().refused(wait)


class DeskLimiter(Limiter):
    """The limiter of a lane that the desk keeps, for the calls of all workers together."""

    def __init__(self, desk: Any, worker: str, where: tuple[str, ...]) -> None:
        super().__init__(Pace())
        self._desk, self._worker, self._where = desk, worker, where

    @contextlib.asynccontextmanager
    async def turn(
        self, question: Hashable, ceiling: int, due: float = math.inf, patience: float = math.inf
    ) -> AsyncIterator[Turn]:
        """Wait for leave to send a call, and hold it while the body runs."""
        ticket = uuid.uuid4().hex
        ask = str(question), ceiling, due - asyncio.get_running_loop().time(), patience
        try:
            late = await self._desk.enter.remote(self._worker, ticket, self._where, ask)
            if late:
                raise TooLate(late)
            turn = DeskTurn(self, self._desk.refused, ticket)
            self._in_flight[turn] = None
            try:
                yield turn
            finally:
                del self._in_flight[turn]
        finally:
            self._desk.release.remote(ticket)


class DeskSink:
    """What a preset records in, at the desk. It is called from threads, and returns once all is written."""

    def __init__(self, desk: Any, preset: str) -> None:
        self._desk, self._preset = desk, preset

    def asked(self, *arguments: Any) -> None:
        """Record that a question was asked."""
        self._record("asked", arguments)

    def note(self, *arguments: Any) -> None:
        """Record a note."""
        self._record("note", arguments)

    def verdict(self, *arguments: Any) -> None:
        """Record what the judge said."""
        self._record("verdict", arguments)

    def reply(self, *arguments: Any) -> None:
        """Record what a request came back with."""
        self._record("reply", arguments)

    def end(self, *arguments: Any) -> None:
        """Record that a question is done."""
        self._record("end", arguments)

    def _record(self, method: str, arguments: tuple[Any, ...]) -> None:
        import ray

        ray.get(self._desk.record.remote(self._preset, method, *arguments))


class DeskSaver(BaseCheckpointSaver[str]):
    """The checkpointer that the desk keeps."""

    def __init__(self, desk: Any) -> None:
        super().__init__()
        self._desk = desk

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Return what follows a version, as the desk's own checkpointer would."""
        return GroupedSqliteSaver.get_next_version(self, current, channel)  # type: ignore[arg-type]

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint."""
        found: CheckpointTuple | None = await self._desk.saver.remote("aget_tuple", _bare(config))
        return found

    async def aput(self, config: RunnableConfig, checkpoint: Any, metadata: Any, new_versions: Any) -> RunnableConfig:
        """Write a checkpoint."""
        put: RunnableConfig = await self._desk.saver.remote(
            "aput", _bare(config), checkpoint, dict(metadata), dict(new_versions)
        )
        return put

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Write what tasks have written."""
        await self._desk.saver.remote("aput_writes", _bare(config), list(writes), task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread."""
        await self._desk.saver.remote("adelete_thread", thread_id)

    def list(self, *arguments: Any, **options: Any) -> Iterator[CheckpointTuple]:
        """List nothing: an evaluation does not look back."""
        raise NotImplementedError


def _bare(config: RunnableConfig) -> RunnableConfig:
    """Return what names a checkpoint; a running graph's configuration holds more, which cannot travel."""
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": {key: value for key, value in config.get("configurable", {}).items() if key in names}}
