"""Talking to a kernel through jupyter_client: send a cell, follow what comes of it.

The kernel is not trusted. Code in it holds the signing key and can send whatever it likes, so each message is
unpacked as a stranger's: what is not understood counts against the kernel, and no message may be large. (One gap is
libzmq's: it limits each part of a message but gathers any number of parts, so code that speaks to its sockets on
purpose can make this process grow.) Only the iopub channel is read. The replies on the shell channel say nothing that
iopub does not; the few that fit into the queue stay there and the rest are dropped where they came from.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter.clean import Output, describe, shorten
from langgraph_tumix.interpreter.inside.terms import Connection
from langgraph_tumix.interpreter.launch import INSTALL

if TYPE_CHECKING:
    from zmq.asyncio import Context

LARGEST_MESSAGE = 2 << 20  # bytes; libzmq hangs up on a kernel that sends more
QUEUE = 4  # messages that may wait in this process; the kernel is held up by a full queue
RECONNECT_MS = 20  # a kernel that is starting has no sockets yet, and libzmq's own pace of 100 ms would cost as much
MOST_RECEIVED = 10_000_000  # characters of one cell; nobody prints so much on purpose
MOST_PARTS = 10_000
STRIKES = 8  # messages that made no sense, until the kernel is given up
LONGEST_TRACEBACK = 4000  # characters

Stop = Literal["idle", "flood", "garbage"]


@dataclass
class Cell:
    """A cell under way.

    Attributes:
        id: The request's id, which all that belongs to the cell refers to.
        output: Where what it gives is collected.
        taken_up: Done once the kernel says that it has begun.
        raised: Whether the code raised.
    """

    id: str
    output: Output
    taken_up: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    raised: bool = False

    @property
    def flooded(self) -> bool:
        """Whether it gave more than anybody prints on purpose."""
        return self.output.received > MOST_RECEIVED or self.output.parts > MOST_PARTS

    def take(self, message: Any) -> bool:
        """Take one iopub message; says whether it ends the cell, raises if it is malformed."""
        if message["parent_header"].get("msg_id") != self.id:
            return False
        content = message["content"]
        match message["msg_type"]:
            case "status" if content["execution_state"] == "idle":
                return True
            case "status" if not self.taken_up.done():
                self.taken_up.set_result(None)
            case "stream":
                self.output.write(content["text"])
            case "execute_result" | "display_data" | "update_display_data":
                self.output.write_block(describe(content["data"]))
            case "error":
                self.output.write_block(shorten("\n".join(content["traceback"]), LONGEST_TRACEBACK))
                self.raised = True
        return False


class KernelClient:
    """One kernel's requests and messages."""

    def __init__(self, connection: Connection, context: "Context") -> None:
        from jupyter_client.asynchronous.client import AsyncKernelClient

        self._strikes = 0
        self._client = AsyncKernelClient(context=context)
        self._client.load_connection_info(cast("Any", dict(connection)))
        self._client.session.digest_history_size = 0  # a replayed message is no worse than a new one
        try:
            self._client.start_channels(stdin=False, hb=False, control=False)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the channels; what waits in them is dropped."""
        from zmq import ZMQError

        for channel in ("iopub_channel", "shell_channel"):
            with contextlib.suppress(ZMQError):  # it could not even be opened
                getattr(self._client, channel).stop()

    async def ready(self) -> None:
        """Wait until the kernel executes, and everything that it publishes arrives here."""
        while (await self._client.get_iopub_msg())["msg_type"] != "iopub_welcome":
            pass
        # Only now that iopub is known to be connected: what was published before is lost.
        await self.follow(Cell(self._client.kernel_info(), Output(limit=2)))

    def send(self, code: str, output: Output) -> Cell:
        """Ask for a cell to be executed."""
        return Cell(self._client.execute(code, allow_stdin=False, stop_on_error=False), output)

    async def follow(self, cell: Cell) -> Stop:
        """Collect what a cell gives, until it is done or has to be stopped; then it can be followed on.

        Returns:
            ``idle``: it is done; ``flood``: it gave too much; ``garbage``: the kernel makes no sense.
        """
        flooded = cell.flooded
        while True:
            try:
                if cell.take(await self._client.get_iopub_msg()):
                    return "idle"
            except Exception:  # noqa: BLE001 - unpacking what anyone may have made up can raise anything
                self._strikes += 1
            if self._strikes >= STRIKES:
                return "garbage"
            if not flooded and cell.flooded:
                return "flood"


class Connections:
    """The clients of one event loop: they share a zmq context, which is there only while one of them is."""

    def __init__(self) -> None:
        self._context: Context | None = None
        self._clients = 0

    @contextlib.asynccontextmanager
    async def connect(self, connection: Connection) -> AsyncIterator[KernelClient]:
        """Connect to a kernel, which may still be starting, and close everything on leaving.

        Raises:
            InterpreterError: A library is missing, or no more sockets are to be had.
        """
        await asyncio.to_thread(_load_libraries)
        self._clients += 1
        try:
            with contextlib.closing(self._client(connection)) as client:
                yield client
        finally:
            self._clients -= 1
            if not self._clients and self._context:
                context, self._context = self._context, None
                await asyncio.to_thread(context.term)

    def _client(self, connection: Connection) -> KernelClient:
        from zmq import ZMQError

        try:
            self._context = self._context or _new_context()
            return KernelClient(connection, self._context)
        except ZMQError as error:
            raise InterpreterError(f"no connection to a kernel could be made: {error}") from error


def _load_libraries() -> None:
    """Import what takes 0.2 s to import, where that holds nobody up."""
    try:
        import jupyter_client.asynchronous.client  # noqa: F401
        import zmq.asyncio  # noqa: F401
    except ImportError as error:
        raise InterpreterError(INSTALL) from error


def _new_context() -> "Context":
    import zmq.asyncio

    context = zmq.asyncio.Context()
    context.setsockopt(zmq.RCVHWM, QUEUE)
    context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
    context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    return context
