"""What a gateway or its kernel may do instead of its duty."""

import asyncio

from aiohttp import web

from tests.gateway.fake import Channel, Create, Play


def answer(status: int, body: str = "", **headers: str) -> Create:
    async def create(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return create


async def hang(_: object) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError


async def drop(http: web.Request) -> web.StreamResponse:
    assert http.transport
    http.transport.abort()
    return web.Response()


async def nothing(_: Channel) -> None:
    """Keep silent."""


def status(state: str) -> Play:
    async def play(channel: Channel) -> None:
        await channel.state("busy")
        await channel.say("begun\n")
        await channel.state(state, parent="")

    return play


NONSENSE = [
    "not JSON", "[]", "null", "{}", "[" * 100_000, "1" * 5000, '{"channel": "iopub"}', '{"channel": []}',
    '{"channel": "iopub", "msg_type": "status", "content": {}, "parent_header": {}}',
    '{"channel": "iopub", "msg_type": "stream", "content": {"text": 5}, "parent_header": {"msg_id": "ID"}}',
    '{"channel": "iopub", "msg_type": "stream", "content": [], "parent_header": {"msg_id": "ID"}}',
    '{"channel": "iopub", "msg_type": "error", "content": {"traceback": [1]}, "parent_header": {"msg_id": "ID"}}',
    '{"channel": "iopub", "msg_type": {}, "content": {}, "parent_header": []}',
    '{"channel": "iopub", "content": [' + "[]," * 1_000_000 + "0]}",
]  # fmt: skip


def nonsense(pieces: list[str]) -> Play:
    async def play(channel: Channel) -> None:
        await channel.state("busy")
        await channel.say("begun\n")
        for piece in pieces:
            await channel.socket.send_str(piece.replace("ID", channel.request["header"]["msg_id"]))
        await channel.state("idle")

    return play


async def end_at_once(channel: Channel) -> None:
    await channel.socket.close()


async def cut(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
    channel.hang_up()


async def close(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
    await channel.socket.close(code=1001)


async def harmless(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
    await channel.socket.send_bytes(b"\x00\x00\x00\x01" * 100)
    await channel.send("comm_open", {"data": 1})
    await channel.send("of_a_later_protocol", None)
    await channel.send("stream", {"text": "of another cell"}, parent="another")
    await channel.send("stream", {"text": "on another channel"}, channel="shell")
    await channel.state("idle", parent="another")
    await channel.state("idle")


async def flood(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
    while True:
        await channel.say("x" * 1_000_000)


async def huge(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
    await channel.socket.send_str("x" * (17 << 20))


async def hold(channel: Channel) -> None:
    await channel.state("busy")
    await channel.say("begun\n")
