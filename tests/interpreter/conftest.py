"""A place of its own for the kernels of each test, so that what they leave can be counted."""

import functools
import gc
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from langgraph_tumix.interpreter import Session
from langgraph_tumix.interpreter.heir import bequeath
from langgraph_tumix.interpreter.lease import _leases
from tests.interpreter.levels import LEVELS, Make, interpreter_at


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory under which kernels have theirs."""
    gc.collect()  # what earlier tests forgot ends now, and not while traces are counted
    for _ in range(100):
        if sum(thread.name == "fork server" for thread in threading.enumerate()) <= len(_leases):
            break
        time.sleep(0.01)
    directory = tempfile.mkdtemp(prefix="t-", dir="/tmp")
    monkeypatch.setattr(tempfile, "tempdir", directory)
    bequeath(Path(directory))  # from now on there is an heir, and it is not taken for a leak
    yield Path(directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="module", params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    """Each level of isolation in turn."""
    return str(request.param)


@pytest.fixture
def make(level: str) -> Make:
    """Make interpreters at the level."""
    return functools.partial(interpreter_at, level)


@pytest.fixture(scope="module")
async def session(level: str) -> AsyncIterator[Session]:
    """A session that the tests of a module share, at each level: none of them may lose the kernel."""
    session = await interpreter_at(level, processes=16).open()
    yield session
    await session.aclose()
