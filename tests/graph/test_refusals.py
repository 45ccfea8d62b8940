"""Bad questions, bad configuration, bad agents: refused before any call, with what to do."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from langgraph_tumix import Agent, ConfigError, FixedRounds, Toolbox, create_tumix
from langgraph_tumix.errors import TumixError
from tests.graph.roles import play, toolbox
from tests.graph.test_apps import tumix

BIG = "x" * 1_000_000
IMAGE = HumanMessage([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "data:,"}}])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"question": ""}, "question is empty"),
        ({"question": " \n\t"}, "question is empty"),
        ({"question": "\x00\u200b"}, "question is empty"),
        ({"question": 5}, "question is a int"),
        ({"messages": []}, "no question"),
        ({"messages": [("ai", "hello")]}, "no question"),
        ({}, "no question"),
        ({"question": BIG}, "1,000,000 characters"),
        ({"messages": [("user", BIG)]}, "1,000,000 characters"),
    ],
)
async def test_bad_questions_are_refused_before_any_call(given: Any, says: str) -> None:
    model = play()
    with pytest.raises(ConfigError, match=says):
        await tumix(model=model).ainvoke(given)
    assert not model.calls


async def test_an_image_goes_to_a_model_that_may_take_it() -> None:
    model = play()
    await tumix(model=model).ainvoke({"messages": [IMAGE]})
    parts: Any = model.calls[0][1].content
    assert parts[0]["type"] == "image_url"


async def test_an_image_is_refused_by_a_model_that_takes_none() -> None:
    with pytest.raises(ConfigError, match="image"):
        await create_tumix("offline", agents=["CoT"], tools=toolbox()).ainvoke({"messages": [IMAGE]})


def test_bad_configuration_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"agents": []}, "agents is empty"),
        ({"agents": "tumx"}, "tumx.*rosters are tumix"),
        ({"agents": ["CoT", "Nobody"]}, "Nobody"),
        ({"agents": ["judge_like", 5]}, "judge_like"),
        ({"agents": [Agent(name="judge", instruction="x")]}, "cannot be named 'judge'"),
        ({"agents": ["CoT", Agent(name="CoT", instruction="x")]}, "two different agents"),
        ({"model": "gpt5"}, "gpt5"),
        ({"model": "nosuch:model"}, "nosuch|langchain"),
        ({"model": ""}, "model ''"),
        ({"model": 7}, "model is a int"),
        ({"model": "openai:gpt-5-mini"}, "OPENAI_API_KEY"),
        ({"model": "gpt-5-mini"}, "OPENAI_API_KEY"),
        ({"min_rounds": 3, "max_rounds": 2}, "min_rounds is 3 and max_rounds 2"),
        ({"max_rounds": 0}, "max_rounds"),
        ({"max_rounds": 2.5}, "max_rounds"),
        ({"samples": 0}, "samples"),
        ({"concurrency": -1}, "concurrency"),
        ({"agent_seconds": 0}, "agent_seconds"),
        ({"call_seconds": float("nan")}, "call_seconds"),
        ({"seed": "x"}, "seed"),
        ({"seed": True}, "seed"),
        ({"agents": 5}, "agents is a int: give a roster's name"),
        ({"agents": Agent(name="Own", instruction="x")}, "agents is a Agent: .* a list"),
        ({"agents": None}, "agents is empty"),
        ({"tools": "code"}, r"tools is 'code': give a Toolbox\("),
        ({"stop": 3}, "stop is 3: give a stop rule"),
        ({"stop": FixedRounds}, "stop is <class .*: give a stop rule"),
        ({"aggregate": "majority"}, "aggregate is 'majority'"),
        ({"budget": 0.5}, r"budget is 0.5: give a Budget\("),
        ({"budget": {"usd": 1}}, "budget is {'usd': 1}"),
        ({"prices": 1}, "prices is 1"),
        ({"designer": "x" * 500}, "characters left out"),
        ({"store": {}}, "store is {}"),
        ({"cache": 5}, "cache is 5"),
        ({"name": 5}, "name is 5"),
        ({"max_round": 3}, "did you mean 'max_rounds'"),
        ({"temperature": 3}, "takes no 'temperature': it takes model, agents"),
    ]
    for options, says in cases:
        with subtests.test(says=says), pytest.raises(ConfigError, match=says):
            tumix(**options)


def test_bad_agents_are_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": "a:b"}, "agent name"),
        ({"name": ""}, "agent name"),
        ({"name": "../../etc"}, "agent name"),
        ({"name": "x" * 41}, "agent name"),
        ({"instruction": " "}, "no instruction"),
        ({"code": "yes"}, "code='yes'"),
        ({"search": "google"}, "search='google'"),
        ({"guide": "Guide."}, "nothing to steer"),
        ({"code": "once", "search": "gs"}, "code='loop'"),
        ({"max_tool_uses": 0}, "max_tool_uses"),
        ({"tools": (len,)}, "not a LangChain tool"),
        ({"tools": 5}, "tools is 5, give a list"),
        ({"steps": "Check it."}, "steps is 'Check it.', give a list"),
        ({"steps": None}, "steps is None, give a list"),
        ({"instruction": None}, "no instruction"),
        ({"guide": 5, "code": "loop"}, "guide is 5"),
        ({"max_tool_uses": "5"}, "max_tool_uses is '5'"),
        ({"max_tool_uses": 2.5}, "max_tool_uses is 2.5"),
    ]
    for fields, says in cases:
        with subtests.test(says=says), pytest.raises(ConfigError, match=says):
            Agent(**{"name": "Own", "instruction": "Work.", **fields})


@pytest.mark.parametrize("tools", [{"code": "jupyter"}, {"gs": "tavily"}, {"llm": {"type": "web_search"}}])
def test_tools_that_cannot_serve_are_refused(tools: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"Toolbox\({next(iter(tools))}=.*give a"):
        Toolbox(**tools)


def test_errors_are_one_tree() -> None:
    assert issubclass(ConfigError, TumixError)
