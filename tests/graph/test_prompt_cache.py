"""The notes are paid once: what is shared is sent byte for byte alike, and one goes ahead of the others."""

import asyncio
import dataclasses
import json
import re
from collections import defaultdict
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.cache.memory import InMemoryCache

from langgraph_tumix import Agent, Budget, ConfigError, Outcome, create_tumix
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.context import TumixContext
from langgraph_tumix.report.card import card
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import play, role_of, solver, toolbox
from tests.servers.clients import chat, chat_at_openai
from tests.servers.openai_server import FAULTS, OpenAIServer, Reply, Request, ToolCall, failure
from tests.servers.prefix_cache import PrefixCache

pytestmark = pytest.mark.server

GROUNDS = "For these reasons, weighed one by one. " * 40  # notes of 400 tokens
TASK = b"# Your task"
NO = "They differ. <<<NO>>>"


@tool
def lookup(word: str) -> str:
    """Look a word up."""
    return f"{word} is 42"


NATIVE = [dataclasses.replace(agent, tools=(lookup,)) for agent in FIFTEEN if agent.code != "once"]
MIXED = ["Base", "CoT", "CoT_code", "S", "C", "C+", "CS_gs", "CSG_gs"]
TEXTS = [Agent(name=f"A{number}", instruction=f"Be number {number}.") for number in range(6)]


def respond(request: Request) -> Reply:
    """Play every role, by either protocol; answers have their grounds, so that notes are worth caching."""
    kinds = {"system": SystemMessage, "tool": HumanMessage, "assistant": HumanMessage, "user": HumanMessage}
    messages: Any = [kinds[message["role"]](message["text"]) for message in request.messages]
    if request.tools:
        used = any(message["role"] == "tool" for message in request.messages)
        return Reply(f"{GROUNDS}<<<42>>>") if used else Reply(tool_calls=[ToolCall("lookup", {"word": "it"})])
    said = play(solver, verdict=NO).responder(messages)
    assert isinstance(said, str)
    return Reply(said.replace("So it is", f"{GROUNDS}So it is"))


def rounds_of(server: OpenAIServer) -> dict[int, list[Request]]:
    """Sort requests by the round whose agents read the same; the judge is of the round after."""
    rounds = defaultdict[int, list[Request]](list)
    for request in server.requests:
        notes = re.search(r"# Notes of round (\d)", request.messages[1]["text"])
        rounds[int(notes[1]) + 1 if notes else 1].append(request)
    return rounds


def is_judge(request: Request) -> bool:
    return "You are the judge of this work" in request.messages[1]["text"]


async def run(server: OpenAIServer, **options: Any) -> Outcome:
    """Run a question of three rounds with a judge that is never content."""
    chosen: dict[str, Any] = {"tools": toolbox(), "max_rounds": 3, "cache": "leader"} | options
    model = chosen.pop("model", None) or chat(server)
    state = await create_tumix(model, **chosen).ainvoke({"question": "What is it?"})
    return Outcome(state["outcome"])


@pytest.mark.parametrize(("agents", "calls"), [("tumix", 61), (NATIVE, 34)], ids=["text protocol", "native tools"])
async def test_what_is_shared_is_sent_byte_for_byte_alike(agents: Any, calls: int) -> None:
    """All agents, all their calls, all rounds, and the judge before."""
    async with OpenAIServer(respond) as server:
        await run(server, agents=agents)
    rounds = rounds_of(server)
    assert set(rounds) == {1, 2, 3}
    for requests in rounds.values():
        sent = [request.raw[request.raw.index(b'"messages"') :] for request in requests]
        assert len({body.partition(TASK)[0] for body in sent}) == 1, "up to each one's own task"
        assert len(requests) >= calls // 2
    assert [is_judge(request) for request in rounds[3]].count(True) == 1
    assert len({json.dumps(request.body["messages"][0]) for request in server.requests}) == 1
    by_tools = defaultdict[str, set[int]](set)
    for round_, requests in rounds.items():
        for request in requests:
            by_tools[json.dumps(request.tools)].add(round_)
    if agents == "tumix":
        assert set(by_tools) == {"[]"}, "the text protocol keeps schemas out of the prefix"
    else:
        assert len(by_tools) == 5, "one for each set of tools, and the judge's none"
        assert all(rounds == {1, 2, 3} for tools, rounds in by_tools.items() if tools != "[]")


PLAIN = {"messages", "model", "stream", "stream_options", "temperature"}


@pytest.mark.parametrize("cache", ["leader", "auto", "off"])
async def test_nothing_of_a_provider_s_own_is_sent_to_others(cache: str) -> None:
    async with OpenAIServer(respond) as server:
        await run(server, cache=cache, agents=["CoT", "C", "CSG_gs"])
    for request in server.requests:
        assert set(request.body) <= PLAIN
        assert all(isinstance(message["content"], str) for message in request.body["messages"])
    assert any(request.stream for request in server.requests) == (cache == "leader")


async def test_openai_gets_one_key_for_each_question() -> None:
    async with OpenAIServer(respond) as server:
        for _ in range(2):
            await run(server, model=chat_at_openai(server, "gpt-5-mini"), cache="auto", agents=["CoT", "C"])
    keys = [request.body["prompt_cache_key"] for request in server.requests]
    assert len(set(keys)) == 2
    assert len(set(keys[: len(keys) // 2])) == 1
    assert all(set(request.body) <= PLAIN | {"prompt_cache_key"} for request in server.requests)
    assert all(isinstance(message["content"], str) for r in server.requests for message in r.body["messages"])


async def test_gpt_5_6_gets_a_breakpoint_where_the_shared_part_ends() -> None:
    cache = PrefixCache(breakpoints=True)
    async with OpenAIServer(cache.around(respond)) as server:
        model = chat_at_openai(server, "gpt-5.6-sol", use_responses_api=False)
        outcome = await run(server, model=model, cache="auto", agents=MIXED)
    for request in server.requests:
        shared, own, *_ = request.body["messages"][1]["content"]  # and guidance, where there is a guide
        assert shared["prompt_cache_breakpoint"] == {"mode": "explicit"}
        assert TASK.decode() not in shared["text"]
        assert own["text"].startswith("\n\n# Your task")
        grows = "tool use" in own["text"] and "# Progress so far" not in own["text"]
        assert ("prompt_cache_options" in request.body) != grows
    assert outcome.by_round["3"]["cached"] > 0.8
    assert outcome.usage["cache_write_tokens"] > 0


async def order_of(server: OpenAIServer, round_: int) -> list[str]:
    """Say how the requests of a round came: as a stream or whole."""
    return ["stream" if request.stream else "whole" for request in rounds_of(server)[round_] if not is_judge(request)]


async def test_one_goes_ahead_and_the_rest_follow_at_its_first_token() -> None:
    shown: list[int] = []

    def slow(request: Request) -> Reply:
        shown.append(server.stats.in_flight)
        said = respond(request)
        return dataclasses.replace(said, latency=0.05, pause=0.002) if request.stream else said

    async with OpenAIServer(slow) as server:
        await run(server, agents=TEXTS)
    assert await order_of(server, 1) == ["stream", *["whole"] * 5]
    assert await order_of(server, 2) == ["stream", *["whole"] * 5]
    assert shown[:2] == [0, 1], "the first was alone, and still being answered when the second came"


async def test_where_the_judge_has_read_the_same_nobody_has_to_go_ahead() -> None:
    async with OpenAIServer(respond) as server:
        await run(server, agents=TEXTS)
    assert is_judge(rounds_of(server)[3][0])
    assert await order_of(server, 3) == ["whole"] * 6


async def test_a_judge_of_another_model_warms_nothing() -> None:
    async with OpenAIServer(respond) as server:
        await run(server, agents=TEXTS, judge=chat(server, model="another"))
    assert await order_of(server, 3) == ["stream", *["whole"] * 5]


async def test_each_model_and_each_set_of_tools_has_its_own_leader() -> None:
    async with OpenAIServer(respond) as server:
        other = [
            Agent(name=f"B{number}", instruction="Be other.", model=chat(server, model="other")) for number in range(3)
        ]
        tools = [Agent(name=f"T{number}", instruction="Use it.", tools=(lookup,)) for number in range(3)]
        await run(server, agents=[*TEXTS, *other, *tools], max_rounds=1, min_rounds=1)
    streamed = [(request.model, bool(request.tools)) for request in server.requests if request.stream]
    assert sorted(streamed) == [("m", False), ("m", True), ("other", False)]


@pytest.mark.parametrize(("agents", "least"), [(MIXED, 0.85), (NATIVE[:6], 0.6)], ids=["text protocol", "native tools"])
async def test_from_round_2_on_most_is_read_from_the_cache(agents: Any, least: float) -> None:
    """With tools of their own, each set of tools is a prefix of its own."""
    shares = {}
    for cache, prefill in (("leader", 50_000), ("off", 10_000)):  # slow enough that all ask before anything is kept
        served = PrefixCache(first=0.01, prefill=prefill)
        async with OpenAIServer(served.around(respond)) as server:
            shares[cache] = await run(server, cache=cache, agents=agents)
    assert all(shares["leader"].by_round[number]["cached"] > least for number in ("2", "3"))
    assert "input read from the prompt cache: round 1 0%, round 2 " in str(shares["leader"])
    assert "input read from the prompt cache: round 1 0%, round 2 " in card(shares["leader"])
    assert shares["off"].by_round["2"]["cached"] < shares["leader"].by_round["2"]["cached"]


FAULTY = ["401", "429", "500", "reset", "truncate", "malformed", "empty", "content_filter"]


@pytest.mark.parametrize("fault", FAULTY)
async def test_whoever_goes_ahead_may_fail_and_the_rest_answers(fault: str) -> None:
    failed: list[str] = []

    def faulty(request: Request) -> Reply:
        if not request.stream:
            return respond(request)
        own = request.messages[1]["text"]
        if not failed or own in failed:
            failed.append(own)
            return dataclasses.replace(FAULTS[fault], headers={"Retry-After": "0"})
        return respond(request)

    async with OpenAIServer(faulty) as server:
        outcome = await run(server, agents=TEXTS, max_rounds=2)
    assert (outcome.answer, outcome.votes) == ("42", {"42": 6})
    assert {(loss["agent"], loss["round"]) for loss in outcome.lost} == {("A0", 1)}
    assert outcome.usage["model_calls"] == server.stats.requests


async def test_when_nobody_is_answered_all_fail_and_soon() -> None:
    async with OpenAIServer(lambda request: failure(401)) as server:
        outcome = await run(server, agents=TEXTS)
    assert outcome.status == "no_answer"
    assert {loss["cause"] for loss in outcome.lost} == {"auth"}
    assert server.stats.requests == 6


@pytest.mark.parametrize(
    ("limit", "status"), [({"agent_seconds": 0.3}, "timed_out"), ({"round_seconds": 0.3}, "timed_out")]
)
async def test_a_leader_that_hangs_takes_nobody_beyond_the_limits(limit: dict[str, float], status: str) -> None:
    """Those who wait for it have the same limit, and no more; the next round begins anew."""

    def hang(request: Request) -> Reply:
        return FAULTS["hang"] if request.stream else respond(request)

    async with OpenAIServer(hang) as server:
        outcome = await run(server, agents=TEXTS, max_rounds=2, **limit)
    assert {loss["status"] for loss in outcome.lost} == {status}
    assert server.stats.requests == 1


async def test_a_quorum_ends_those_who_wait() -> None:
    fast = Agent(name="Fast", instruction="FAST.", model=ScriptedChatModel(responder=lambda _: "<<<42>>>"))

    def hang(request: Request) -> Reply:
        return FAULTS["hang"]

    async with OpenAIServer(hang) as server:
        outcome = await run(server, agents=[*TEXTS, fast], quorum=1, min_rounds=1, max_rounds=1)
    assert (outcome.answer, {loss["cause"] for loss in outcome.lost}) == ("42", {"quorum"})


async def test_caps_hold_with_a_leader() -> None:
    async with OpenAIServer(respond) as server:
        outcome = await run(server, agents=TEXTS, budget=Budget(model_calls=4))
    assert outcome.usage["model_calls"] == server.stats.requests <= 4
    assert outcome.answer == "42"


async def test_few_calls_at_one_time_and_many_questions() -> None:
    """Who waits for a leader holds no place in the limiter: a single place is enough for all."""
    async with OpenAIServer(respond) as server:
        graph = create_tumix(
            chat(server, model="narrow"), agents=TEXTS, tools=toolbox(), cache="leader", concurrency=1, max_rounds=2
        )
        states = await asyncio.gather(*(graph.ainvoke({"question": f"What is {n}?"}) for n in range(4)))
    assert {state["answer"] for state in states} == {"42"}
    assert server.stats.peak == 1


async def test_the_words_are_checked_and_a_node_cache_is_still_one() -> None:
    with pytest.raises(ConfigError, match="prompt_cache is 'on': give one of auto, leader, off"):
        create_tumix("offline", cache="on")  # type: ignore[arg-type]
    store = InMemoryCache[Any]()
    assert create_tumix("offline", cache=store, prompt_cache="leader").cache is store
    model = play()
    graph = create_tumix(model, agents=["CoT"], tools=toolbox(), cache="off")
    assert graph.cache is None
    await graph.ainvoke({"question": "What is it?"}, context=TumixContext(prompt_cache="leader", max_rounds=2))
    assert {role_of(call) for call in model.calls} == {"solver"}


def test_the_system_message_holds_nothing_of_a_question() -> None:
    assert "{" not in template("system")
