"""The wire: real ZeroMQ sockets are understood, and none of what a hostile one sends is gathered."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.interpreter.zmtp import GREETING, LARGEST_MESSAGE, MOST_PARTS, Messages, connect, packed

MESSAGES = st.lists(st.lists(st.binary(max_size=400), min_size=1, max_size=6), max_size=6)
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"


@given(MESSAGES, st.lists(st.integers(1, 600)))
def test_messages_are_the_same_in_whatever_pieces_they_come(sent: list[list[bytes]], cuts: list[int]) -> None:
    data, messages, received = b"".join(map(packed, sent)), Messages(), []
    for size in [*cuts, len(data) + 1]:
        piece, data = data[:size], data[size:]
        messages.feed(piece)
        while (message := messages.next()) is not None:
            received.append(message)
    assert received == sent


HOSTILE = {
    "a part that is too large": b"\x02" + struct.pack(">Q", LARGEST_MESSAGE + 1),
    "a part of half the address space": b"\x02" + struct.pack(">Q", 1 << 63),
    "parts that are too large together": packed([bytes(LARGEST_MESSAGE // 2)] * 3),
    "parts without end": b"\x01\x00" * (MOST_PARTS + 1),
    "a command": READY,
    "flags that mean nothing": b"\x80\x00",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_too_much_is_refused_before_it_is_gathered(data: bytes) -> None:
    messages = Messages()
    messages.feed(data)
    with pytest.raises(ValueError, match="too large"):
        messages.next()


def test_a_message_may_be_as_large_as_is_allowed() -> None:
    messages = Messages()
    messages.feed(packed([bytes(LARGEST_MESSAGE)]))
    assert messages.next() == [bytes(LARGEST_MESSAGE)]


@contextlib.asynccontextmanager
async def bound(kind: int, path: Path) -> AsyncIterator[zmq.asyncio.Socket]:
    """A socket of libzmq's, as a kernel has it."""
    context = zmq.asyncio.Context()
    socket = context.socket(kind)
    socket.linger = 0
    socket.bind(f"ipc://{path}")
    try:
        yield socket
    finally:
        socket.close()
        await asyncio.to_thread(context.term)


async def test_libzmq_hears_a_subscriber_and_is_heard(tmp_path: Path) -> None:
    async with bound(zmq.XPUB, tmp_path / "s") as publisher:
        with contextlib.closing(await connect(str(tmp_path / "s"), "SUB")) as channel:
            assert await publisher.recv() == b"\x01"
            for size in (0, 1, 255, 256, 70_000, LARGEST_MESSAGE - 1):
                await publisher.send_multipart([b"x", bytes(size)])
                assert await channel.receive() == [b"x", bytes(size)]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(channel.receive(), 0.01)  # nothing is lost by it
            await publisher.send_multipart([b"x", b"last"])
            assert await channel.receive() == [b"x", b"last"]


async def test_libzmq_is_asked_and_its_answers_are_not_gathered(tmp_path: Path) -> None:
    async with bound(zmq.ROUTER, tmp_path / "s") as router:
        with contextlib.closing(await connect(str(tmp_path / "s"), "DEALER")) as channel:
            channel.send([b"ask", bytes(1_000_000)])
            name, *parts = await router.recv_multipart()
            assert parts == [b"ask", bytes(1_000_000)]
            await router.send_multipart([name, b"answer"])
            assert await channel.receive() == [b"answer"]


HEARD = len(GREETING + READY + packed([b"\x01"]))  # what a subscriber says, up to and with its subscription
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(data: bytes, heard: int) -> Peer:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await reader.readexactly(heard)
        writer.close()

    return peer


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64) + READY),
        *(GREETING, GREETING + b"\x04\x06\x05ERROR", GREETING + READY[:9]),
    ],
)
async def test_who_does_not_speak_zeromq_is_hung_up_on(tmp_path: Path, data: bytes) -> None:
    server = await asyncio.start_unix_server(says(data, len(GREETING)), tmp_path / "s")
    with pytest.raises((ValueError, EOFError, OSError)):
        await connect(str(tmp_path / "s"), "SUB")
    server.close()


async def test_a_socket_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    connecting = asyncio.create_task(connect(str(tmp_path / "s"), "SUB"))
    await asyncio.sleep(0.05)
    server = await asyncio.start_unix_server(says(GREETING + READY + packed([b"at last"]), HEARD), tmp_path / "s")
    channel = await asyncio.wait_for(connecting, 5)
    assert await channel.receive() == [b"at last"]
    with pytest.raises((EOFError, OSError)):
        await channel.receive()
    channel.close()
    server.close()


async def test_what_nobody_reads_stays_with_the_sender(tmp_path: Path) -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(GREETING + READY)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"\x01\x64" + bytes(100))
                await writer.drain()
                sent += 100

    server = await asyncio.start_unix_server(flood, tmp_path / "s")
    channel = await connect(str(tmp_path / "s"), "DEALER")
    await asyncio.sleep(0.2)
    before = sent
    await asyncio.sleep(0.2)
    assert sent == before < 3_000_000
    channel.close()
    await asyncio.sleep(0.01)
    server.close()
