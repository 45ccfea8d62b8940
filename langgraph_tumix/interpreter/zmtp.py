"""ZeroMQ's wire protocol (ZMTP 3.0), as much of it as the client of a kernel needs.

libzmq bounds the parts of a message but gathers any number of them, in memory and before anyone is asked, so a kernel
whose code speaks to its sockets on purpose could make the host grow without end. Here every byte is counted as it
arrives, a message that is too large ends the conversation, and what nobody reads stays where it was sent.
"""

import asyncio
from typing import Literal

LARGEST_MESSAGE = 3 << 18  # bytes, of all of its parts; a kernel of ours stays below
MOST_PARTS = 64
AT_ONCE = 1 << 17  # bytes taken from a socket
CONNECT_PAUSE = 0.02  # seconds; a kernel that is starting has no sockets yet
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\x00") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
EVERYTHING = b"\x01"  # a subscription to what begins with nothing in particular


class Messages:
    """Bytes become messages, in whatever pieces they come.

    >>> messages = Messages()
    >>> messages.feed(packed([b"one", b"two"])[:-1])
    >>> messages.next() is None
    True
    >>> messages.feed(b"o")
    >>> messages.next()
    [b'one', b'two']
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Add what has arrived."""
        self._buffer += data

    def next(self) -> list[bytes] | None:
        """Give the next message, if it is there.

        Raises:
            ValueError: It is too large, or not a message.
        """
        while frame := self._next_frame():
            flags, part = frame
            self._parts.append(part)
            self._size += len(part)
            if not flags & MORE:
                parts, self._parts, self._size = self._parts, [], 0
                return parts
        return None

    def _next_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        flags = self._buffer[0]
        begin = 9 if flags & LONG else 2
        if len(self._buffer) < begin:
            return None
        size = int.from_bytes(self._buffer[1:begin], "big")
        if flags & ~(MORE | LONG) or len(self._parts) == MOST_PARTS or self._size + size > LARGEST_MESSAGE:
            raise ValueError("a message that is none, or too large")
        if len(self._buffer) < begin + size:
            return None
        part = bytes(self._buffer[begin : begin + size])
        del self._buffer[: begin + size]
        return flags, part


def packed(parts: list[bytes]) -> bytes:
    """Give the bytes of a message."""
    flags = [MORE] * (len(parts) - 1) + [0]
    return b"".join(_frame(flag, part) for flag, part in zip(flags, parts, strict=True))


class Channel:
    """A connection to one of a kernel's sockets; `connect` makes it.

    Args:
        reader: Where messages come from.
        writer: Where they go.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._messages = Messages()

    def send(self, parts: list[bytes]) -> None:
        """Send a message; it is not waited for."""
        self._writer.write(packed(parts))

    async def receive(self) -> list[bytes]:
        """Wait for the next message; nothing is lost when this is cancelled.

        Raises:
            EOFError, OSError: The other side has hung up.
            ValueError: The message is too large, or not a message. None can follow it.
        """
        while (message := self._messages.next()) is None:
            if not (data := await self._reader.read(AT_ONCE)):
                raise EOFError
            self._messages.feed(data)
        return message

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


async def connect(path: str, kind: Literal["DEALER", "SUB"]) -> Channel:
    """Connect to a socket as soon as it is there; a subscriber is sent everything.

    Raises:
        OSError: No more connections are to be had, or the other side hung up.
        EOFError: The other side hung up.
        ValueError: Who is there speaks another language.
    """
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=AT_ONCE)
            break
        except (FileNotFoundError, ConnectionRefusedError):
            await asyncio.sleep(CONNECT_PAUSE)
    channel = Channel(reader, writer)
    try:
        writer.write(GREETING + _frame(COMMAND, _ready(kind)))
        await _shake_hands(reader)
        if kind == "SUB":
            channel.send([EVERYTHING])
    except BaseException:
        channel.close()
        raise
    return channel


async def _shake_hands(reader: asyncio.StreamReader) -> None:
    greeting = await reader.readexactly(len(GREETING))
    flags, size = await reader.readexactly(2)
    command = await reader.readexactly(size)
    if greeting[10] < 3 or flags != COMMAND or not command.startswith(b"\x05READY"):
        raise ValueError("not a ZeroMQ socket that is open to everyone")


def _ready(kind: str) -> bytes:
    return b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind.encode("ascii")


def _frame(flags: int, body: bytes) -> bytes:
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | LONG]) + len(body).to_bytes(8, "big") + body
