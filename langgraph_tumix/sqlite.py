"""LangGraph's SQLite checkpointer, for many writers at once: what comes together is committed together.

LangGraph's own asynchronous one hands each statement to a thread and back, four times for each node that ends, and
commits each by itself. Fifteen agents end side by side, so here one thread takes all that has come while it was busy,
and commits once. Tables and file are the same: either opens what the other has written.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.sqlite import SqliteSaver

CLOSED = "the checkpointer is closed: use the graph inside of the `async with` that opened it"

T = TypeVar("T")
_Work = tuple[Callable[[], Any], "asyncio.Future[Any]"]
_End = tuple[Any, Exception | None]
_Told = tuple["asyncio.Future[Any]", _End]


class GroupedSqliteSaver(SqliteSaver):
    """A checkpointer in an SQLite file; ``async with GroupedSqliteSaver.opened("runs.db") as saver``.

    What it was asked to write is in the file when the call returns, and survives that the process is killed; the last
    moments before a power cut may be lost. A write whose caller is cancelled is still made, whole. The methods that do
    not wait work as well, each by itself.

    >>> async def kept() -> bool:
    ...     async with GroupedSqliteSaver.opened(":memory:") as saver:
    ...         return await saver.aget_tuple({"configurable": {"thread_id": "new"}}) is not None
    >>> asyncio.run(kept())
    False
    """

    def __init__(self, conn: sqlite3.Connection, **options: Any) -> None:
        super().__init__(conn, **options)
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._waiting: list[_Work] = []
        self._guard = threading.Lock()
        self._grouping: int | None = None  # the thread that is at a group

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, path: Path | str) -> AsyncIterator["GroupedSqliteSaver"]:
        """Open a file, and close it when all that was asked for is written."""
        saver = cls(await asyncio.to_thread(_connected, path))
        try:
            yield saver
        finally:
            await asyncio.to_thread(saver.close)

    def close(self) -> None:
        """Wait until all that was asked for is written, and close the connection."""
        self._thread.shutdown()
        self.conn.close()

    @contextlib.contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """Give a cursor; what a group does with it is committed at the group's end."""
        with super().cursor(transaction and self._grouping != threading.get_ident()) as cursor:
            yield cursor

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, see `SqliteSaver.get_tuple`."""
        return await self._done(partial(self.get_tuple, config))

    async def alist(self, config: RunnableConfig | None, **options: Any) -> AsyncIterator[CheckpointTuple]:
        """Give checkpoints, the latest first, see `SqliteSaver.list`."""
        for found in await self._done(lambda: [*self.list(config, **options)]):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, see `SqliteSaver.put`."""
        return await self._done(partial(self.put, config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node has returned, see `SqliteSaver.put_writes`."""
        await self._done(partial(self.put_writes, config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread, see `SqliteSaver.delete_thread`."""
        await self._done(partial(self.delete_thread, thread_id))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what channels are made of, see `SqliteSaver.get_delta_channel_history`."""
        return await self._done(partial(self.get_delta_channel_history, config=config, channels=channels))

    async def _done(self, work: Callable[[], T]) -> T:
        """Have it done on the thread, with all that waits, and return its result.

        Raises:
            ProgrammingError: The checkpointer is closed.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._guard:
            if not self._waiting:
                try:
                    self._thread.submit(self._do_all)
                except RuntimeError:
                    raise sqlite3.ProgrammingError(CLOSED) from None
            self._waiting.append((work, result))
        return await result

    def _do_all(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting, []
        ends = self._ends([work for work, _ in group])
        told: dict[asyncio.AbstractEventLoop, list[_Told]] = {}
        for (_, result), end in zip(group, ends, strict=True):
            told.setdefault(result.get_loop(), []).append((result, end))
        for loop, results in told.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(_tell, results)

    def _ends(self, works: Sequence[Callable[[], Any]]) -> list[_End]:
        """Do all of it in one transaction; if something fails, each in one of its own, so that the others hold."""
        try:
            return [(result, None) for result in self._transaction(works)]
        except Exception as error:  # noqa: BLE001 - of whatever kind: who asked for it is told
            if len(works) == 1:
                return [(None, error)]
            return [end for work in works for end in self._ends([work])]

    def _transaction(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        self._grouping = threading.get_ident()
        try:
            results = [work() for work in works]
            with self.lock:
                self.conn.commit()
        except BaseException:
            self.conn.rollback()
            raise
        finally:
            self._grouping = None
        return results


def _connected(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA synchronous=NORMAL")  # SQLite's advice for the journal mode that LangGraph sets
    return connection


def _tell(results: Sequence[_Told]) -> None:
    for result, (value, error) in results:
        if result.done():  # whoever asked was cancelled
            continue
        if error is None:
            result.set_result(value)
        else:
            result.set_exception(error)
