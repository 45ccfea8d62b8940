"""Work that may end after the answer does: kernels that close, calls that are taken back."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")

_LEFT: set[asyncio.Task[Any]] = set()


def leave(work: Coroutine[Any, Any, Any] | asyncio.Task[Any]) -> None:
    """Let `work` come to its end by itself; what it raises is logged."""
    _follow(asyncio.ensure_future(work), logging.WARNING)


def _follow(task: asyncio.Task[Any], level: int) -> None:
    def ended(task: asyncio.Task[Any]) -> None:
        _LEFT.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.log(level, "left to itself, it failed: %r", error)

    _LEFT.add(task)
    task.add_done_callback(ended)


async def finished() -> None:
    """Wait for all that was left to itself on this event loop; then nothing of an earlier question is at work."""
    loop = asyncio.get_running_loop()
    while own := [task for task in _LEFT if task.get_loop() is loop]:
        await asyncio.wait(own)


async def abandonable(work: Coroutine[Any, Any, T], *, patience: float = 0.0) -> T:
    """Await `work`; if this is cancelled, so is `work`, but its unwinding is waited for no longer than `patience`.

    Args:
        work: What may take its time to unwind, such as a program whose kernel has to be killed.
        patience: Seconds.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=patience)
        finally:
            _follow(task, logging.DEBUG)  # how it fails once nobody wants it does not matter
        raise
    return task.result()
