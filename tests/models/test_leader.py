"""One goes first: the others follow at its first token, and never wait for one that has ended."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from langgraph_tumix.models.leader import Prefix, streamed
from langgraph_tumix.testing import ScriptedChatModel
from tests.servers.clients import chat
from tests.servers.openai_server import CHAT, RESPONSES, OpenAIServer, Reply, Request, ToolCall

ASKED: list[Any] = [HumanMessage("What is it?")]


class Calls:
    """Calls that take turns at a prefix; each does what it is told to, and what happened is written down."""

    def __init__(self, limit: float = 60.0) -> None:
        self.prefix = Prefix(limit)
        self.log: list[str] = []
        self.told = [asyncio.Event() for _ in range(4)]

    async def call(self, number: int, *, says: bool = True, fails: bool = False) -> None:
        async with self.prefix.turn() as lead:
            self.log.append(f"{number} {'leads' if lead else 'follows'}")
            if lead:
                lead.sent()
                await self.told[number].wait()
                if says:
                    lead.answered()
            if fails:
                raise ValueError

    def start(self, number: int, **how: bool) -> "asyncio.Task[None]":
        return asyncio.create_task(self.call(number, **how))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_others_follow_at_the_first_token() -> None:
    calls = Calls()
    tasks = [calls.start(number) for number in range(3)]
    await settle()
    assert calls.log == ["0 leads"]
    calls.told[0].set()
    await asyncio.gather(*tasks)
    assert calls.log == ["0 leads", "1 follows", "2 follows"]
    await calls.call(3)
    assert calls.log[-1] == "3 follows", "and so does who comes later"


async def test_or_after_a_limit_from_when_it_was_sent() -> None:
    calls = Calls(limit=0.02)
    tasks = [calls.start(number) for number in range(3)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert calls.log == ["0 leads", "1 follows", "2 follows"]
    calls.told[0].set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("how", ["fails", "says nothing", "is cancelled"])
async def test_when_it_ends_without_a_token_the_next_goes_ahead(how: str) -> None:
    calls = Calls()
    tasks = [calls.start(0, says=False, fails=how == "fails"), calls.start(1), calls.start(2)]
    await settle()
    tasks[0].cancel() if how == "is cancelled" else calls.told[0].set()
    await settle()
    assert calls.log == ["0 leads", "1 leads"]
    calls.told[1].set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert calls.log == ["0 leads", "1 leads", "2 follows"]
    assert (ended[0] is None) == (how == "says nothing")


async def test_who_waits_can_be_cancelled() -> None:
    calls = Calls()
    tasks = [calls.start(number) for number in range(3)]
    await settle()
    tasks[1].cancel()
    calls.told[0].set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert calls.log == ["0 leads", "2 follows"]


async def test_a_warm_prefix_needs_nobody_to_go_ahead() -> None:
    calls = Calls()
    calls.prefix.warm = True
    await asyncio.gather(*(calls.call(number) for number in range(3)))
    assert calls.log == ["0 follows", "1 follows", "2 follows"]


@given(st.lists(st.sampled_from(["answers", "fails", "says nothing", "is cancelled"]), min_size=1, max_size=6))
def test_all_get_their_turn_whatever_those_ahead_do(fates: list[str]) -> None:
    async def play() -> list[str]:
        prefix, log = Prefix(60.0), list[str]()

        async def call(fate: str) -> None:
            async with prefix.turn() as lead:
                log.append("leads" if lead else "follows")
                await asyncio.sleep(0)
                if fate == "is cancelled":
                    raise asyncio.CancelledError
                if lead and fate == "answers":
                    lead.answered()
                if fate == "fails":
                    raise ValueError

        async with asyncio.timeout(5):
            await asyncio.gather(*map(call, fates), return_exceptions=True)
        return log

    log = asyncio.run(play())
    assert len(log) == len(fates)
    leading = fates.index("answers") + 1 if "answers" in fates else len(fates)
    assert log == ["leads"] * leading + ["follows"] * (len(fates) - leading)


REPLIES = [
    Reply("So it is <<<42>>>.", cached_tokens=7, reasoning_tokens=3),
    Reply(tool_calls=[ToolCall("f", {"x": 1})]),
]


@pytest.mark.server
@pytest.mark.parametrize("reply", REPLIES, ids=["text", "tool call"])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
async def test_a_streamed_reply_is_the_whole_reply(path: str, reply: Reply) -> None:
    def respond(request: Request) -> Reply:
        return reply

    async with OpenAIServer(respond) as server:
        lead, model = Prefix(), chat(server, path)
        come = await streamed(model, ASKED, lead)
        whole = await model.ainvoke(ASKED)
    assert lead.warm
    assert type(come) is AIMessage
    assert (come.text, come.usage_metadata) == (whole.text, whole.usage_metadata)
    assert [(call["name"], call["args"]) for call in come.tool_calls] == [("f", {"x": 1})] * len(reply.tool_calls)


@pytest.mark.server
async def test_the_first_token_is_told_before_the_last() -> None:
    async with OpenAIServer(lambda request: Reply("Word " * 20, pause=0.05)) as server:
        lead = Prefix()
        asking = asyncio.create_task(streamed(chat(server), ASKED, lead))
        async with asyncio.timeout(5):
            while not lead.warm:  # noqa: ASYNC110 - what is tested is when it becomes so
                await asyncio.sleep(0.005)
        assert not asking.done()
        assert (await asking).text == "Word " * 20


async def test_an_opened_stream_is_not_a_token() -> None:
    told = list[bool]()
    lead = Prefix()

    class Stream:
        async def astream(self, asked: Any, **options: Any) -> Any:
            for chunk in (AIMessageChunk(content=text) for text in ("", "So", " it is.")):
                yield chunk
                told.append(lead.warm)

    assert (await streamed(Stream(), ASKED, lead)).text == "So it is."
    assert told == [False, True, True]


async def test_from_a_model_that_cannot_stream_the_whole_reply_is_the_first_token() -> None:
    lead = Prefix()
    reply = await streamed(ScriptedChatModel(responder=lambda messages: "It is 42."), ASKED, lead)
    assert (reply.text, lead.warm) == ("It is 42.", True)
