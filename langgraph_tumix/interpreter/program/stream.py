"""What a cell prints, from Python or past it, in the order in which it was printed."""

# mypy: disable-error-code="no-untyped-call"

import codecs
import os
import select
import threading

from ipykernel.iostream import IOPubThread, OutStream
from jupyter_client.session import Session

CHUNK = 1 << 16  # characters of one stream message; also what a pipe holds, in bytes


class Stream(OutStream):
    """Standard output and standard error as one stream: their order is kept, and no message is too large.

    A writer that is too fast waits for the reader. What is written past Python, by child processes or C code,
    comes through a pipe. A thread reads it, and so does everyone who is about to write or to send: or the order
    would be lost, and what a child wrote last would come when its cell is over.
    """

    def __init__(self, session: Session, pub_thread: IOPubThread) -> None:
        super().__init__(session, pub_thread, "stdout", watchfd=False)
        self._pid = os.getpid()
        self._waiting = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._reading = threading.RLock()
        self._pipe, end = os.pipe()
        for standard in (1, 2):
            os.dup2(end, standard)
        os.close(end)
        threading.Thread(target=self._watch_pipe, daemon=True).start()

    def fileno(self) -> int:
        """Give the descriptor that leads here."""
        return 1

    def write(self, string: str) -> int:
        """Write text."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if os.getpid() != self._pid:  # a forked child, whose writing comes through the pipe
            os.write(1, string.encode("utf-8", "backslashreplace"))
            return len(string)
        self._read_pipe()
        self._write(string)
        return len(string)

    def flush(self) -> None:
        """Send all that was written until now."""
        if os.getpid() == self._pid:
            self._read_pipe()
            super().flush()

    def _write(self, text: str) -> None:
        for start in range(0, len(text), CHUNK):
            piece = text[start : start + CHUNK]
            super().write(piece)
            self._waiting += len(piece)
            if self._waiting >= CHUNK:
                self._waiting = 0
                super().flush()

    def _read_pipe(self) -> None:
        with self._reading:
            if select.select([self._pipe], [], [], 0)[0]:
                self._write(self._decoder.decode(os.read(self._pipe, CHUNK)))  # it holds no more

    def _watch_pipe(self) -> None:
        while select.select([self._pipe], [], []):
            self._read_pipe()
