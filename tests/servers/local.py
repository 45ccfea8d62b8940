"""What every local server needs: three ways to run, faults on demand, statistics."""

import asyncio
import contextlib
import signal
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, Self, TypeVar

from aiohttp import web

Fault = Literal["hang", "drip", "truncate", "cut", "double", "reset", "malformed"]
_DRIP = 0.02  # seconds between two bytes of a slow answer
_CHUNK = 64  # bytes of a body that is sent in chunks


def _chunks(body: bytes) -> list[bytes]:
    return [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]


_IN_CHUNKS: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "drip": _chunks,
    "cut": lambda body: _chunks(body[: len(body) // 2]),
    "double": lambda body: [chunk for chunk in _chunks(body) for _ in range(2)],
}

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an answer is sent, whatever it says.

    Attributes:
        status: HTTP status.
        headers: Further headers, such as ``Retry-After``.
        latency: Seconds before the first byte.
        pause: Seconds after each piece of a streamed answer but the last.
        fault: ``hang``: no byte is ever sent; ``reset``: the connection is reset before the first byte;
            ``truncate``: it is closed in the middle of the body, streamed or not; ``cut``: the same in the middle
            of a body that is sent in chunks; ``double``: such a body, each chunk twice; ``drip``: spaces come, one
            at a time and without end; ``malformed``: the JSON ends in its middle, though for HTTP the body is
            complete.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    pause: float = 0.0
    fault: Fault | None = None


@dataclass
class Stats:
    """What a server has seen.

    Attributes:
        requests: Requests received, however they ended.
        in_flight: Requests that wait for the last piece of their answer.
        peak: The most that `in_flight` has been.
        aborted: Requests whose client went away before the last piece.
    """

    requests: int = 0
    in_flight: int = 0
    peak: int = 0
    aborted: int = 0


class LocalServer(ABC):
    """A server on the loopback address, for tests and benchmarks.

    ``async with`` runs it in the running loop, ``with`` in a thread with a loop of its own, `serve` in the
    foreground of a process. An exception of a responder is answered with status 500 and raised again when
    the server stops, so that an assertion in a responder fails its test.

    Attributes:
        stats: What the server has seen.
        keep_alive: Whether a connection serves more than one request. Not by default: ChatOpenAI never closes
            its clients, and a connection that one of them keeps would be a ResourceWarning in a later test.
    """

    root = ""
    keep_alive = False
    stats: Stats

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._stop = asyncio.Event()
        self._raised: list[Exception] = []

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """What the server answers."""

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self._port}{self.root}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._runner.server.connections) if self._runner.server else 0

    def consult(self, responder: Callable[[RequestT], AnswerT], request: RequestT, otherwise: AnswerT) -> AnswerT:
        """The responder's answer, or `otherwise` if it raises."""
        try:
            return responder(request)
        except Exception as error:  # noqa: BLE001 - kept, and raised again when the server stops
            self._raised.append(error)
            return otherwise

    async def send(
        self,
        http: web.Request,
        answer: Answer,
        pieces: Sequence[bytes],
        *,
        content_type: str = "application/json",
        settle: Callable[[], None] = lambda: None,
    ) -> web.StreamResponse:
        """Send `pieces`, a single one as a body with a length, several as a stream, with the answer's fault.

        A sound answer is settled, and out of flight, before its last piece is sent: who holds the whole
        answer finds it in the statistics.
        """
        response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
        response.content_type = content_type
        if answer.fault == "malformed":
            pieces = [pieces[0][: len(pieces[0]) // 2] + b"\n\n"]
        if answer.fault and answer.fault in _IN_CHUNKS:
            pieces = _IN_CHUNKS[answer.fault](b"".join(pieces))
        elif len(pieces) == 1:
            response.content_length = len(pieces[0])
        if answer.fault == "truncate":
            body = b"".join(pieces)
            pieces = [body[: len(body) // 2]]
        with contextlib.suppress(ConnectionError, _Dropped):
            with self._flight():
                await asyncio.sleep(answer.latency)
                await self._before_last(http, response, answer, pieces[:-1])
                if answer.fault is None:
                    settle()
            await response.write(pieces[-1])
            if answer.fault in ("truncate", "cut") and http.transport:
                http.transport.close()
        return response

    async def _before_last(
        self, http: web.Request, response: web.StreamResponse, answer: Answer, pieces: Sequence[bytes]
    ) -> None:
        if answer.fault == "hang":
            await self._stop.wait()
        if answer.fault in ("hang", "reset"):
            _reset(http)
            raise _Dropped
        await response.prepare(http)
        while answer.fault == "drip":
            await response.write(b" ")
            await asyncio.sleep(_DRIP)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(answer.pause)

    @contextlib.contextmanager
    def _flight(self) -> Iterator[None]:
        self.stats.requests += 1
        self.stats.in_flight += 1
        self.stats.peak = max(self.stats.peak, self.stats.in_flight)
        try:
            yield
        except (asyncio.CancelledError, ConnectionError):
            self.stats.aborted += not self._stop.is_set()
            raise
        finally:
            self.stats.in_flight -= 1

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.add_routes(self.routes())
        if not self.keep_alive:
            app.on_response_prepare.append(_close_afterwards)
        # A handler ends when its client goes away; at the end, none is waited for.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._stop.set()
        await self._runner.cleanup()
        self._report(failure)

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._host(ready),), daemon=True)
        self._thread.start()
        ready.result()
        return self

    def __exit__(self, *failure: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._report(failure)

    async def _host(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self.__aenter__()
        except OSError as error:  # the port is taken: whoever waits for the server shall know
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await self._stop.wait()
        await self._runner.cleanup()

    def _report(self, failure: tuple[object, ...]) -> None:
        if self._raised and failure[0] is None:
            raise self._raised[0]


async def _close_afterwards(http: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    response.headers["Connection"] = "close"


class _Dropped(Exception):
    """The server itself has ended the connection."""


def _reset(http: web.Request) -> None:
    if http.transport is None:
        return
    # To close a socket that does not linger sends RST instead of FIN.
    http.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    http.transport.abort()


def serve(server: LocalServer) -> None:
    """Run `server` until SIGINT or SIGTERM; prints its URL as one line when it is ready."""
    server.keep_alive = True

    async def until_signal() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        async with server:
            print(server.url, flush=True)
            await stop.wait()

    asyncio.run(until_signal())
