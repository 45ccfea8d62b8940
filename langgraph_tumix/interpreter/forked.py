"""A kernel that was forked: its directory, its sockets, and the way to signal it, all through the fork server."""

import contextlib
import signal
import socket
import threading
from pathlib import Path

from langgraph_tumix.interpreter.forkserver import ForkServer
from langgraph_tumix.interpreter.inside.terms import CHANNELS, Connection
from langgraph_tumix.interpreter.launch import KernelProcess, new_connection, new_directory, remove

BACKLOG = 8


class ForkedKernel(KernelProcess):
    """A kernel that is forked from a server.

    Args:
        server: Which must be ready.
        home: A directory and an address that are there already and that will be needed again.
    """

    def __init__(self, server: ForkServer, home: tuple[Path, Connection] | None = None) -> None:
        super().__init__()
        self._server = server
        self._number: int | None = None
        self._home = home
        self._directory: Path | None = None  # to be removed with the kernel
        threading.Thread(target=self._begin, name="kernel", daemon=True).start()

    def has_ended(self, code: int, failure: str) -> None:
        """Take note of the end; called by the server."""
        self.failure = failure
        self._tell(self.ended.set_result, code)
        threading.Thread(target=self._clear, name="kernel", daemon=True).start()

    def give_up(self) -> None:
        """Kill the server: it was stopped by code that could do so, or it would have told of the end."""
        self._server.kill()

    def _begin(self) -> None:
        try:
            if self._home:
                directory, self.connection = self._home
            else:
                directory = self._directory = new_directory()
                self.connection = new_connection(directory)
            with contextlib.ExitStack() as stack:
                sockets = [stack.enter_context(_listening(self.connection, channel)).fileno() for channel in CHANNELS]
                self._number = self._server.fork(self, self.connection, directory, sockets)
            if self._doomed:
                self.kill()
            self._tell(self.began.set_result, None)
        except Exception as error:  # noqa: BLE001 - someone is waiting to be told, whatever it was
            self._tell_failure(error)
            self._clear()

    def _signal(self, number: signal.Signals) -> None:
        if self._number is not None and not self.ended.done():
            self._server.signal(self._number, number)

    def _clear(self) -> None:
        if self._directory:
            remove(self._directory)
        self._tell(self.gone.set_result, None)


def _listening(connection: Connection, channel: str) -> socket.socket:
    path = Path(f"{connection['ip']}-{connection[f'{channel}_port']}")
    path.unlink(missing_ok=True)  # of a kernel that was there before
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
