"""The fork server's process as the host sees it: started behind its wall, talked to over a socket, ended."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from langgraph_tumix.interpreter.inside.terms import Terms, environment
from langgraph_tumix.interpreter.inside.wall import PLACE
from langgraph_tumix.interpreter.launch import INSIDE
from langgraph_tumix.interpreter.levels import outer_wall

LARGEST_MESSAGE = 1 << 16
START_SECONDS = 60.0  # pre-importing much on a busy machine takes a few of them
END_SECONDS = 2.0


class Refused(Exception):
    """The system does not allow some terms, and why."""


class ServerProcess:
    """A fork server's process.

    Args:
        terms: What it gives kernels.

    Raises:
        Refused: It cannot be started on these terms.
    """

    def __init__(self, terms: Terms) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - until it is ready, or has said why not
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        host = os.pidfd_open(os.getpid())
        try:
            self._process = _started(terms, (theirs.fileno(), host), self._complaints)
        except BaseException as error:
            self._control.close()
            self._complaints.close()
            if isinstance(error, FileNotFoundError | PermissionError):
                raise Refused(str(error)) from error
            raise
        finally:
            theirs.close()
            os.close(host)

    def about(self) -> Mapping[str, Any]:
        """Wait until it is ready, and give what it has to say of itself.

        Raises:
            Refused: It ended instead.
        """
        with self._complaints:
            said = self.receive(START_SECONDS)
            if "ready" in said:
                about: Mapping[str, Any] = said["ready"]
                return about
            self.end()
            self._complaints.seek(0)
            complaint = self._complaints.read(1000).decode(errors="replace").strip()
        raise Refused(said.get("unfit") or complaint or "it ended at its start, without a reason")

    def send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message, and descriptors along with it.

        Raises:
            OSError: The server has ended.
        """
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def signal(self, kernel: int, which: signal.Signals) -> None:
        """Have a kernel sent a signal; the event loop may call this."""
        message = json.dumps({"id": kernel, "signal": int(which)}).encode()
        with contextlib.suppress(OSError):
            self._control.sendmsg([message], [], socket.MSG_DONTWAIT)

    def receive(self, seconds: float | None = None) -> dict[str, Any]:
        """Wait for a message; it is empty when the server has ended.

        Raises:
            OSError: There was none in time.
        """
        self._control.settimeout(seconds)
        message = self._control.recv(LARGEST_MESSAGE)
        self._control.settimeout(None)
        return dict(json.loads(message)) if message else {}

    def hang_up(self) -> None:
        """Let it know that it is not needed any more; safe to call from any thread."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def kill(self) -> None:
        """End it even if it does not listen."""
        self._process.kill()

    def end(self) -> None:
        """End it, and wait until it has."""
        self._control.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _started(terms: Terms, descriptors: tuple[int, int], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-I", "-B", str(INSIDE), "inside.server", *map(str, descriptors), terms.packed()]
    return subprocess.Popen(  # noqa: S603 - our own program
        [*outer_wall(terms), *program],
        stdin=subprocess.DEVNULL,
        stdout=complaints,
        stderr=complaints,
        cwd="/",
        env=environment(PLACE),
        pass_fds=descriptors,
        start_new_session=True,
    )
