"""Starting a kernel: a process with a private directory, and nothing of the host's environment.

This is the seam behind which a kernel comes into being. A `KernelProcess` says how to reach the kernel, how to signal
it, when it ended, and `launched` leaves nothing of it behind. `ColdKernel` works everywhere; where processes can be
forked safely there is `forkserver.ForkedKernel`, ten times as fast.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from langgraph_tumix.core.text import visible
from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.heir import bequeath
from langgraph_tumix.interpreter.inside.terms import CHANNELS, Connection, Terms, environment

INSTALL = "code execution needs ipykernel and jupyter-client: pip install ipykernel jupyter-client"
INSIDE = Path(__file__).with_name("inside")
CONNECTION_FILE = "kernel.json"
CONFIRM_SECONDS = 5.0  # between killing a kernel and being told that it has ended, at the most
LONGEST_FAILURE = 1000  # bytes
LONGEST_BASE = 60  # bytes; a unix socket's path may have about 100, and ours are up to 20 longer than the base

T = TypeVar("T")


class KernelProcess:
    """A kernel as the operating system sees it.

    Attributes:
        connection: What a Jupyter client needs to reach the kernel, in the form of a connection file.
        began: Done when the process runs, or cannot: then it raises InterpreterError.
        ended: Done when the process has ended, with its exit code; below 0 it is a signal's number.
        gone: Done when nothing is left of it.
        failure: What the kernel itself had to say about its end, if anything; known once it has ended.
    """

    connection: Connection
    failure = ""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.began: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._doomed = False

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, if it lets us."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and all of its process group, at once or as soon as it has begun."""
        self._doomed = True
        self._signal(signal.SIGKILL)

    def give_up(self) -> None:
        """Do what is left to do about a kernel that was killed, and whose end nobody confirms."""

    def _signal(self, number: signal.Signals) -> None:
        raise NotImplementedError

    def _tell(self, settle: Callable[[T], None], what: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody is waiting
            self._loop.call_soon_threadsafe(settle, what)

    def _tell_failure(self, error: Exception) -> None:
        self._tell(self.began.set_exception, InterpreterError(f"no kernel could be started: {error}"))


@contextlib.asynccontextmanager
async def launched(process: KernelProcess) -> AsyncIterator[KernelProcess]:
    """Wait for a kernel to begin, and on leaving end it and remove what it left.

    Raises:
        InterpreterError: The process could not be started.
    """
    try:
        await asyncio.shield(process.began)
        yield process
    finally:
        process.kill()
        signs: set[asyncio.Future[Any]] = {process.ended, process.gone}
        if not (await asyncio.wait(signs, timeout=CONFIRM_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
            process.give_up()
        await asyncio.wait({process.gone})


class ColdKernel(KernelProcess):
    """A kernel that starts from nothing.

    A thread of its own starts it, waits for its end and removes what it left. Nothing that happens to the event loop
    can come in between, and the thread lives as long as the process, which Linux wants of whoever is to be outlived
    by nothing (see `die_with_parent`).
    """

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._group: int | None = None
        threading.Thread(target=self._keep, args=(terms,), name="kernel", daemon=True).start()

    def _signal(self, number: signal.Signals) -> None:
        if self._group is not None and not self.ended.done():
            # macOS says "not permitted" of a group that has only zombies left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)

    def _keep(self, terms: Terms) -> None:
        try:
            with private_directory() as directory:
                self.connection = new_connection(directory)
                process = _spawn(directory, self.connection, terms)
                self._group = process.pid
                if self._doomed:
                    self.kill()
                self._tell(self.began.set_result, None)
                code = process.wait()
                self._signal(signal.SIGKILL)  # what the kernel started ends with it
                self.failure = _failure(directory)
                self._tell(self.ended.set_result, code)
        except Exception as error:  # noqa: BLE001 - someone is waiting to be told, whatever it was
            self._tell_failure(error)
        finally:
            self._tell(self.gone.set_result, None)


def check_installed() -> None:
    """Say early and plainly if there can be no kernel.

    Raises:
        ImportError: ipykernel is missing.
    """
    if importlib.util.find_spec("ipykernel") is None:
        raise ImportError(INSTALL)


def _spawn(directory: Path, connection: Connection, terms: Terms) -> subprocess.Popen[bytes]:
    check_installed()
    with open(os.open(directory / CONNECTION_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(connection, stream)
    # -I: nothing of the host's Python settings; -B: no bytecode written beside the host's modules.
    program = [sys.executable, "-I", "-B", str(INSIDE), "program.cold"]
    return subprocess.Popen(  # noqa: S603 - our own program
        [*program, str(directory / CONNECTION_FILE), json.dumps(terms.limits())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory / "work",
        env={**environment(directory), "JPY_PARENT_PID": str(os.getpid())},
        start_new_session=True,
    )


@contextlib.contextmanager
def private_directory() -> Iterator[Path]:
    """Make a kernel's directory, and remove it."""
    directory = new_directory()
    try:
        yield directory
    finally:
        remove(directory)


def new_directory() -> Path:
    """Make a directory for a kernel, with a path that is short enough for unix sockets below."""
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) > LONGEST_BASE:
        base = "/tmp"  # noqa: S108 - mkdtemp makes a new directory that is the user's own
    directory = Path(tempfile.mkdtemp(prefix="tumix-", dir=base))
    bequeath(directory)
    for name in ("work", "tmp", "jupyter"):
        (directory / name).mkdir(mode=0o700)
    return directory


def new_connection(directory: Path) -> Connection:
    """Choose where a kernel listens, and the key that messages are signed with."""
    connection: dict[str, str | int] = {
        "transport": "ipc",
        "ip": str(directory / "s"),
        "key": secrets.token_hex(32),
        "signature_scheme": "hmac-sha256",
    }
    for port, channel in enumerate((*CHANNELS, "hb"), 1):
        connection[f"{channel}_port"] = port
    return connection


def _failure(directory: Path) -> str:
    """Give what a kernel wrote about its end: a file that its code may have replaced by anything."""
    try:
        file = os.open(directory / "failure", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as stream:
            regular = stat.S_ISREG(os.fstat(file).st_mode)
            return visible(stream.read(LONGEST_FAILURE).decode(errors="replace")) if regular else ""
    except OSError:
        return ""


def remove(directory: Path) -> None:
    """Remove a kernel's directory, whatever it made of it."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():  # nested too deep for Python, or a cell took its own rights away
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            with contextlib.suppress(OSError):
                subprocess.run([*command, directory], stderr=subprocess.DEVNULL, check=False)  # noqa: S603 - our path
