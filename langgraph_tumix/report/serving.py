"""A run's page on this machine, following the run while it goes on."""

import gzip
import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.report.document import as_json, live_page
from langgraph_tumix.report.payload import detail, summary
from langgraph_tumix.report.run import Run, read_run

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
FILES = ("run.json", "tasks.jsonl", "gold.jsonl", "results.jsonl")
HTML, JSON = "text/html; charset=utf-8", "application/json"

REST = 4.0
"""How many times longer than reading a run took it is left alone, so that a large one does not keep a core busy."""


@contextmanager
def serve(folder: Path | str, port: int = 0) -> Iterator[str]:
    """Serve a run's page to this machine alone, from threads of its own, and yield its address.

    Args:
        folder: The run's folder; the run may still go on.
        port: Where to listen; 0 takes a free one.

    Raises:
        ConfigError: The folder cannot be read, or the port cannot be had.
    """
    followed = Followed(Path(folder))
    try:
        server = _Server(port, followed)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"port {port} cannot be had ({error}): take another one, or 0 for any") from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="tumix view", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Seen:
    """A run as it was seen at one time: the run, its summary as packed JSON, and a name for that."""

    run: Run
    summary: bytes
    tag: str


class Followed:
    """A run that is read again when its files have changed, and rests in between.

    Attributes:
        seen: The run as it was seen last.

    Raises:
        ConfigError: The folder cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading = Lock()
        self._stamp = self._files()
        self.seen, self._due = self._look()

    def news(self) -> Seen:
        """Return the run, read again if it has changed and that is due; who asks while it is read gets the last one."""
        if self._reading.acquire(blocking=False):
            try:
                stamp = self._files()
                if stamp != self._stamp and time.monotonic() >= self._due:
                    (self.seen, self._due), self._stamp = self._look(), stamp
            except (ConfigError, OSError) as error:  # moved or deleted: what was seen stays on show
                logger.warning("the run could not be read again: %s", error)
            finally:
                self._reading.release()
        return self.seen

    def _look(self) -> tuple[Seen, float]:
        began = time.monotonic()
        run = read_run(self._folder)
        packed = gzip.compress(as_json(summary(run)).encode(), 3, mtime=0)
        ended = time.monotonic()
        return Seen(run, packed, f'"{hashlib.sha256(packed).hexdigest()[:16]}"'), ended + REST * (ended - began)

    def _files(self) -> list[tuple[int, int]]:
        paths = (self._folder / name for name in FILES)
        return [(stat.st_size, stat.st_mtime_ns) for path in paths if path.is_file() and (stat := path.stat())]


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a browser that keeps a connection open does not keep the program from ending

    def __init__(self, port: int, followed: Followed) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.followed = followed


class _Handler(BaseHTTPRequestHandler):
    """Answers GET: ``/`` the page, ``/summary`` the news, ``/question?id=`` a question's details."""

    server: _Server
    timeout = 30.0

    def do_GET(self) -> None:
        # Any other name that leads here belongs to a foreign page, which must not read the run (DNS rebinding).
        if self.headers.get("Host", "") not in {
            f"{name}:{self.server.server_port}" for name in (LOOPBACK, "localhost")
        }:
            self._send(HTTPStatus.FORBIDDEN, b"", HTML)
            return
        asked = urlsplit(self.path)
        match asked.path:
            case "/":
                self._send(HTTPStatus.OK, live_page().encode(), HTML)
            case "/summary":
                seen = self.server.followed.news()
                fresh = self.headers.get("If-None-Match") != seen.tag
                status = HTTPStatus.OK if fresh else HTTPStatus.NOT_MODIFIED
                self._send(status, seen.summary if fresh else b"", JSON, packed=fresh, tag=seen.tag)
            case "/question":
                self._question(parse_qs(asked.query).get("id", [""])[0])
            case _:
                self._send(HTTPStatus.NOT_FOUND, b"", HTML)

    def _question(self, id_: str) -> None:
        found = detail(self.server.followed.seen.run, id_)
        status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
        self._send(status, gzip.compress(as_json(found).encode(), 3), JSON, packed=True)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, *, packed: bool = False, tag: str = "") -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        headers |= {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        headers |= {"ETag": tag} if tag else {}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)
