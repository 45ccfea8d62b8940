"""Bugs that similar projects had, where no other test already holds them off."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache as AnswersCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import BaseMessage
from langgraph.cache.memory import InMemoryCache as NodesCache

from langgraph_tumix import Agent, Budget, Outcome, create_tumix
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import toolbox


@pytest.fixture
def cached() -> Iterator[None]:
    """LangChain's cache of answers, as an app may have set it for all of its models."""
    set_llm_cache(AnswersCache())
    yield
    set_llm_cache(None)


@pytest.mark.usefixtures("cached")
async def test_a_cache_does_not_make_one_answer_of_all_samples() -> None:
    answers = iter(range(1000))
    model = ScriptedChatModel(responder=lambda _: f"<<<{next(answers)}>>>")
    graph: Any = create_tumix(
        model, agents=["CoT"] * 5, samples=3, min_rounds=1, max_rounds=1, tools=toolbox(), cache=NodesCache()
    )
    for asked in (1, 2):
        outcome = (await graph.ainvoke({"question": "What is it?"}))["outcome"]
        assert outcome.usage["model_calls"] == len(model.calls) / asked == 15
        assert len(outcome.votes) == 15


@pytest.mark.usefixtures("time_flies")
async def test_at_the_deadline_the_majority_answers_and_not_whoever_was_registered_first() -> None:
    class Slow(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if "STUCK" in messages[1].text:
                await asyncio.sleep(6000)
            return self._generate(messages)

    def respond(messages: Sequence[BaseMessage]) -> str:
        return "<<<7>>>" if "FIRST" in messages[1].text else "<<<42>>>"

    roster = [Agent(name=name, instruction=f"{name}.") for name in ("FIRST", "Second", "Third", "STUCK")]
    graph: Any = create_tumix(Slow(responder=respond), agents=roster, tools=toolbox(), budget=Budget(seconds=50))
    outcome = Outcome((await graph.ainvoke({"question": "What is it?"}))["outcome"])
    assert (outcome.answer, outcome.status) == ("42", "deadline")
    assert outcome.votes == {"42": 2, "7": 1}
    assert [(loss["agent"], loss["cause"]) for loss in outcome.lost] == [("STUCK", "deadline")]


async def test_usage_is_where_langchain_s_own_counters_look() -> None:
    graph: Any = create_tumix(
        ScriptedChatModel(responder=lambda _: "<<<42>>>"), agents=["CoT", "Base"], tools=toolbox()
    )
    state = await graph.ainvoke({"messages": [("user", "What is it?")]})
    told, usage = state["messages"][-1].usage_metadata, state["outcome"].usage
    assert (told["input_tokens"], told["output_tokens"]) == (usage["input_tokens"], usage["output_tokens"])
    assert told["input_tokens"] > 0
