"""The host's side of the fork server: it is started, proven, asked for kernels, and ended.

A thread of its own holds the server, as it may serve several event loops and must outlive each. It ends when the last
`Lease` on it does, or with the host, however that ends.
"""

import concurrent.futures
import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.base import Isolation
from langgraph_tumix.interpreter.inside.terms import Connection, Terms, environment
from langgraph_tumix.interpreter.inside.wall import PLACE
from langgraph_tumix.interpreter.launch import check_installed, new_directory, remove
from langgraph_tumix.interpreter.levels import choices, expected, explain, outer_wall

if TYPE_CHECKING:
    from langgraph_tumix.interpreter.forked import ForkedKernel

INSIDE = Path(__file__).with_name("inside")
LARGEST_MESSAGE = 1 << 16
END_SECONDS = 2.0
START_SECONDS = 60.0  # pre-importing much on a busy machine takes a few of them
TRIAL = 0  # the id of what is forked to try the isolation
FREE_USERS = range(0x70000000, 0x7FFF0000)  # numbers that nobody hands out
FEW_FREE_USERS = range(40_000, 60_000)  # the same in a container that has not all of them


class Refused(Exception):
    """The system does not allow some terms, and why."""


@dataclass
class _Running:
    """A fork server's process and the socket to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket


class ForkServer:
    """A fork server, on the strongest terms that can be had.

    Args:
        wanted: A level, or ``auto``.
        terms: All else that kernels run on.

    Attributes:
        ready: Done when it is known what can be had: the isolation, and the terms it rests on. It raises `Refused`
            if none of them can, and InterpreterError if something else went wrong.
        dead: Whether the server has ended.
    """

    def __init__(self, wanted: str, terms: Terms) -> None:
        self.ready: concurrent.futures.Future[tuple[Isolation, Terms]] = concurrent.futures.Future()
        self.dead = False
        self._kernels: dict[int, ForkedKernel] = {}
        self._ids = itertools.count(TRIAL + 1)
        self._users = _free_users()
        self._running: _Running | None = None
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._keep, args=(wanted, terms), name="fork server", daemon=True).start()

    def close(self) -> None:
        """End the server and every kernel; safe to call from anywhere."""
        with self._lock:
            self._closed = True
            if self._running:
                with contextlib.suppress(OSError):
                    self._running.control.shutdown(socket.SHUT_RDWR)

    def fork(self, kernel: "ForkedKernel", connection: Connection, directory: Path, sockets: list[int]) -> int:
        """Ask for a kernel; this may block for a moment.

        Raises:
            InterpreterError: The server has ended.
        """
        number = next(self._ids)
        _, terms = self.ready.result()
        request = {"id": number, "connection": connection, **self._room(directory, terms)}
        with self._lock:
            self._kernels[number] = kernel
            try:
                self._send(request, sockets)
            except OSError as error:
                del self._kernels[number]
                raise InterpreterError("the fork server has ended") from error
        return number

    def signal(self, number: int, which: signal.Signals) -> None:
        """Send a kernel a signal, if it still runs."""
        message = json.dumps({"id": number, "signal": int(which)}).encode()
        if running := self._running:
            with contextlib.suppress(OSError):
                running.control.sendmsg([message], [], socket.MSG_DONTWAIT)  # the event loop calls this

    def _send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        if not (running := self._running):
            raise BrokenPipeError("the fork server has ended")
        socket.send_fds(running.control, [json.dumps(message).encode()], descriptors)

    def _keep(self, wanted: str, terms: Terms) -> None:
        try:
            check_installed()
            self.ready.set_result(self._best(choices(wanted, terms)))
            self._listen()
        except Exception as error:  # noqa: BLE001 - someone is waiting to be told, whatever it was
            refused = isinstance(error, Refused)
            self.ready.set_exception(error if refused else InterpreterError(f"no kernel could be started: {error}"))
        finally:
            self.dead = True
            self._stop()

    def _best(self, ladder: Sequence[Terms]) -> tuple[Isolation, Terms]:
        """Start a server on the first terms that can be had."""
        refusals: list[str] = []
        for terms in ladder:
            if self._closed:
                raise Refused("nobody needs it any more")
            try:
                about = self._begin(terms)
                return explain(terms).isolation(self._proven(terms), refusals, about), terms
            except Refused as refusal:
                refusals.append(f"{explain(terms).name}: {refusal}")
                self._stop()
        raise Refused("; ".join(refusals) or "processes are forked safely on Linux only")

    def _begin(self, terms: Terms) -> dict[str, Any]:
        """Start a server; gives what it has to say of itself.

        Raises:
            Refused: It ended, or cannot be started on these terms.
        """
        with tempfile.TemporaryFile() as complaints:
            try:
                self._running = _started(terms, complaints)
            except (FileNotFoundError, PermissionError) as error:
                raise Refused(str(error)) from error
            if self._closed:  # it was closed before there was anything to shut down
                self.close()
            said = self._receive(START_SECONDS)
            if "ready" in said:
                about: dict[str, Any] = said["ready"]
                return about
            self._stop()
            complaints.seek(0)
            complaint = complaints.read(1000).decode(errors="replace").strip()
        raise Refused(said.get("unfit") or complaint or "it ended at its start, without a reason")

    def _proven(self, terms: Terms) -> list[str]:
        """Try what code must not be able to do where kernels would run; says what was held off.

        Raises:
            Refused: Something was not.
        """
        with _marks(terms) as marks:
            self._send({"id": TRIAL, "connection": {}, "trial": marks, **self._room(Path(marks["place"]), terms)})
            said = self._receive(START_SECONDS)
            ended = said if "ended" in said else self._receive(START_SECONDS)
        if "proved" not in said:
            raise Refused(ended.get("failure") or f"the self-test ended with code {ended.get('code')}")
        held = {name for name, is_held in said["proved"].items() if is_held}
        if missing := expected(terms, marks["file"]) - held:
            raise Refused(f"the self-test found open: {', '.join(sorted(missing))}")
        return sorted(held)

    def _room(self, directory: Path, terms: Terms) -> dict[str, Any]:
        """Choose a kernel's user, and make its directory that user's."""
        user = 0
        if terms.level in ("sandbox", "confined") and os.geteuid() == 0:
            user = next(self._users)
        if user and terms.level == "confined":
            for path in (directory, *filter(Path.is_dir, directory.iterdir())):
                os.chown(path, user, user)
        return {"place": str(directory), "user": user}

    def _receive(self, seconds: float | None = None) -> dict[str, Any]:
        """Wait for a message; it is empty when the server has ended."""
        if not (running := self._running):
            return {}
        running.control.settimeout(seconds)
        message = running.control.recv(LARGEST_MESSAGE)
        running.control.settimeout(None)
        return dict(json.loads(message)) if message else {}

    def _listen(self) -> None:
        """Pass on what the server tells, until its end."""
        with contextlib.suppress(OSError):
            while message := self._receive():
                with self._lock:
                    kernel = self._kernels.pop(message["ended"], None)
                if kernel:
                    kernel.has_ended(message["code"], message["failure"])

    def _stop(self) -> None:
        """End the process, and tell the kernels that they ended with it."""
        with self._lock:
            running, self._running = self._running, None
            kernels, self._kernels = self._kernels, {}
        if running:
            running.control.close()
            try:
                running.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
        for kernel in kernels.values():
            kernel.has_ended(-signal.SIGKILL, "the fork server has ended")


def _started(terms: Terms, complaints: IO[bytes]) -> _Running:
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    host = os.pidfd_open(os.getpid())
    program = [sys.executable, "-I", "-B", str(INSIDE), str(theirs.fileno()), str(host), terms.packed()]
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*outer_wall(terms), *program],
            stdin=subprocess.DEVNULL,
            stdout=complaints,
            stderr=complaints,
            cwd="/",
            env=environment(PLACE),
            pass_fds=(theirs.fileno(), host),
            start_new_session=True,
        )
    except BaseException:
        control.close()
        raise
    finally:
        theirs.close()
        os.close(host)
    return _Running(process, control)


class Lease:
    """A share in a fork server, which ends with the last of them."""

    def __init__(self, server: ForkServer) -> None:
        self.server = server

    def __del__(self) -> None:
        self.server.close()


_leases: WeakValueDictionary[tuple[str, Terms], Lease] = WeakValueDictionary()
_leasing = threading.Lock()


def lease(wanted: str, terms: Terms) -> Lease:
    """Share the fork server for a level and terms, or start it."""
    with _leasing:
        found = _leases.get((wanted, terms))
        if found is None or found.server.dead:
            found = _leases[wanted, terms] = Lease(ForkServer(wanted, terms))
        return found


def _free_users() -> Iterator[int]:
    """Give one number after another that no user has; unlike a generator, to several threads at a time."""
    users = FREE_USERS
    with contextlib.suppress(OSError):
        first, _, length = Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:3]
        if int(first) + int(length) < users.stop:
            users = FEW_FREE_USERS
    start = secrets.randbelow(len(users))
    return map(lambda step: users[step % len(users)], itertools.count(start))  # noqa: C417 - see above


@contextlib.contextmanager
def _marks(terms: Terms) -> Iterator[dict[str, Any]]:
    """Set up what the self-test aims at."""
    directory = new_directory()
    try:
        (directory / "open").mkdir()
        (directory / "open").chmod(0o777)
        directory.chmod(0o711)
        mark = directory / "mark"
        mark.write_bytes(b"read")
        mark.chmod(0o644)
        place = directory / "p"
        place.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"\0{directory}")
            unix.listen()
            yield {
                "file": str(mark),
                "folder": str(directory / "open"),
                "place": str(place),
                "host": os.getpid(),
                "port": tcp.getsockname()[1],
                "abstract": str(directory),
                "variables": sorted(environment(PLACE)),
                "memory_mb": terms.memory_mb,
                "disk_mb": terms.disk_mb,
            }
    finally:
        remove(directory)
