"""A gateway that misbehaves on demand: its REST answers and its kernels do as the test says."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.local import LocalServer, Stats


class Channel:
    """A kernel's end of the websocket, while it plays one request."""

    def __init__(self, http: web.Request, socket: web.WebSocketResponse, request: dict[str, Any]) -> None:
        self.http = http
        self.socket = socket
        self.request = request

    @property
    def code(self) -> str:
        return str(self.request["content"].get("code", ""))

    async def send(self, kind: str, content: object, *, parent: str | None = None, channel: str = "iopub") -> None:
        parent = self.request["header"]["msg_id"] if parent is None else parent
        message = {"channel": channel, "msg_type": kind, "parent_header": {"msg_id": parent}, "content": content}
        await self.socket.send_json(message)

    async def state(self, state: str, *, parent: str | None = None) -> None:
        await self.send("status", {"execution_state": state}, parent=parent)

    async def say(self, text: object) -> None:
        await self.send("stream", {"name": "stdout", "text": text})

    def hang_up(self) -> None:
        assert self.http.transport
        self.http.transport.abort()


Play = Callable[[Channel], Awaitable[None]]
Create = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def echo(channel: Channel) -> None:
    """Do what a sound kernel does with a program that prints itself."""
    await channel.state("busy")
    if channel.code:
        await channel.say(channel.code)
    await channel.state("idle")


class FakeGateway(LocalServer):
    """A gateway for tests.

    Args:
        play: What a kernel does with a cell.
        greet: What it does when it is asked whether it is there.
        create: Answers the request for a kernel, in place of making one.
        connect: Answers the websocket's handshake, in place of accepting it.
        delete: The statuses that the first requests to delete a kernel are answered with.
        port: Where it listens; 0 for wherever there is room.

    Attributes:
        made: How many kernels were made.
        kernels: Those that have not been deleted.
        interrupts: How many interrupts were asked for.
        tokens: The ``Authorization`` of each request, "" for none.
    """

    keep_alive = True

    def __init__(
        self,
        play: Play = echo,
        *,
        greet: Play = echo,
        create: Create | None = None,
        connect: Create | None = None,
        delete: Sequence[int] = (),
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.stats = Stats()
        self.made = 0
        self.kernels: set[str] = set()
        self.interrupts = 0
        self.tokens: list[str] = []
        self._play = play
        self._greet = greet
        self._create = create or self.make
        self._refuse = connect
        self._refusals = list(delete)
        self._creating: set[asyncio.Future[web.StreamResponse]] = set()

    async def __aexit__(self, *failure: object) -> None:
        for creating in self._creating:
            creating.cancel()
        await super().__aexit__(*failure)

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/api/kernels", self._post),
            web.delete("/api/kernels/{id}", self._delete),
            web.post("/api/kernels/{id}/interrupt", self._interrupt),
            web.get("/api/kernels/{id}/channels", self._connect),
        ]

    async def make(self, _: web.Request) -> web.Response:
        self.made += 1
        kernel = f"kernel-{self.made}"
        self.kernels.add(kernel)
        return web.json_response({"id": kernel}, status=201)

    async def _post(self, http: web.Request) -> web.StreamResponse:
        self._note(http)
        # As in a Jupyter Server, a kernel is made even if nobody waits for the answer any more.
        creating: asyncio.Future[web.StreamResponse] = asyncio.ensure_future(self._create(http))
        self._creating.add(creating)
        creating.add_done_callback(self._creating.discard)
        return await asyncio.shield(creating)

    async def _delete(self, http: web.Request) -> web.Response:
        self._note(http)
        if self._refusals:
            return web.Response(status=self._refusals.pop(0))
        self.kernels.discard(http.match_info["id"])
        return web.Response(status=204)

    async def _interrupt(self, http: web.Request) -> web.Response:
        self._note(http)
        self.interrupts += 1
        return web.Response(status=204)

    async def _connect(self, http: web.Request) -> web.StreamResponse:
        self._note(http)
        if self._refuse:
            return await self._refuse(http)
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        async with asyncio.TaskGroup() as plays:
            async for frame in socket:
                assert frame.type is WSMsgType.TEXT
                request = json.loads(frame.data)
                play = self._greet if request["header"]["msg_type"] == "kernel_info_request" else self._play
                plays.create_task(_quietly(play(Channel(http, socket, request))))
        return socket

    def _note(self, http: web.Request) -> None:
        self.tokens.append(http.headers.get("Authorization", ""))


async def _quietly(play: Awaitable[None]) -> None:
    with contextlib.suppress(ConnectionError):
        await play
