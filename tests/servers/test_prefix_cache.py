"""The imitated prompt cache: what is read, written and waited for, over HTTP."""

import asyncio
import time
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from tests.servers.clients import chat
from tests.servers.openai_server import CHAT, RESPONSES, OpenAIServer
from tests.servers.prefix_cache import PrefixCache

pytestmark = pytest.mark.server

SHARED = "Notes, of which there are many. " * 250  # 2,000 tokens
MARK = {"prompt_cache_breakpoint": {"mode": "explicit"}}
ONLY_MARKED = {"prompt_cache_options": {"mode": "explicit"}}


def prompt(own: str, shared: str = SHARED) -> list[Any]:
    return [SystemMessage("Think."), HumanMessage(shared + own)]


def marked(own: str) -> list[Any]:
    parts: list[Any] = [{"type": "text", "text": SHARED, **MARK}, {"type": "text", "text": own}]
    return [SystemMessage("Think."), HumanMessage(parts)]


async def asked(server: OpenAIServer, messages: list[Any], path: str = CHAT, **options: Any) -> tuple[int, int]:
    """Return the tokens that were read from the cache, and those that were written to it."""
    reply = await chat(server, path).ainvoke(messages, **options)
    assert reply.usage_metadata is not None
    details: Any = reply.usage_metadata["input_token_details"]
    return details["cache_read"], details["cache_creation"]


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
async def test_what_was_asked_before_is_read_in_whole_blocks(path: str) -> None:
    async with OpenAIServer(PrefixCache().around(lambda request: "Yes.")) as server:
        assert await asked(server, prompt(" First"), path) == (0, 0)
        read, _ = await asked(server, prompt(" Second"), path)
        assert await asked(server, prompt(" Third", "Other notes. " * 400), path) == (0, 0)
        other = await asked(server, prompt(" First"), path, tools=[{"type": "function", "function": {"name": "f"}}])
    assert 1984 <= read <= 2000 + 4
    assert read % 16 == 0
    assert other == (0, 0), "tools come before all messages"
    assert server.stats.usage.cached_tokens == read


async def test_what_is_too_short_is_not_cached() -> None:
    async with OpenAIServer(PrefixCache().around(lambda request: "Yes.")) as server:
        reads = [await asked(server, prompt("", SHARED[:3_900])) for _ in range(2)]
    assert reads == [(0, 0), (0, 0)]


@pytest.mark.parametrize(("published", "hits"), [("prefill", 0), ("scheduling", 3)])
async def test_those_who_come_together_share_only_what_is_published_at_once(
    published: Literal["prefill", "scheduling"], hits: int
) -> None:
    cache = PrefixCache(published, prefill=2_000)  # a second; the first to come publishes after it
    async with OpenAIServer(cache.around(lambda request: "Yes.")) as server:
        together = await asyncio.gather(*(asked(server, prompt(f" {n}")) for n in range(4)))
        afterwards, _ = await asked(server, prompt(" afterwards"))
    assert sum(read > 0 for read, _ in together) == hits
    assert afterwards > 0


async def test_the_first_token_comes_sooner_from_the_cache() -> None:
    cache = PrefixCache(first=0.05, prefill=4_000, decode=100)
    async with OpenAIServer(cache.around(lambda request: "Word " * 8)) as server:
        begun = time.monotonic()
        chunks = [time.monotonic() - begun async for _ in chat(server).astream(prompt(" First"))]
        await asked(server, prompt(" Second"))
    cold, warm = cache.firsts
    assert cold == pytest.approx(0.05 + 2_005 / 4_000, abs=0.01)
    assert warm == pytest.approx(0.05, abs=0.01)
    assert chunks[0] >= cold
    assert chunks[-1] - chunks[0] >= 0.05, "10 tokens at 100 a second, in pieces of 4"


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
async def test_breakpoints(path: str) -> None:
    """A shared prefix before a tail of one's own is found at an explicit breakpoint only."""
    async with OpenAIServer(PrefixCache(breakpoints=True).around(lambda request: "Yes.")) as server:
        _, written = await asked(server, prompt(" First"), path)
        assert written >= 2_000, "at the end of the last message"
        assert (await asked(server, prompt(" Second"), path))[0] == 0
        assert (await asked(server, prompt(" First"), path))[0] == written
        assert await asked(server, prompt(" Third"), path, **ONLY_MARKED) == (0, 0)
        _, written = await asked(server, marked(" 1"), path, **ONLY_MARKED)
        assert await asked(server, marked(" 2"), path, **ONLY_MARKED) == (written, 0)
        more = [*marked(" 2"), AIMessage("I compute."), HumanMessage("The output is 4. " * 20)]
        read, written = await asked(server, more, path)
        assert read > 2_000
        assert written > 0
        further, _ = await asked(server, [*more, AIMessage("So it is 4."), HumanMessage("Are you sure?")], path)
        assert further == pytest.approx(read + written, abs=2), "a conversation that grows is read up to where it was"
