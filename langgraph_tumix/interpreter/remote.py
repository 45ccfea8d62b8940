"""A kernel on a Jupyter gateway, talked to over a websocket.

One task, `RemoteKernel.live`, holds the kernel from its making to its deletion, so that whoever uses it may be
cancelled at any moment and the kernel still goes. Everything that arrives is read as it arrives: that answers the
gateway's pings, shows the kernel's end while no cell is running, and leaves nothing to pile up. What the kernel sends
is a stranger's, see `client`, and so is what the gateway says.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import aiohttp

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.clean import Output
from langgraph_tumix.interpreter.client import STRIKES, Cell, Stop, unpacked
from langgraph_tumix.interpreter.kernel import meanwhile
from langgraph_tumix.interpreter.rest import TROUBLE, Gateway

LARGEST_MESSAGE = 16 << 20  # bytes; a gateway sends a cell's code back, as much as 12 for a character of it
CLOSE_SECONDS = 0.5  # for the other side's goodbye
HEARTBEAT_SECONDS = 30.0  # keeps what is between here and there from closing a quiet connection
PROTOCOL = "5.3"
BROKEN = "the connection to the gateway broke"
ENDS = {
    "starting": "the gateway restarted it",
    "restarting": "the gateway restarted it",
    "autorestarting": "the gateway restarted it",
    "dead": "the gateway reports it dead",
}


class RemoteKernel:
    """One kernel on a gateway: both the `Process` and the `Client` of a `Kernel`.

    Attributes:
        ended: Done when the kernel has ended, or is out of reach: with the reason.
    """

    failure = ""

    def __init__(self, gateway: Gateway) -> None:
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._gateway = gateway
        self._session = uuid.uuid4().hex
        self._greeting = self._cell = Cell(uuid.uuid4().hex, Output(2))
        self._idle = ""  # the id of the cell that is done
        self._news = asyncio.Event()
        self._strikes = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        """Make the kernel, pass on what it sends until it has ended, then delete it."""
        async with self._gateway.connect() as self._http:
            try:
                self._kernel = await self._gateway.create(self._http)
            except TROUBLE as error:
                self._end(self._gateway.explain(error))
                return
            try:
                async with meanwhile(self._talk()) as talking:
                    ends: set[asyncio.Future[Any]] = {talking, self.ended}
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._end(BROKEN)
                await self._gateway.delete(self._http, self._kernel)

    async def ready(self) -> None:
        """Wait until the kernel executes, and everything that it publishes arrives here.

        Raises:
            InterpreterError: It ended instead, or kept silent, or could not be made.
        """
        seconds = self._gateway.start_seconds
        try:
            async with asyncio.timeout(seconds):
                while self._idle != self._greeting.id:
                    if self.ended.done():
                        raise InterpreterError(f"no kernel could be had: {self.ended.result()}")
                    await self._change()
        except TimeoutError:
            raise InterpreterError(
                f"no kernel could be had: the gateway at {self._gateway.url} had none ready within {seconds:g} s; "
                "if it has to start a machine first, allow more with start_seconds=..."
            ) from None

    def send(self, code: str, output: Output) -> Cell:
        """Ask for a cell to be executed."""
        self._cell = Cell(uuid.uuid4().hex, output)
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        self._request("execute_request", content | {"allow_stdin": False, "stop_on_error": False})
        return self._cell

    async def follow(self, cell: Cell) -> Stop:
        """Wait until a cell is done or has to be stopped; then it can be followed on. See `KernelClient.follow`."""
        flooded = cell.flooded
        while self._idle != cell.id:
            if self._strikes >= STRIKES:
                return "garbage"
            if not flooded and cell.flooded:
                return "flood"
            await self._change()
        return "idle"

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, if it lets us."""
        if not self.ended.done():
            self._begin(self._gateway.interrupt(self._http, self._kernel))

    def kill(self) -> None:
        """Have the kernel deleted."""
        self._end("it was deleted")

    async def _talk(self) -> None:
        connecting = self._http.ws_connect(
            f"{self._kernel}/channels",
            params={"session_id": self._session},
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            max_msg_size=LARGEST_MESSAGE,
            heartbeat=HEARTBEAT_SECONDS,
        )
        try:
            async with connecting as self._socket:
                self._request("kernel_info_request", {})
                await self._read()
        except TROUBLE as error:
            self._end(self._gateway.explain(error))

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:  # what is binary belongs to widgets
                try:
                    self._take(unpacked(frame.data.encode()))
                except Exception:  # noqa: BLE001 - unpacking what anyone may have made up can raise anything
                    self._strikes += 1
                self._news.set()
            if self._strikes >= STRIKES:
                self._end("it sent malformed messages")
                return
        too_big = self._socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        self._end(f"a message was larger than {LARGEST_MESSAGE >> 20} MiB" if too_big else BROKEN)

    def _take(self, message: Any) -> None:
        if message["channel"] != "iopub":
            return
        if message["msg_type"] == "status":
            state = message["content"]["execution_state"]
            if state in ENDS and (self._idle or state != "starting"):  # it does start once
                self._end(ENDS[state])
        if self._idle != self._cell.id and self._cell.take(message):  # what comes after a cell's end is dropped
            self._idle = self._cell.id

    def _request(self, kind: str, content: dict[str, Any]) -> None:
        header = {
            "msg_id": self._cell.id,
            "msg_type": kind,
            "username": "",
            "session": self._session,
            "date": datetime.now(UTC).isoformat(),
            "version": PROTOCOL,
        }
        rest = {"parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        self._begin(self._socket.send_str(json.dumps({"header": header, **rest}, ensure_ascii=False)))

    def _begin(self, request: Coroutine[Any, Any, None]) -> None:
        """Send something, and do not wait: that it failed shows in the kernel's silence."""

        async def quietly() -> None:
            with contextlib.suppress(*TROUBLE):
                await request

        task = asyncio.create_task(quietly())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
        self._news.set()

    async def _change(self) -> None:
        self._news.clear()
        await self._news.wait()
