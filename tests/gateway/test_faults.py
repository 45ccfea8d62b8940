"""Gateways that are gone, slow, in a bad mood or lying."""

import asyncio
import contextlib
import json
import logging
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter import CellStatus, Session
from langgraph_tumix.interpreter.gateway import GatewayInterpreter
from tests.gateway.conftest import free_port
from tests.gateway.fake import Channel, Create, FakeGateway, Play, echo

pytestmark = pytest.mark.server

FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"


@contextlib.asynccontextmanager
async def opened(fake: FakeGateway, **options: float) -> AsyncIterator[Session]:
    session = await GatewayInterpreter(fake.url, token="", **options).open()  # type: ignore[arg-type]
    try:
        yield session
    finally:
        await session.aclose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for is in the fake's hands
            await asyncio.sleep(0.01)


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


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (answer(401), r"answered 401 \(Unauthorized\): check the token \(token=... or JUPYTER_TOKEN\)"),
        (answer(403, '{"message": "Resource \\u001b[1mLimit"}'), r"403 \(Resource Limit\): .*how many kernels"),
        (answer(404, "<html>"), r"404 \(Not Found\): check the URL, a base path is part of it"),
        (answer(500, '{"message": null, "reason": "broken"}'), r"500 \(broken\): its log says why; has it a kernel"),
        (answer(503, '{"message": "' + "x" * 10_000 + '"}'), r"503 \(x+\n\[... 9,700 characters cut"),
        (answer(302, Location="http://127.0.0.1:1/login"), r"302 \(Found\): is this the URL of a Jupyter gateway"),
        (answer(200, "<html>Welcome</html>"), "not what a Jupyter gateway says .*: is this its URL"),
        (answer(201, "[]"), r"not what a Jupyter gateway says \(no kernel's id\)"),
        (answer(201, '{"id": "../../etc"}'), r"\(no kernel's id\)"),
        (answer(201, '{"id": "' + "x" * 70_000 + '"}'), r"\(more than 64 KiB\)"),
        (answer(201, "[" * 50_000), "not what a Jupyter gateway says"),
        (answer(500, "[" * 50_000), r"500 \(Internal Server Error\)"),
        (drop, r"cannot be reached \(Server disconnected\): is it running"),
        (hang, r"had none ready within 0\.5 s; if it has to start a machine first, allow more with start_seconds"),
    ],
)
async def test_no_kernel_is_made(create: Create, message: str) -> None:
    async with FakeGateway(create=create) as fake:
        with pytest.raises(InterpreterError, match=f"^no kernel could be had: (?s:.*){message}"):
            await GatewayInterpreter(fake.url, token="", start_seconds=0.5).open()


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


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (FakeGateway(connect=answer(404)), "answered 404"),
        (FakeGateway(connect=answer(401)), "answered 401 .*: check the token"),
        (FakeGateway(connect=hang), r"had none ready within 0\.5 s"),
        (FakeGateway(greet=nothing), r"had none ready within 0\.5 s"),
        (FakeGateway(greet=end_at_once), "the connection to the gateway broke"),
        (FakeGateway(greet=status("dead")), "the gateway reports it dead"),
        (FakeGateway(greet=nonsense(NONSENSE)), "it sent malformed messages"),
    ],
)
async def test_a_kernel_that_does_not_answer_is_deleted(fake: FakeGateway, message: str) -> None:
    async with fake:
        with pytest.raises(InterpreterError, match=message):
            await GatewayInterpreter(fake.url, token="", start_seconds=0.5).open()
        await until(lambda: not fake.kernels)
        assert fake.made == 1


async def test_nobody_listens() -> None:
    for scheme in ("http", "https"):
        with pytest.raises(InterpreterError, match=r"cannot be reached .*: is it running, is this its URL"):
            await GatewayInterpreter(f"{scheme}://127.0.0.1:{free_port()}").open()


async def test_plain_where_tls_is_spoken() -> None:
    async with FakeGateway() as fake:
        with pytest.raises(InterpreterError, match=r"cannot be reached .*SSL"):
            await GatewayInterpreter(fake.url.replace("http:", "https:")).open()


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


@pytest.mark.parametrize(
    ("play", "status", "lost", "output"),
    [
        (harmless, "ok", False, "begun"),
        (nonsense(NONSENSE[:7]), "ok", False, "begun"),
        (nonsense(NONSENSE), "died", True, "begun\n[stopped: the kernel sent malformed messages;"),
        (cut, "died", True, "begun\n[the kernel died (the connection to the gateway broke): all variables"),
        (close, "died", True, "begun\n[the kernel died (the connection to the gateway broke)"),
        (status("restarting"), "died", True, "begun\n[the kernel died (the gateway restarted it)"),
        (status("starting"), "died", True, "begun\n[the kernel died (the gateway restarted it)"),
        (status("dead"), "died", True, "begun\n[the kernel died (the gateway reports it dead)"),
        (huge, "died", True, "begun\n[the kernel died (a message was larger than 16 MiB)"),
        (flood, "error", True, "x\n[stopped: it gave more output than 10,000,000 characters"),
        (hold, "timeout", True, "begun\n[stopped at the limit of 0.5 s; the kernel was ended"),
        (nothing, "timeout", True, "[stopped at the limit of 0.5 s; the kernel was ended"),
    ],
)
async def test_cells(play: Play, status: CellStatus, lost: bool, output: str) -> None:
    plays = [play]

    async def once(channel: Channel) -> None:
        await (plays.pop() if plays else echo)(channel)

    async with FakeGateway(once) as fake, opened(fake) as session:
        limit = 0.5 if status == "timeout" else 20
        begun = time.monotonic()
        result = await session.run("1", seconds=limit)
        assert (result.status, result.state_lost) == (status, lost)
        assert output in result.output
        assert time.monotonic() - begun < limit + 1.5
        assert (await session.run("print(2)", seconds=20)).output == (f"{FRESH}\nprint(2)" if lost else "print(2)")
        await until(lambda: len(fake.kernels) == 1)
        assert fake.interrupts == (status in ("timeout", "error"))
    assert not fake.kernels


async def test_a_flood_takes_little_memory() -> None:
    async with FakeGateway(flood) as fake, opened(fake) as session:
        tracemalloc.start()
        assert (await session.run("1", seconds=20)).status == "error"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 40_000_000  # three forms of a message or two, at both ends


async def test_what_comes_between_cells_is_read_and_dropped() -> None:
    read = asyncio.Event()

    async def chatter(channel: Channel) -> None:
        await echo(channel)
        for _ in range(100):
            await channel.say("x" * 1_000_000)
        read.set()

    async with FakeGateway(chatter) as fake, opened(fake) as session:
        assert (await session.run("1", seconds=20)).output == "1"
        await asyncio.wait_for(read.wait(), 20)
        assert (await session.run("2", seconds=20)).output == "2"


async def test_a_kernel_that_ends_between_cells_is_missed() -> None:
    restarting = asyncio.Event()

    async def restart(channel: Channel) -> None:
        await echo(channel)
        await restarting.wait()
        await channel.state("restarting", parent="")
        restarting.clear()

    async with FakeGateway(restart) as fake, opened(fake) as session:
        assert not (await session.run("x = 1", seconds=5)).state_lost
        restarting.set()
        await until(lambda: not fake.kernels)
        assert (await session.run("print(x)", seconds=5)).output == f"{FRESH}\nprint(x)"


async def test_a_gateway_that_goes_away_and_comes_back() -> None:
    async with FakeGateway() as first:
        session = await GatewayInterpreter(first.url, token="").open()
        await session.run("1", seconds=5)
    results = [await session.run("2", seconds=5) for _ in range(2)]
    assert [(result.status, result.state_lost) for result in results] == [("died", True)] * 2
    assert "cannot be reached" in results[1].output
    async with FakeGateway(port=int(first.url.rpartition(":")[2])) as again:
        assert (await session.run("3", seconds=5)).output == f"{FRESH}\n3"
        await session.aclose()
        assert not again.kernels


async def test_a_late_kernel_is_deleted() -> None:
    async def slowly(http: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return await fake.make(http)

    fake = FakeGateway(create=slowly)
    async with fake:
        with pytest.raises(InterpreterError, match=r"within 0\.2 s"):
            await GatewayInterpreter(fake.url, token="", start_seconds=0.2).open()
        opening = asyncio.create_task(GatewayInterpreter(fake.url, token="").open())
        await asyncio.sleep(0.1)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await until(lambda: fake.made == 2 and not fake.kernels)


async def test_deleting_is_tried_again() -> None:
    async with FakeGateway(delete=[500]) as fake:
        async with opened(fake):
            assert len(fake.kernels) == 1
        assert not fake.kernels


async def test_what_could_not_be_deleted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeGateway(delete=[403] * 9) as fake:
        with caplog.at_level(logging.WARNING, logger="langgraph_tumix"):
            async with opened(fake):
                pass
    assert f"the kernel {fake.url}/api/kernels/kernel-1 may still be there: 403 Forbidden" in caplog.text


def test_a_loop_that_ends_deletes_its_kernels() -> None:
    with FakeGateway() as fake:
        interpreter = GatewayInterpreter(fake.url, token="")

        async def forget() -> Session:
            return await interpreter.open()

        async def run_out() -> None:
            session = await interpreter.open()
            await asyncio.wait_for(session.run("1", seconds=60), 0.01)

        assert asyncio.run(forget())
        fake._play = hold
        with pytest.raises(TimeoutError):
            asyncio.run(run_out())
        assert fake.made == 2
        assert not fake.kernels


@pytest.mark.parametrize(
    ("given", "environment", "sent"),
    [
        (None, {}, ""),
        ("", {"JUPYTER_TOKEN": "a"}, ""),
        ("mine", {"JUPYTER_TOKEN": "a"}, "token mine"),
        (None, {"JUPYTER_TOKEN": "a", "KG_AUTH_TOKEN": "b"}, "token a"),
        (None, {"JUPYTER_TOKEN": "", "KG_AUTH_TOKEN": "b\n"}, "token b"),
    ],
)
async def test_the_token_is_shown_with_every_request(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environment: dict[str, str], sent: str
) -> None:
    for name in ("JUPYTER_TOKEN", "KG_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with FakeGateway(hold) as fake:
        session = await GatewayInterpreter(f"{fake.url}/", token=given).open()
        await session.run("1", seconds=0.01)
        await session.aclose()
    assert fake.tokens == [sent] * 4  # to make, to connect, to interrupt, to delete


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "127.0.0.1:8888"}, "url must be a gateway's address such as http"),
        ({"url": "ws://a:1"}, "url must be a gateway's address such as http"),
        ({"url": "http://"}, "url must be a gateway's address such as http"),
        ({"url": "http://a:99999"}, "url must be a gateway's address such as http"),
        ({"url": ""}, "url must be a gateway's address such as http"),
        ({"url": "http://a/?token=s3cret"}, "give the token as token=..., or in JUPYTER_TOKEN$"),
        ({"url": "http://me:s3cret@a/"}, "give the token as token=..., or in JUPYTER_TOKEN$"),
        ({"token": "a\nHost: b"}, "token must be printable ASCII"),
        ({"token": "gehéim"}, "token must be printable ASCII"),
        ({"max_kernels": 0}, "max_kernels must be at least 1, not 0"),
        ({"output_chars": 99}, "output_chars must be at least 100, not 99"),
        ({"start_seconds": 0}, "start_seconds must be above 0, not 0"),
        ({"start_seconds": float("nan")}, "start_seconds must be above 0, not nan"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GatewayInterpreter(**{"url": "http://127.0.0.1:1"} | options)  # type: ignore[arg-type]


async def test_who_comes_too_many_waits_for_a_place() -> None:
    async with FakeGateway() as fake:
        interpreter = GatewayInterpreter(fake.url, token="", max_kernels=2)
        sessions = [await interpreter.open() for _ in range(2)]
        third = asyncio.create_task(interpreter.open())
        await asyncio.sleep(0.1)
        assert (third.done(), fake.made) == (False, 2)
        await sessions[0].aclose()
        await asyncio.gather(*(session.aclose() for session in [sessions[1], await third]))
        assert not fake.kernels


def test_isolation_is_the_gateway_s() -> None:
    isolation = GatewayInterpreter("https://kernels.example.org", token="s3cret").isolation
    assert isolation.level == "remote"
    assert "none of it was checked" in isolation.why
    assert "s3cret" not in json.dumps(isolation.why)
