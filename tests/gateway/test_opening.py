"""Asking a gateway for kernels: what cannot be asked for, and gateways that refuse, hang or lie."""

import asyncio
import json

import pytest
from aiohttp import web

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter.gateway import GatewayInterpreter
from tests.gateway.conftest import free_port
from tests.gateway.fake import Create, FakeGateway
from tests.gateway.plays import NONSENSE, answer, drop, end_at_once, hang, hold, nonsense, nothing, status
from tests.gateway.sessions import until

pytestmark = pytest.mark.server


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
