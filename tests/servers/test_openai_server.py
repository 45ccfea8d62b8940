"""The OpenAI-compatible test server, checked with the real client."""

import asyncio
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from tests.servers.clients import chat, openai_client
from tests.servers.openai_server import (
    CHAT,
    RESPONSES,
    OpenAIServer,
    Reply,
    Source,
    ToolCall,
    count_tokens,
)

pytestmark = pytest.mark.server

PATHS = [CHAT, RESPONSES]
ADD: dict[str, Any] = {
    "name": "add",
    "description": "Add two numbers.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_text_and_tokens_agree_with_the_client(path: str, stream: bool) -> None:
    text = "The answer is 42, as everyone knows. " * 5
    async with OpenAIServer(lambda request: Reply(text, cached_tokens=5, reasoning_tokens=7)) as server:
        messages = [SystemMessage("Be brief, be right."), HumanMessage("What is the answer?")]
        reply = await chat(server, path, streaming=stream).ainvoke(messages)
    assert reply.text == text
    prompt = count_tokens("Be brief, be right.") + count_tokens("What is the answer?")
    completion = count_tokens(text) + 7
    usage = reply.usage_metadata
    assert usage is not None
    assert (usage["input_tokens"], usage["output_tokens"]) == (prompt, completion)
    assert usage["input_token_details"]["cache_read"] == 5
    assert usage["output_token_details"]["reasoning"] == 7
    assert vars(server.stats.by_model["m"]) == vars(server.stats.usage)
    assert vars(server.stats.usage) == {
        "calls": 1,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cached_tokens": 5,
        "cache_write_tokens": 0,
        "reasoning_tokens": 7,
    }


async def test_several_choices_of_one_prompt_are_billed_as_such() -> None:
    async with OpenAIServer(lambda request: "four") as server:
        ask = openai_client(server).chat.completions.create
        reply = await ask(model="m", messages=[{"role": "user", "content": "What is 2 + 2?"}], n=3)
    assert [(choice.index, choice.message.content) for choice in reply.choices] == [(n, "four") for n in range(3)]
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (4, 3)
    assert server.stats.usage.completion_tokens == 3


async def test_a_cache_holds_no_more_than_the_prompt() -> None:
    async with OpenAIServer(lambda request: Reply("ok", cached_tokens=999)) as server:
        reply = await chat(server).ainvoke("12345678")
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_token_details"]["cache_read"] == 2 == server.stats.usage.cached_tokens


async def test_models_are_billed_apart() -> None:
    async with OpenAIServer(lambda request: request.model) as server:
        await asyncio.gather(*(chat(server, model=name).ainvoke("hi") for name in ("a", "b", "a")))
    assert {name: usage.calls for name, usage in server.stats.by_model.items()} == {"a": 2, "b": 1}
    assert server.stats.usage.calls == 3
    assert sorted(request.number for request in server.requests) == [1, 2, 3]


async def test_streamed_usage_is_sent_only_on_request_but_always_billed() -> None:
    async with OpenAIServer(lambda request: "ok") as server:
        reply = await chat(server, streaming=True, stream_usage=False).ainvoke("hello")
    assert reply.usage_metadata is None
    assert server.stats.usage.prompt_tokens == 2


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_comes_in_pieces(path: str) -> None:
    async with OpenAIServer(lambda request: "x" * 100) as server:
        chunks = [chunk async for chunk in chat(server, path).astream("hello")]
    assert sum(bool(chunk.text) for chunk in chunks) > 3
    assert "".join(chunk.text for chunk in chunks) == "x" * 100


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
async def test_function_calls(path: str, stream: bool) -> None:
    calls = [ToolCall("add", {"a": 1, "b": 22}), ToolCall("add", {"a": 3, "b": 4})]
    async with OpenAIServer(lambda request: Reply("Let me add.", tool_calls=calls)) as server:
        reply = await chat(server, path, streaming=stream).bind_tools([ADD]).ainvoke("1 + 22?")
    assert [call["args"] for call in reply.tool_calls] == [{"a": 1, "b": 22}, {"a": 3, "b": 4}]
    assert len({call["id"] for call in reply.tool_calls}) == 2
    assert reply.text == "Let me add."
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] == server.stats.usage.completion_tokens
    assert server.requests[0].tools[0]["type"] == "function"


@pytest.mark.parametrize("path", PATHS)
async def test_function_calls_may_be_malformed(path: str) -> None:
    reply_sent = Reply(tool_calls=[ToolCall("add", '{"a": 1,')])
    async with OpenAIServer(lambda request: reply_sent) as server:
        reply = await chat(server, path).bind_tools([ADD]).ainvoke("1 + 2?")
    assert reply.tool_calls == []
    assert reply.invalid_tool_calls[0]["args"] == '{"a": 1,'


@pytest.mark.parametrize("path", PATHS)
async def test_requests_are_normalised(path: str) -> None:
    call = {"name": "add", "args": {"a": 1, "b": 2}, "id": "call_1", "type": "tool_call"}
    messages = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "1 + 2?"}, {"type": "text", "text": " Now."}]),
        AIMessage("Adding.", tool_calls=[call]),
        ToolMessage("3", tool_call_id="call_1"),
    ]
    async with OpenAIServer(lambda request: "3") as server:
        await chat(server, path, temperature=0.5, model="some-model").ainvoke(messages)
    request = server.requests[0]
    assert request.messages == [
        {"role": "system", "text": "Be brief."},
        {"role": "user", "text": "1 + 2? Now."},
        {"role": "assistant", "text": "Adding."},
        {"role": "tool", "text": "3"},
    ]
    assert (request.path, request.model, request.temperature) == (path, "some-model", 0.5)
    assert request.headers["authorization"] == "Bearer secret"
    assert request.body["model"] == "some-model"
    assert not request.stream


async def test_instructions_and_plain_input_are_messages_too() -> None:
    async with OpenAIServer(lambda request: "ok") as server, openai_client(server) as client:
        reply = await client.responses.create(model="m", instructions="Be brief.", input="Hello?")
    assert reply.output_text == "ok"
    assert [message["role"] for message in server.requests[0].messages] == ["system", "user"]


async def test_models_are_listed() -> None:
    async with (
        OpenAIServer(lambda request: "ok", models=["a", "b"]) as server,
        openai_client(server) as client,
    ):
        assert [listed.id async for listed in client.models.list()] == ["a", "b"]
    assert server.stats.requests == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_web_search_cites_its_sources(stream: bool) -> None:
    sources = [Source("One", "https://one.org/"), Source("Two", "https://two.org/")]
    async with OpenAIServer(lambda request: Reply("It is so", sources=sources)) as server:
        searching = chat(server, RESPONSES, streaming=stream).bind_tools([{"type": "web_search"}])
        reply = await searching.ainvoke("Is it so?")
    kinds = [block["type"] for block in reply.content_blocks]
    assert kinds[:2] == ["server_tool_call", "server_tool_result"]
    text = reply.content_blocks[-1]
    assert text["type"] == "text"
    cited = [note for note in text["annotations"] if note["type"] == "citation"]
    assert [note["url"] for note in cited] == ["https://one.org/", "https://two.org/"]
    spans = [reply.text[note["start_index"] : note["end_index"]] for note in cited]
    assert spans == ["([One](https://one.org/))", "([Two](https://two.org/))"]


async def test_chat_completions_refuse_web_search() -> None:
    async with OpenAIServer(lambda request: "never asked") as server:
        with pytest.raises(openai.BadRequestError, match="web_search"):
            await chat(server, CHAT).bind_tools([{"type": "web_search"}]).ainvoke("hi")
