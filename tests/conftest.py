"""What all tests share: no key of the host, and no connection to anywhere but this machine."""

import asyncio
import atexit
import gc
import ipaddress
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import looptime
import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would their own

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "TAVILY_API_KEY", "TAVILY_BASE_URL", "TUMIX_MODEL")

gc.disable()  # until all is collected
atexit.register(gc.freeze)  # a Python that ends would look through all there is, twice, before it forgets it

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the cores are the workers'; its threads would wait for one busily


def pytest_configure(config: pytest.Config) -> None:
    """Set how far property tests look: at the same few examples every day, or at many others each time."""
    if config.option.numprocesses:
        return  # xdist's own process runs no tests
    from hypothesis import settings

    settings.register_profile("everyday", max_examples=20, derandomize=True, deadline=None)
    settings.register_profile("thorough", max_examples=1000, deadline=None)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never in what has been imported and collected: that stays to the end."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True, scope="session")
def _no_keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for key in (*KEYS, "LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"):
            patch.delenv(key, raising=False)
        patch.setenv("LANGSMITH_TRACING", "false")
        yield


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse connections that leave this machine: a test that needs them would not be a test of this project."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise OSError(f"a test tried to connect to {address}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder in memory, where there is one: what a kill finds unwritten there hangs on no busy disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="tumix-test-") as folder:
        yield Path(folder)


@pytest.fixture
async def time_flies(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Wind the event loop's clock forward where all that is awaited is its time. Kernels and servers take theirs.

    A limit in such a test is to be long, a minute or an hour: threads take the time that they take.
    """
    if any(request.node.get_closest_marker(mark) for mark in ("kernel", "server")):
        yield
        return
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    flying = looptime.patch_event_loop(loop, _enabled=False)
    flying.setup_looptime(idle_step=0.01)  # a thread is waited for in real time, in steps of so many seconds
    with flying.looptime_enabled():
        yield
