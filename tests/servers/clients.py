"""Clients of the local servers, and how to wait for what a server will see."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import openai
from langchain_openai import ChatOpenAI

from tests.servers.openai_server import CHAT, RESPONSES, OpenAIServer


def chat(server: OpenAIServer, path: str = CHAT, **options: Any) -> ChatOpenAI:
    """A chat model at `server` that uses the API at `path`; no retries, and usage in streams too."""
    defaults: dict[str, Any] = {"model": "m", "api_key": "secret", "max_retries": 0, "stream_usage": True}
    return ChatOpenAI(base_url=server.url, use_responses_api=path == RESPONSES, **(defaults | options))


def chat_at_openai(server: OpenAIServer, model: str, **options: Any) -> ChatOpenAI:
    """A chat model that believes to be at OpenAI, whose requests go to `server` all the same."""
    address = urlsplit(server.url)

    async def redirect(request: Any) -> None:
        request.url = request.url.copy_with(scheme="http", host=address.hostname, port=address.port)

    client = openai.DefaultAsyncHttpxClient(event_hooks={"request": [redirect]})
    return ChatOpenAI(model=model, api_key="secret", http_async_client=client, **options)


def free_port() -> int:
    """A port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool]) -> None:
    """Wait, for 5 s at most, until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - statistics announce no change
            await asyncio.sleep(0.005)


def openai_client(server: OpenAIServer) -> openai.AsyncOpenAI:
    """OpenAI's own client at `server`."""
    return openai.AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0)
