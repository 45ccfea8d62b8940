"""Interpreters at every level of isolation that can be had on this machine."""

import contextlib
import functools
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.interpreter import Interpreter, JupyterInterpreter, Session

# "cold" is what there is where processes cannot be forked: kernels that start from nothing, at level process.
# Every day the two ends; all of them with TUMIX_TEST_LEVELS=all, which takes twice as long.
ALL = ("sandbox", "confined", "process", "cold")
LEVELS = ALL if os.environ.get("TUMIX_TEST_LEVELS") == "all" else ("sandbox", "cold")

Make = Callable[..., JupyterInterpreter]
_kept: dict[str, JupyterInterpreter] = {}  # what they share with others stays, and is not taken for a leak


def interpreter_at(level: str, **options: Any) -> JupyterInterpreter:
    """Make an interpreter, or skip the test if the level cannot be had here."""
    if reason := _missing(level):
        pytest.skip(reason)
    interpreter = JupyterInterpreter(isolation="process" if level == "cold" else level, **options)  # type: ignore[arg-type]
    if level == "cold":
        interpreter._cold = "a test wants it so"
    assert interpreter.isolation.level == ("process" if level == "cold" else level)
    return _kept.setdefault(f"{level} {options}", interpreter)


@functools.cache
def _missing(level: str) -> str:
    if level in ("sandbox", "confined"):
        try:
            assert JupyterInterpreter(isolation=level).isolation.level == level  # type: ignore[arg-type]
        except ConfigError as error:
            return str(error)
    return ""


@contextlib.asynccontextmanager
async def opened(interpreter: Interpreter) -> AsyncIterator[Session]:
    """Open a session, and close it."""
    session = await interpreter.open()
    try:
        yield session
    finally:
        await session.aclose()


async def answers(interpreter: Interpreter) -> str:
    """See that a session works; gives 42."""
    async with opened(interpreter) as session:
        return (await session.run("print(6 * 7)", seconds=30)).output
