"""The whole graph through the real client, over HTTP, against a local server that counts for itself."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from langgraph_tumix import Agent, Budget, Outcome, Toolbox, create_tumix
from langgraph_tumix.interpreter import JupyterInterpreter
from langgraph_tumix.models.meter import MOST_SENT
from langgraph_tumix.search import NativeSearch, TavilySearch
from tests.graph.roles import play, solver, toolbox
from tests.servers.openai_server import FAULTS, OpenAIServer, Reply, Request, Source
from tests.servers.tavily_server import Page, TavilyReply, TavilyServer

pytestmark = pytest.mark.server

KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
ODD = Agent(name="Odd", instruction="ODD one out.")


def reply(request: Request, verdicts: dict[int, str]) -> Reply:
    """Play every role; the judge's verdict depends on the round."""
    if request.searches:
        return Reply("The sources say 42.", sources=[Source("Page", "https://page.example/a")])
    messages: list[BaseMessage] = [KINDS[message["role"]](message["text"]) for message in request.messages]
    text = messages[-1].text
    verdict = next((said for round_, said in verdicts.items() if f"Round {round_} of at most" in text), "<<<YES>>>")
    said = play(solver, verdict=verdict).responder(messages)
    assert isinstance(said, str)
    return Reply(said, cached_tokens=7, reasoning_tokens=3)


def chat(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    """Return the client as a user would make it, with its own two retries."""
    return ChatOpenAI(model="local", base_url=server.url, api_key="none", **options)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("verdicts", "rounds"), [({}, 2), ({2: "<<<NO>>>"}, 3), (dict.fromkeys(range(6), "<<<NO>>>"), 5)]
)
async def test_all_fifteen_with_real_tools_and_every_call_is_counted(verdicts: dict[int, str], rounds: int) -> None:
    async with (
        OpenAIServer(lambda request: reply(request, verdicts)) as server,
        TavilyServer(lambda _: TavilyReply(pages=[Page("Page", "https://page.example/b", "It is 42.")])) as tavily,
    ):
        tools = Toolbox(
            code=JupyterInterpreter(),
            gs=TavilySearch("tvly-key", base_url=tavily.url),
            llm=NativeSearch({"type": "web_search"}),
        )
        state = await create_tumix(chat(server), tools=tools).ainvoke({"question": "What is it?"})
    outcome = state["outcome"]
    assert (outcome.answer, outcome.status, len(outcome.rounds)) == ("42", "complete", rounds)
    assert outcome.votes == {"42": 15}
    billed = server.stats.usage
    assert outcome.usage["model_calls"] == server.stats.requests == billed.calls
    assert outcome.usage["input_tokens"] == billed.prompt_tokens
    assert outcome.usage["output_tokens"] == billed.completion_tokens
    assert outcome.usage["cache_read_tokens"] == billed.cached_tokens
    assert outcome.usage["reasoning_tokens"] == billed.reasoning_tokens
    assert outcome.usage["unmetered_calls"] == 0
    assert tavily.stats.requests == 6 * rounds, "CS, CSG and CSG+, each as gs and com, search once a round"
    assert set(outcome.tools) == {"code", "gs", "llm", "com"}


ALWAYS = [
    ("401", "auth", 1),
    ("404", "model", 1),
    ("400", "request", 1),
    ("429", "rate_limit", 3),
    ("500", "server", 3),
    ("529", "server", 3),
    ("reset", "connection", 3),
    ("truncate", "connection", 3),
    ("malformed", "reply", 1),
    ("empty", "empty", 3),
    ("content_filter", "refused", 1),
]


@pytest.mark.parametrize(("fault", "cause", "attempts"), ALWAYS, ids=[row[0] for row in ALWAYS])
async def test_one_agent_meets_a_fault(fault: str, cause: str, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(request: Request) -> Reply:
        if "ODD" in request.messages[-1]["text"]:
            fails = FAULTS[fault]
            return Reply(**{**vars(fails), "headers": {"Retry-After": "0"}})
        return reply(request, {})

    async with OpenAIServer(respond) as server:
        graph = create_tumix(chat(server), agents=["CoT", "Base", ODD], tools=toolbox())
        outcome = (await graph.ainvoke({"question": "What is it?"}))["outcome"]
    assert (outcome.answer, outcome.status) == ("42", "degraded")
    assert {(loss["agent"], loss["cause"]) for loss in outcome.lost} == {("Odd", cause)}
    # Two rounds, and no second layer of retries; a refusal while the others are taken is no attempt.
    most = MOST_SENT if fault == "429" else attempts
    assert 2 * attempts <= outcome.by_agent["Odd"]["model_calls"] <= 2 * most
    assert outcome.usage["model_calls"] == server.stats.requests


async def test_a_fault_that_passes_costs_one_more_call_and_no_agent() -> None:
    failed: list[int] = []

    def respond(request: Request) -> Reply:
        if "ODD" in request.messages[-1]["text"] and not failed:
            failed.append(request.number)
            return Reply(**{**vars(FAULTS["429"]), "headers": {"Retry-After": "0"}})
        return reply(request, {})

    async with OpenAIServer(respond) as server:
        graph = create_tumix(chat(server), agents=["CoT", ODD], tools=toolbox())
        outcome = (await graph.ainvoke({"question": "What is it?"}))["outcome"]
    assert (outcome.answer, outcome.status) == ("42", "complete")
    assert outcome.usage["model_calls"] == server.stats.requests == 6


async def test_one_agent_hangs_and_its_request_is_taken_back() -> None:
    def respond(request: Request) -> Reply:
        return FAULTS["hang"] if "ODD" in request.messages[-1]["text"] else reply(request, {})

    async with OpenAIServer(respond) as server:
        graph = create_tumix(chat(server), agents=["CoT", ODD], tools=toolbox(), agent_seconds=0.5)
        outcome = (await graph.ainvoke({"question": "What is it?"}))["outcome"]
        for _ in range(100):
            if not server.stats.in_flight:
                break
            await asyncio.sleep(0.01)
        assert (server.stats.aborted, server.stats.in_flight) == (2, 0)
    assert (outcome.answer, outcome.status) == ("42", "degraded")
    assert {(loss["agent"], loss["status"]) for loss in outcome.lost} == {("Odd", "timed_out")}
    assert outcome.usage["model_calls"] == server.stats.requests
    assert outcome.usage["unmetered_calls"] == 2


async def test_a_cap_holds_against_the_server_s_own_count() -> None:
    async with OpenAIServer(lambda request: reply(request, dict.fromkeys(range(9), "<<<NO>>>"))) as server:
        graph = create_tumix(chat(server), tools=toolbox(), budget=Budget(tokens=60_000), max_rounds=9)
        outcome = Outcome((await graph.ainvoke({"question": "What is it?"}))["outcome"])
    assert server.stats.usage.prompt_tokens + server.stats.usage.completion_tokens <= 60_000
    assert outcome.status == "budget"
    assert outcome.answer == "42"


async def test_an_image_reaches_the_server() -> None:
    async with OpenAIServer(lambda request: reply(request, {})) as server:
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
        message = HumanMessage([{"type": "text", "text": "What is it?"}, image])
        await create_tumix(chat(server), agents=["CoT"], tools=toolbox()).ainvoke({"messages": [message]})
    parts: list[dict[str, Any]] = server.requests[0].body["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["image_url", "text"]
