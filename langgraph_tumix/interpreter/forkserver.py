"""The host's side of the fork server: it is started on the best terms, proven, asked for kernels, and ended.

A thread of its own holds the server, as it may serve several event loops and must outlive each. It ends when the last
`Lease` on it does, or with the host, however that ends.
"""

import concurrent.futures
import itertools
import logging
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.base import Isolation
from langgraph_tumix.interpreter.inside.terms import Connection, Terms
from langgraph_tumix.interpreter.launch import check_installed
from langgraph_tumix.interpreter.levels import choices, explain
from langgraph_tumix.interpreter.serverprocess import Refused, ServerProcess
from langgraph_tumix.interpreter.trial import TRIAL, proven
from langgraph_tumix.interpreter.users import Users

if TYPE_CHECKING:
    from langgraph_tumix.interpreter.forked import ForkedKernel

logger = logging.getLogger(__name__)


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
        self._users = Users()
        self._process: ServerProcess | None = None
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._keep, args=(wanted, terms), name="fork server", daemon=True).start()

    def close(self) -> None:
        """End the server and every kernel; safe to call from anywhere."""
        with self._lock:
            self._closed = True
            if self._process:
                self._process.hang_up()

    def fork(self, kernel: "ForkedKernel", connection: Connection, directory: Path, sockets: list[int]) -> int:
        """Ask for a kernel; this may block for a moment.

        Raises:
            InterpreterError: The server has ended.
        """
        number = next(self._ids)
        _, terms = self.ready.result()
        request = {"id": number, "connection": connection, **self._users.room(directory, terms)}
        with self._lock:
            if self._process is None:
                raise InterpreterError("the fork server has ended")
            self._kernels[number] = kernel
            try:
                self._process.send(request, sockets)
            except OSError as error:
                del self._kernels[number]
                raise InterpreterError("the fork server has ended") from error
        return number

    def signal(self, kernel: int, which: signal.Signals) -> None:
        """Send a kernel a signal, if it still runs."""
        if process := self._process:
            process.signal(kernel, which)

    def kill(self) -> None:
        """End the server's process, which no longer does what it is asked; its kernels end with it."""
        if process := self._process:
            process.kill()

    def _keep(self, wanted: str, terms: Terms) -> None:
        try:
            check_installed()
            isolation, terms = self._best(choices(wanted, terms))
            logger.info("code runs at isolation level %s: %s", isolation.level, isolation.why)
            self.ready.set_result((isolation, terms))
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
                return self._start(terms, refusals), terms
            except Refused as refusal:
                refusals.append(f"{explain(terms).name}: {refusal}")
                self._stop()
        raise Refused("; ".join(refusals) or "processes are forked safely on Linux only")

    def _start(self, terms: Terms, refusals: Sequence[str]) -> Isolation:
        """Start a server and put it to the test.

        Raises:
            Refused: It cannot be had on these terms.
        """
        self._process = process = ServerProcess(terms)
        if self._closed:  # it was closed before there was anything to hang up on
            process.hang_up()
        about = process.about()
        held = proven(process, terms, lambda directory: self._users.room(directory, terms))
        return explain(terms).isolation(held, refusals, about)

    def _listen(self) -> None:
        """Pass on what the server tells, until its end."""
        with suppress(OSError):
            while self._process and (message := self._process.receive()):
                with self._lock:
                    kernel = self._kernels.pop(message["ended"], None)
                if kernel:
                    kernel.has_ended(message["code"], message["failure"])

    def _stop(self) -> None:
        """End the process, and tell the kernels that they ended with it."""
        with self._lock:
            process, self._process = self._process, None
            kernels, self._kernels = self._kernels, {}
        if process:
            process.end()
        for kernel in kernels.values():
            kernel.has_ended(-signal.SIGKILL, "the fork server has ended")
