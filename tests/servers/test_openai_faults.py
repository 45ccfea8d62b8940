"""What can go wrong at the OpenAI-compatible test server, and how it starts and stops, with the real client."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import openai
import pytest
from langchain_core.messages import AIMessageChunk

from tests.servers.clients import chat, openai_client, until
from tests.servers.local import Fault
from tests.servers.openai_server import (
    CHAT,
    FAULTS,
    RESPONSES,
    OpenAIServer,
    Reply,
    Request,
    failure,
)

pytestmark = pytest.mark.server

PATHS = [CHAT, RESPONSES]

FAILURES: dict[str, type[Exception]] = {
    "hang": openai.APITimeoutError,
    "truncate": openai.APIConnectionError,
    "reset": openai.APIConnectionError,
    "malformed": json.JSONDecodeError,
    "400": openai.BadRequestError,
    "401": openai.AuthenticationError,
    "404": openai.NotFoundError,
    "429": openai.RateLimitError,
    "500": openai.InternalServerError,
    "529": openai.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", FAULTS)
async def test_faults_reach_the_client(name: str, path: str, stream: bool) -> None:
    async with OpenAIServer(lambda request: FAULTS[name]) as server:
        call = chat(server, path, streaming=stream, timeout=0.5 if name == "hang" else 20).ainvoke("hi")
        if name in FAILURES:
            with pytest.raises(FAILURES[name]):
                await call
        else:
            assert (await call).text == ""
        await until(lambda: server.stats.in_flight == 0)
    assert server.stats.requests == 1
    assert server.stats.aborted == (name == "hang")
    assert server.stats.usage.calls == (name not in FAILURES)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("fault", "error"), [("cut", openai.APIConnectionError), ("double", json.JSONDecodeError)])
async def test_a_body_in_chunks_is_cut_or_doubled(fault: Fault, error: type[Exception], path: str) -> None:
    async with OpenAIServer(lambda request: Reply("in chunks " * 50, fault=fault)) as server:
        with pytest.raises(error):
            await chat(server, path).ainvoke("hi")
    assert (server.stats.requests, server.stats.usage.calls) == (1, 0)


async def test_a_body_that_drips_outlasts_the_client_s_own_timeout() -> None:
    """That is between two bytes; only a limit around the whole call ends it."""
    async with OpenAIServer(lambda request: Reply("never", fault="drip")) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await chat(server, timeout=1).ainvoke("hi")
        await until(lambda: server.stats.aborted == 1)
    assert server.stats.usage.calls == 0


@pytest.mark.parametrize(
    ("path", "where", "reason"),
    [
        (CHAT, "finish_reason", "content_filter"),
        (RESPONSES, "incomplete_details", {"reason": "content_filter"}),
    ],
)
async def test_content_filter_is_said(path: str, where: str, reason: object) -> None:
    async with OpenAIServer(lambda request: FAULTS["content_filter"]) as server:
        reply = await chat(server, path).ainvoke("hi")
    assert reply.response_metadata[where] == reason


async def test_a_length_limit_is_said() -> None:
    async with OpenAIServer(lambda request: Reply("Once upon", finish_reason="length")) as server:
        completion = await chat(server, CHAT).ainvoke("hi")
        response = await chat(server, RESPONSES).ainvoke("hi")
    assert completion.response_metadata["finish_reason"] == "length"
    assert response.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert completion.text == response.text == "Once upon"


async def test_the_client_retries_and_the_server_counts() -> None:
    def busy_at_first(request: Request) -> Reply:
        return failure(429, headers={"retry-after-ms": "10"}) if request.number < 3 else Reply("ok")

    async with OpenAIServer(busy_at_first) as server:
        assert (await chat(server, max_retries=2).ainvoke("hi")).text == "ok"
    assert server.stats.requests == 3
    assert server.stats.usage.calls == 1


async def test_an_invalid_request_is_refused() -> None:
    async with OpenAIServer(lambda request: "ok") as server, openai_client(server) as client:
        for body in ({}, {"model": "m"}, {"model": "m", "messages": 3}, [1]):
            with pytest.raises(openai.BadRequestError):
                await client.post("/chat/completions", body=body, cast_to=object)
    assert server.requests == []


async def test_flights_are_counted_and_cancelled() -> None:
    async with OpenAIServer(lambda request: Reply("ok", latency=10)) as server:
        calls = [asyncio.create_task(chat(server).ainvoke(f"hi {i}")) for i in range(8)]
        await until(lambda: server.stats.in_flight == 8)
        for call in calls[:5]:
            call.cancel()
        await until(lambda: server.stats.in_flight == 3)
        assert (server.stats.aborted, server.stats.peak) == (5, 8)
        for call in calls[5:]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: server.stats.in_flight == 0)
    assert server.stats.aborted == 8
    assert server.stats.usage.calls == 0


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_can_be_left_in_its_middle(path: str) -> None:
    async with OpenAIServer(lambda request: Reply("x" * 1000, pause=0.02)) as server:

        async def first_words() -> AIMessageChunk:
            async for chunk in chat(server, path).astream("hi"):
                if chunk.text:
                    await asyncio.sleep(10)
            raise AssertionError("the stream ended")

        reading = asyncio.create_task(first_words())
        await until(lambda: server.stats.in_flight == 1)
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await until(lambda: server.stats.aborted == 1)
    assert server.stats.usage.calls == 0


@pytest.mark.parametrize("reply", [FAULTS["hang"], Reply("late", latency=10)])
async def test_the_server_stops_though_a_client_waits(reply: Reply) -> None:
    before = asyncio.all_tasks()
    async with OpenAIServer(lambda request: reply) as server:
        call = asyncio.create_task(chat(server).ainvoke("hi"))
        await until(lambda: server.stats.in_flight == 1)
    with pytest.raises(openai.APIConnectionError):
        await call
    await until(lambda: asyncio.all_tasks() == before)
    assert (server.stats.in_flight, server.stats.aborted) == (0, 0)


async def test_a_responder_that_raises_fails_its_test() -> None:
    def broken(request: Request) -> Reply:
        assert request.model == "another", "wrong model"
        return Reply("ok")

    async def test(error: Exception | None) -> None:
        async with OpenAIServer(broken) as server:
            with pytest.raises(openai.InternalServerError):
                await chat(server).ainvoke("hi")
            if error:
                raise error

    with pytest.raises(AssertionError, match="wrong model"):
        await test(None)
    with pytest.raises(KeyError, match="own failure comes first"):
        await test(KeyError("the test's own failure comes first"))


def test_the_server_runs_in_a_thread() -> None:
    with OpenAIServer(lambda request: "from a thread") as server:
        assert chat(server).invoke("hi").text == "from a thread"
        assert (server.stats.requests, server.stats.in_flight, server.stats.usage.calls) == (1, 0, 1)
    with pytest.raises(openai.APIConnectionError):
        chat(server).invoke("hi")


async def test_a_thread_serves_a_loop_elsewhere() -> None:
    with OpenAIServer(lambda request: Reply("ok", latency=0.05)) as server:
        replies = await asyncio.gather(*(chat(server).ainvoke("hi") for _ in range(5)))
    assert [reply.text for reply in replies] == ["ok"] * 5
    assert server.stats.peak == 5


def test_a_responder_that_raises_in_a_thread_fails_its_test() -> None:
    def broken(request: Request) -> Reply:
        raise LookupError("no reply")

    server = OpenAIServer(broken).__enter__()
    with pytest.raises(openai.InternalServerError):
        chat(server).invoke("hi")
    with pytest.raises(LookupError, match="no reply"):
        server.__exit__(None, None, None)


async def test_a_port_that_is_taken_is_an_error() -> None:
    async with OpenAIServer(lambda request: "ok") as server:
        port = int(server.url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="address already in use"):
            await OpenAIServer(lambda request: "ok", port=port).__aenter__()
        with pytest.raises(OSError, match="address already in use"):
            OpenAIServer(lambda request: "ok", port=port).__enter__()


@pytest.mark.server
def test_the_server_runs_as_a_process() -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.servers.openai_server", "--latency", "0.01"]
    pipe, root = subprocess.PIPE, Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "echo"}]}).encode()
        with urllib.request.urlopen(f"{url}/chat/completions", body, timeout=10) as answer:
            assert json.load(answer)["choices"][0]["message"]["content"] == "echo"
        with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats", timeout=10) as answer:
            assert json.load(answer)["usage"]["calls"] == 1
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=10)
    assert (process.returncode, complaints) == (0, "")
