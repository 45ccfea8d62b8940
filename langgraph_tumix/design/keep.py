"""What was designed for a task, kept in LangGraph's store: namespaced, versioned, with its evidence."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Literal
from weakref import WeakValueDictionary

from langgraph.store.base import BaseStore
from typing_extensions import TypedDict

from langgraph_tumix.design.report import Report

FORMAT = 1
NAMESPACE = ("tumix", "designed")

_MOST_REVISIONS = 1000
_PATIENCE = 0.05  # seconds between two looks at whether the design of another has ended


class Record(TypedDict):
    """One design as it is kept.

    Attributes:
        format: Of this record.
        revision: 1 for the first design of a task, and one more for each later decision or design.
        status: ``decided``, or ``waiting`` for a person's approval.
        report: What was proposed, what was found, who was admitted.
    """

    format: int
    revision: int
    status: Literal["decided", "waiting"]
    report: Report


async def load(store: BaseStore, key: str) -> Record | None:
    """Return the latest record of a task, None if there is none that this version can read."""
    items = await store.asearch((*NAMESPACE, key), limit=_MOST_REVISIONS)
    records = [item.value for item in items if item.value.get("format") == FORMAT]
    latest = max(records, key=lambda record: int(record["revision"]), default=None)
    return None if latest is None else Record(**latest)  # type: ignore[typeddict-item]


async def save(
    store: BaseStore, key: str, report: Report, status: Literal["decided", "waiting"], revision: int
) -> Record:
    """Keep a report as the record with this revision, and return it."""
    record = Record(format=FORMAT, revision=revision, status=status, report=report)
    await store.aput((*NAMESPACE, key), f"{revision:06d}", dict(record), index=False)
    return record


class _Claim:
    def __init__(self) -> None:
        self.lock = threading.Lock()


_CLAIMS: WeakValueDictionary[tuple[int, str], _Claim] = WeakValueDictionary()


@contextlib.asynccontextmanager
async def alone(store: BaseStore, key: str, *, seconds: float | None) -> AsyncIterator[None]:
    """Hold off others in this process who would design for the same task at the same time, on whichever loop.

    Raises:
        TimeoutError: It was held off itself for so many seconds.
    """
    claim = _CLAIMS.setdefault((id(store), key), _Claim())
    # Not an asyncio.Lock, which belongs to one loop; and not a wait in a thread, which would take one from the tools.
    async with asyncio.timeout(seconds):
        while not claim.lock.acquire(blocking=False):  # noqa: ASYNC110 - see above
            await asyncio.sleep(_PATIENCE)
    try:
        yield
    finally:
        claim.lock.release()
