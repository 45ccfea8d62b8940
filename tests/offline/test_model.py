"""The chat model as LangChain sees it: the same reply always, streamed or not, metered, unharmed by bad input."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.tools import tool

from langgraph_tumix import create_tumix
from langgraph_tumix.models.model import resolve
from langgraph_tumix.offline import OfflineChatModel, library
from tests.offline.harness import STYLES, prompt, seen_notes, work

HARD = "What is 48,271 * 7,366?"
REQUESTS: list[list[Any]] = [
    *(prompt(style, HARD, seen_notes("355564186", "355564187", "5")) for style in STYLES),
    [HumanMessage("When was Ilse Corvane born?")],
]


def test_secret_markers_do_not_change_the_reply() -> None:
    model = OfflineChatModel(seed=3)
    for style in STYLES:
        one, other = (
            model.invoke(prompt(style, HARD, seen_notes("1", "2", "2"), marker=marker)).text
            for marker in ("0123456789ab", "ba9876543210")
        )
        assert one == other
        assert work(model, style, HARD, marker="0123456789ab") == work(model, style, HARD, marker="ba9876543210")


def test_seed_temperature_and_messages_change_it() -> None:
    def replies(**fields: Any) -> list[str]:
        return [OfflineChatModel(seed=s, **fields).invoke(prompt("Base", HARD)).text for s in range(20)]

    assert replies() == replies()
    assert replies() != replies(temperature=0.7)
    assert len(set(replies())) > 3
    bound = [OfflineChatModel(seed=s).invoke(prompt("Base", HARD), temperature=0.7).text for s in range(20)]
    assert bound == replies(temperature=0.7), "as a call's option or as the model's field"


async def test_agents_that_are_told_the_same_still_draw_for_themselves() -> None:
    """As with a served model: five samples of one agent are five answers, and another seed brings others."""

    async def answers(seed: int) -> list[str | None]:
        graph = create_tumix("offline", agents=["CoT"] * 5, min_rounds=1, max_rounds=1, seed=seed)
        state = await graph.ainvoke({"question": HARD}, output_keys=["notes"])
        return [note["answer"] for note in sorted(state["notes"], key=lambda note: note["agent"])]

    first = await answers(0)
    assert len(set(first)) > 1
    assert await answers(0) == first
    assert await answers(1) != first


def joined(pieces: Sequence[object]) -> AIMessageChunk:
    first, *rest = [piece for piece in pieces if isinstance(piece, AIMessageChunk)]
    return add_ai_message_chunks(first, *rest)


@pytest.mark.parametrize("request_", REQUESTS, ids=[*STYLES, "plain"])
async def test_streaming_equals_not_streaming(request_: list[Any]) -> None:
    model = OfflineChatModel()
    whole = model.invoke(request_)
    for pieces in (list(model.stream(request_)), [piece async for piece in model.astream(request_)]):
        assert len(pieces) > 2
        assert all(len(piece.text) <= 24 for piece in pieces)
        got = joined(pieces)
        assert (got.content, got.usage_metadata) == (whole.content, getattr(whole, "usage_metadata", None))
        assert got.response_metadata.items() >= whole.response_metadata.items()
    assert (await model.ainvoke(request_)).content == whole.content


async def test_a_streamed_search_keeps_its_citations() -> None:
    model = OfflineChatModel().bind_tools([OfflineChatModel.native_search_tool])
    request = [HumanMessage("Search the web for: River Tesk length")]
    whole = model.invoke(request)
    pieces = [piece async for piece in model.astream(request)]
    got = joined(pieces)
    assert isinstance(whole.content, list)
    assert len(whole.content) == len(pieces) > 1
    assert got.content == whole.content
    assert got.content_blocks == whole.content_blocks


def test_every_message_is_metered_and_marked() -> None:
    for request in REQUESTS:
        reply = OfflineChatModel().invoke(request)
        assert isinstance(reply, AIMessage)
        usage = reply.usage_metadata
        assert usage is not None
        assert usage["output_tokens"] == math.ceil(len(reply.text) / 4)
        assert usage["input_tokens"] >= math.ceil(sum(len(message.text) for message in request) / 4)
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert reply.response_metadata["model_name"] == "offline (simulated)"
        assert reply.response_metadata["finish_reason"] == "stop"
    found = resolve("offline")
    assert found.simulated
    assert found.name == found.chat.model_name == "offline (simulated)"  # type: ignore[attr-defined]


async def test_nothing_blocks_the_event_loop() -> None:
    model = OfflineChatModel(latency=0.01)
    searching = model.bind_tools([OfflineChatModel.native_search_tool])
    library.articles.cache_clear()
    with blockbuster_ctx():
        await asyncio.gather(*(model.ainvoke(request) for request in REQUESTS))
        assert (await searching.ainvoke("Search the web for: River Tesk")).text.startswith("River Tesk")
        assert [piece async for piece in model.astream(REQUESTS[0])]


@pytest.mark.usefixtures("time_flies")
async def test_latency_is_slept_not_worked() -> None:
    model, clock = OfflineChatModel(latency=20), asyncio.get_running_loop().time
    started = clock()
    await asyncio.gather(*(model.ainvoke(request) for request in REQUESTS))
    assert 10 <= clock() - started <= 30, "all at once: one after the other takes 200 s"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(OfflineChatModel(latency=60).ainvoke("1 + 1"), 0.05)


@pytest.mark.parametrize("field", [{"error_rate": 1.5}, {"error_rate": -0.1}, {"latency": -1}])
def test_fields_are_checked(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="equal to"):
        OfflineChatModel(**field)


# --- tools of your own ----------------------------------------------------------------------------------------------


@tool
def run_python(code: str) -> str:
    """Run a program."""
    return code


@tool
def look_up(query: str, most: int = 3) -> str:
    """Search."""
    return query


@tool
def weather(city: str) -> str:
    """Say what the weather is like."""
    return city


def test_bound_tools_are_called_natively_where_they_fit() -> None:
    model = OfflineChatModel(error_rate=0).bind_tools([weather, run_python, look_up])
    request = HumanMessage(f"# Question\n\n{HARD}\n\n# Your task\n\nSolve it.\n\nYou have at most 5 tool uses.")
    call = model.invoke([request])
    assert isinstance(call, AIMessage)
    assert [c["name"] for c in call.tool_calls] == ["run_python"]
    assert "48271 * 7366" in call.tool_calls[0]["args"]["code"]
    assert call.response_metadata["finish_reason"] == "tool_calls"
    (streamed,) = model.stream([request])
    assert isinstance(streamed, AIMessageChunk)
    assert streamed.tool_calls == call.tool_calls
    result = ToolMessage("[[result of run_python · 7f]]\nresult: 355564186\n[[end · 7f]]\n\nTool uses left: 4.",
                         tool_call_id=call.tool_calls[0]["id"])  # fmt: skip
    assert "<<<355564186>>>" in model.invoke([request, call, result]).text
    unwilling = model.bind(tool_choice="none").invoke([request])
    assert isinstance(unwilling, AIMessage)
    assert not unwilling.tool_calls


def test_a_native_search_is_made_for_a_fact() -> None:
    model = OfflineChatModel(error_rate=0).bind_tools([look_up])
    request = HumanMessage(
        "# Question\n\nWhen was Ilse Corvane born?\n\n# Your task\n\nSolve it. You have at most 5 tool uses."
    )
    call = model.invoke([request])
    assert isinstance(call, AIMessage)
    assert call.tool_calls[0]["args"] == {"query": "the birth of Ilse Corvane"}
    nothing = ToolMessage("[[result of look_up · 7f]]\nNothing.\n[[end · 7f]]\n\nTool uses left: 4.", tool_call_id="1")
    again = model.invoke([request, call, nothing])
    assert isinstance(again, AIMessage)
    assert again.tool_calls[0]["args"] == {"query": "Ilse Corvane"}
    assert "<<<unknown>>>" in model.invoke([request, call, nothing, again, nothing]).text
