"""Talking to a kernel in Jupyter's protocol: send a cell, follow what comes of it.

The messages are `jupyter_client`'s, the transport is `zmtp`. The kernel is not trusted. Code in it holds the signing
key and can send whatever it likes, so each message is unpacked as a stranger's: what is not understood counts against
the kernel, and no message may be large, or of so many pieces that unpacking it would hold up the event loop. Only the
iopub channel is read. The replies on the shell channel say nothing that iopub does not, and stay where they came from.
"""

import asyncio
import contextlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter import zmtp
from langgraph_tumix.interpreter.clean import Output, describe, shorten
from langgraph_tumix.interpreter.inside.terms import Connection
from langgraph_tumix.interpreter.launch import INSTALL

MOST_RECEIVED = 10_000_000  # characters of one cell; nobody prints so much on purpose
MOST_PARTS = 10_000
FIRST_PATIENCE = 1.0  # seconds; a kernel that starts from nothing answers in half of it, on a machine that is idle
STRIKES = 8  # messages that made no sense, until the kernel is given up
LONGEST_TRACEBACK = 4000  # characters
LONGEST_HEADER = 1 << 10  # bytes; jupyter_client looks for dates in it, and takes its time over each
MOST_PIECES = 1 << 14  # values and names of a JSON text; 1 MB of nothing but [] would take 0.1 s to unpack
MOST_ESCAPES = 1 << 16  # where that many pieces may be but the text of a string, which takes longer to find out
BETWEEN = b"[{,:"  # what stands before each piece

Stop = Literal["idle", "flood", "garbage"]
HungUp = Literal["hung up"]


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
    """One kernel's requests and messages.

    Args:
        connection: Where the kernel listens, and the key that messages are signed with.
    """

    def __init__(self, connection: Connection) -> None:
        from jupyter_client.session import Session

        self._connection = connection
        self._session = Session(
            key=str(connection["key"]).encode(),
            signature_scheme=str(connection["signature_scheme"]),
            username="",  # nobody's business there
            digest_history_size=0,  # a replayed message is no worse than a new one
            unpack=unpacked,
        )
        self._channels = contextlib.ExitStack()
        self._strikes = 0

    def close(self) -> None:
        """Hang up; what is under way is dropped."""
        self._channels.close()

    async def ready(self) -> None:
        """Wait until the kernel executes, and everything that it publishes arrives here.

        A conversation that does not get under way is begun anew, with more patience each time: a kernel can stay
        silent for ever, alive and connected, to whoever spoke to it while it was setting up.

        Raises:
            InterpreterError: No connection could be made.
        """
        patience = FIRST_PATIENCE
        while not await self._begun(patience):
            self._channels.close()
            patience *= 2

    async def _begun(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                self._iopub = await self._channel("iopub", "SUB")
                self._shell = await self._channel("shell", "DEALER")
                while (await self._message())["msg_type"] != "iopub_welcome":
                    pass
                # Only now that iopub is known to be connected: what was published before is lost.
                stop = await self.follow(Cell(self._ask("kernel_info_request", {}), Output(limit=2)))
        except TimeoutError:
            return False
        except (OSError, EOFError, ValueError) as error:
            raise InterpreterError(f"no connection to a kernel could be made: {error}") from error
        if stop != "idle":
            raise InterpreterError(f"no connection to a kernel could be made: {stop}")
        return True

    def send(self, code: str, output: Output) -> Cell:
        """Ask for a cell to be executed."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return Cell(self._ask("execute_request", content | {"allow_stdin": False, "stop_on_error": False}), output)

    async def follow(self, cell: Cell) -> Stop | HungUp:
        """Collect what a cell gives, until it is done or has to be stopped; then it can be followed on.

        Returns:
            ``idle``: it is done; ``flood``: it gave too much; ``garbage``: the kernel makes no sense; ``hung up``:
            nothing will come any more.
        """
        flooded = cell.flooded
        while self._strikes < STRIKES:
            try:
                if cell.take(await self._message()):
                    return "idle"
            except (EOFError, OSError):
                return "hung up"
            except Exception:  # noqa: BLE001 - unpacking what anyone may have made up can raise anything
                self._strikes += 1
            if not flooded and cell.flooded:
                return "flood"
            await asyncio.sleep(0)  # messages that are there already are no reason to keep others waiting
        return "garbage"

    async def _channel(self, name: str, kind: Literal["DEALER", "SUB"]) -> zmtp.Channel:
        path = f"{self._connection['ip']}-{self._connection[f'{name}_port']}"
        return self._channels.enter_context(contextlib.closing(await zmtp.connect(path, kind)))

    async def _message(self) -> dict[str, Any]:
        _, parts = self._session.feed_identities(await self._iopub.receive())
        if any(len(part) > LONGEST_HEADER for part in parts[:3]):
            raise ValueError("a header that is too long")
        return self._session.deserialize(parts)

    def _ask(self, kind: str, content: dict[str, Any]) -> str:
        # An id of jupyter_client's would tell the code which process the host is, and which cell will be the next.
        header = self._session.msg_header(kind) | {"msg_id": uuid.uuid4().hex}
        message = self._session.msg(kind, content, header=header)
        self._shell.send(self._session.serialize(message))
        return str(message["msg_id"])


async def connected(connection: Connection) -> KernelClient:
    """Make the client of a kernel, which may still be starting.

    Raises:
        InterpreterError: jupyter-client is missing.
    """
    await asyncio.to_thread(_load_library)
    return KernelClient(connection)


def unpacked(part: bytes) -> Any:
    """Unpack JSON that may have been made up to take long: of many pieces, or with numbers of many digits.

    Raises:
        ValueError: It is not JSON, or of more pieces than a kernel of ours sends.
    """
    if _pieces(part) > MOST_PIECES and (
        part.count(b"\\") > MOST_ESCAPES or _pieces(_without_strings(part)) > MOST_PIECES
    ):
        raise ValueError("a message of too many pieces")
    return json.loads(part.decode("utf-8", "replace"), parse_int=float)


def _pieces(part: bytes) -> int:
    return len(part) - len(part.translate(None, BETWEEN))


def _without_strings(part: bytes) -> bytes:
    bare = part.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(bare.split(b'"', 4 * MOST_PIECES)[::2])


def _load_library() -> None:
    """Import what takes 0.2 s to import, where that holds nobody up."""
    try:
        import jupyter_client.session  # noqa: F401
    except ImportError as error:
        raise InterpreterError(INSTALL) from error
