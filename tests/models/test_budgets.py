"""Budgets as a user meets them: nested, shared by questions, in dollars; and one call at a time, over HTTP."""

import asyncio
import itertools
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from langgraph_tumix import Agent, Budget, ConfigError, Ledger, Outcome, Price, Toolbox, create_tumix
from langgraph_tumix.testing import FakeInterpreter
from tests.graph.roles import FakeSearch, play, toolbox
from tests.servers.openai_server import OpenAIServer, Reply, Request

CODE = Agent(name="C+", instruction="Compute.", code="loop")
FREE = {"ScriptedChatModel": Price(1.0, 4.0)}


async def ask(model: Any, **options: Any) -> Outcome:
    usual: dict[str, Any] = {"tools": toolbox(), "min_rounds": 2, "max_rounds": 2}
    graph = create_tumix(model, **(usual | options))
    return Outcome((await graph.ainvoke({"question": "What is it?"}))["outcome"])


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(per_agent=Budget(model_calls=1)), "agent C+: model_calls is limited to 1, 1 is spent or reserved"),
        (Budget(per_agent=Budget(tool_calls=1)), "agent C+: tool_calls is limited to 1, 1 is spent or reserved"),
        (Budget(per_agent=Budget(tokens=100)), "agent C+: tokens is limited to 100, 0 is spent or reserved"),
        (Budget(per_round=Budget(model_calls=2)), "round 1: model_calls is limited to 2, 2 is spent or reserved"),
        (Budget(model_calls=2), "question: model_calls is limited to 2, 2 is spent or reserved"),
        (Budget(within=Ledger(Budget(tool_calls=1))), "run: tool_calls is limited to 1, 1 is spent or reserved"),
    ],
)
async def test_a_cap_that_was_reached_is_named_with_its_source(budget: Budget, words: str) -> None:
    def twice(messages: Any) -> str:
        done = sum("[[output of your program" in message.text for message in messages)
        return "So it is <<<42>>>." if done == 2 else "I compute.\n\n```python\nprint(6 * 7)\n```"

    outcome = await ask(play(twice), agents=[CODE], budget=budget)
    assert [loss["reason"] for loss in outcome.lost] == [words]
    assert outcome.status == "no_answer"
    assert outcome.stop_reason == "the budget was reached"


async def test_a_round_has_its_own_cap_again_in_the_next() -> None:
    outcome = await ask(play(), agents=["Base", "CoT"], budget=Budget(per_round=Budget(model_calls=3)))
    assert (outcome.status, len(outcome.rounds), outcome.usage["model_calls"]) == ("complete", 2, 4)


async def test_an_agent_without_money_leaves_the_others_theirs() -> None:
    outcome = await ask(play(), agents=["Base", CODE], budget=Budget(per_agent=Budget(model_calls=1)), max_rounds=2)
    assert outcome.answer == "42"
    assert {loss["agent"] for loss in outcome.lost} == {"C+"}


async def test_questions_share_an_account() -> None:
    run = Ledger(Budget(model_calls=10))
    graph = create_tumix(play(), agents=["Base", "CoT"], budget=Budget(within=run), tools=toolbox(), max_rounds=2)
    states = await asyncio.gather(*(graph.ainvoke({"question": f"Question {number}"}) for number in range(4)))
    outcomes = [Outcome(state["outcome"]) for state in states]
    assert sum(outcome.usage["model_calls"] for outcome in outcomes) == run.spent["model_calls"] == 10
    assert "budget" in {outcome.status for outcome in outcomes}
    assert run.under_way == 0


@pytest.mark.parametrize(
    "budget", [Budget(usd=1.0), Budget(per_agent=Budget(usd=1.0)), Budget(within=Ledger(Budget(usd=1.0)))]
)
async def test_a_cap_in_dollars_needs_known_prices(budget: Budget) -> None:
    with pytest.raises(ConfigError, match=r"price of scriptedchatmodel:ScriptedChatModel is unknown: give prices="):
        create_tumix(play(), agents=["Base"], budget=budget)
    assert (await ask(play(), agents=["Base"], budget=budget, prices=FREE)).answer == "42"


async def test_a_cap_in_dollars_needs_known_prices_of_searches() -> None:
    search = FakeSearch()
    search.usd_per_query = None
    tools = Toolbox(code=FakeInterpreter(), gs=search)
    with pytest.raises(ConfigError, match="price of a fake is unknown"):
        create_tumix(play(), agents=["CS_gs"], tools=tools, budget=Budget(usd=1.0), prices=FREE)


async def test_searches_are_paid_for() -> None:
    search = FakeSearch()
    search.usd_per_query = 0.25
    tools = Toolbox(code=FakeInterpreter(), gs=search)
    free = {"ScriptedChatModel": Price(0.0, 0.0)}
    outcome = await ask(play(), agents=["CS_gs"], tools=tools, budget=Budget(usd=1.0), prices=free)
    assert (outcome.usage["usd"], outcome.usage["tool_calls"]) == (0.5, 4)
    assert len(search.queries) == 2


def test_a_price_for_nobody_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="prices names 'gpt-9', which no model here is"):
        create_tumix(play(), agents=["Base"], tools=toolbox(), prices={"gpt-9": Price(1, 1)})


async def test_an_answer_that_was_cut_off_at_the_output_limit_does_not_vote() -> None:
    def cut(_: Any) -> AIMessage:
        return AIMessage("Suppose it were <<<13>>>. Then", response_metadata={"finish_reason": "length"})

    outcome = await ask(play(cut), agents=["Base"])  # type: ignore[arg-type]
    assert outcome.answer is None
    assert "output limit" in outcome.lost[0]["reason"]


@pytest.mark.server
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_no_more_calls_are_in_flight_than_were_allowed(concurrency: int) -> None:
    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}

    def respond(request: Request) -> Reply:
        messages: list[BaseMessage] = [kinds[message["role"]](message["text"]) for message in request.messages]
        return Reply(str(play().responder(messages)), latency=0.03)

    async with OpenAIServer(respond) as server:
        chat = ChatOpenAI(model="m", base_url=server.url, api_key="none")
        options: dict[str, Any] = {"tools": toolbox(), "max_rounds": 2, "concurrency": concurrency}
        graphs = [create_tumix(chat, agents=["Base", "CoT", "C"], **options) for _ in range(2)]
        asked = [graph.ainvoke({"question": f"Question {number}"}) for graph, number in itertools.product(graphs, "ab")]
        states = await asyncio.gather(*asked)
        assert server.stats.peak == concurrency
    assert [state["answer"] for state in states] == ["42"] * 4


async def test_agents_are_told_of_the_budget_if_it_says_so() -> None:
    model = play()
    await ask(model, agents=[CODE], budget=Budget(tokens=400_000, tell=True))
    told = [messages[-1].text for messages in model.calls if "Tool uses left" in messages[-1].text]
    assert told
    assert all("Regime: HIGH." in text and "tokens (question)" in text for text in told)
