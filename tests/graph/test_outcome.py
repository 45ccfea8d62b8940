"""Failures are told, caps cap, and the outcome adds up."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from langgraph_tumix import Agent, Budget, ConfigError, FixedRounds, Outcome, StableMajority, Toolbox, create_tumix
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.interpreter.base import CellResult, Isolation
from langgraph_tumix.testing import FakeInterpreter, ScriptedChatModel
from tests.graph.roles import play, role_of, solver, toolbox

QUESTION: Any = {"question": "What is it?"}


async def ask(model: Any, **options: Any) -> Outcome:
    """Run a question and return its outcome."""
    graph = create_tumix(model, tools=options.pop("tools", None) or toolbox(), **options)
    return Outcome((await graph.ainvoke(QUESTION))["outcome"])


def by(name: str, special: Callable[[], str | Exception]) -> Callable[[Sequence[BaseMessage]], str | Exception]:
    """Let the agent whose instruction holds `name` behave in a special way."""

    def solve(messages: Sequence[BaseMessage]) -> str | Exception:
        return special() if name in messages[1].text else solver(messages)

    return solve


ODD = Agent(name="Odd", instruction="ODD one out.")
ROSTER = ["CoT", "C", ODD]


async def test_a_complete_run() -> None:
    outcome = await ask(play(), max_rounds=5)
    assert (outcome.answer, outcome.status, outcome.confidence) == ("42", "complete", 1.0)
    assert len(outcome.rounds) == 2
    assert outcome.stop_reason == "2 rounds are done and the judge says stop"
    assert outcome.votes == {"42": 15}
    assert outcome.lost == []
    assert outcome.rounds[0]["agreement"] == 1.0
    assert json.loads(json.dumps(outcome)) == outcome


async def test_a_round_that_was_lost_altogether_is_told_though_the_one_before_decides() -> None:
    def respond(messages: Sequence[BaseMessage]) -> str | Exception:
        return ValueError("gone") if "# Notes of round 1" in messages[1].text else "<<<42>>>"

    outcome = await ask(ScriptedChatModel(responder=respond), agents=["CoT", "Base"])
    assert (outcome.answer, outcome.status, outcome.decided_in) == ("42", "degraded", 1)
    assert {loss["round"] for loss in outcome.lost} == {2}


class Boom(Exception):
    """What a provider's client may raise."""

    def __init__(self, status_code: int | None = None) -> None:
        super().__init__("boom")
        if status_code:
            self.status_code = status_code


@pytest.mark.parametrize(
    ("special", "cause"),
    [
        (lambda: Boom(), "reply"),
        (lambda: Boom(400), "request"),
        (lambda: Boom(401), "auth"),
        (lambda: Boom(404), "model"),
        (lambda: ValueError("not JSON"), "reply"),
        (lambda: "", "empty"),
        (lambda: "   \n", "empty"),
        (lambda: "blah blah", "no_answer"),
        (lambda: "<<<", "no_answer"),
        (lambda: "<<<Error: 500 Internal Server Error>>>", "no_answer"),
    ],
)
async def test_one_agent_fails_and_the_outcome_says_so(special: Callable[[], str | Exception], cause: str) -> None:
    outcome = await ask(play(by("ODD", special)), agents=ROSTER)
    assert (outcome.answer, outcome.status) == ("42", "degraded")
    assert {(loss["agent"], loss["cause"]) for loss in outcome.lost} == {("Odd", cause)}
    assert all(loss["reason"] for loss in outcome.lost)
    assert outcome.votes == {"42": 2}


@pytest.mark.usefixtures("time_flies")
async def test_one_agent_hangs() -> None:
    class Hanging(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if "ODD" in messages[1].text:
                await asyncio.sleep(6000)
            return await super()._agenerate(messages, *args, **kwargs)

    model = Hanging(responder=play().responder)
    outcome = await ask(model, agents=ROSTER, agent_seconds=30)
    assert (outcome.answer, outcome.status) == ("42", "degraded")
    assert {(loss["agent"], loss["status"]) for loss in outcome.lost} == {("Odd", "timed_out")}
    assert outcome.by_agent["Odd"]["model_calls"] == 2, "calls that were given up are counted"


async def test_all_agents_fail() -> None:
    outcome = await ask(play(lambda _: Boom(401)), agents=["CoT", "C"])
    assert (outcome.answer, outcome.status, len(outcome.rounds)) == (None, "no_answer", 1)
    assert "auth" in outcome.stop_reason
    assert "API key" in outcome.lost[0]["reason"]


async def test_nobody_can_tell() -> None:
    outcome = await ask(play(lambda _: "<<<unknown>>>"), agents=["CoT", "C"])
    assert (outcome.answer, outcome.status, outcome.lost) == (None, "no_answer", [])
    assert len(outcome.rounds) == 2


async def test_a_judge_that_cannot_be_asked_is_replaced_by_the_rule() -> None:
    def respond(messages: Sequence[BaseMessage]) -> str | Exception:
        return Boom(400) if role_of(messages) == "judge" else solver(messages)

    outcome = await ask(ScriptedChatModel(responder=respond), agents=["CoT", "C"])
    assert (outcome.answer, outcome.status, len(outcome.rounds)) == ("42", "complete", 2)
    assert any("judge could not be asked" in warning for warning in outcome.warnings)


async def test_a_judge_without_a_clear_yes_goes_on() -> None:
    outcome = await ask(play(verdict="YES, I think we can stop."), agents=["CoT"], max_rounds=4)
    assert len(outcome.rounds) == 4


async def test_the_judge_may_be_another_model() -> None:
    judge = play()
    outcome = await ask(play(verdict="never asked"), judge=judge, agents=["CoT"])
    assert len(outcome.rounds) == 2
    assert [role_of(call) for call in judge.calls] == ["judge"]


@pytest.mark.parametrize(("stop", "rounds", "judged"), [(StableMajority(), 2, 0), (FixedRounds(3), 3, 0), (None, 2, 1)])
async def test_stop_rules(stop: Any, rounds: int, judged: int) -> None:
    outcome = await ask(play(), agents=["CoT", "C"], stop=stop)
    assert len(outcome.rounds) == rounds
    assert outcome.by_agent["judge"]["model_calls"] == judged


async def test_answers_that_mean_the_same_are_grouped_by_one_call() -> None:
    answers = iter(["the red one", "red", "the blue one", "the blue one"] * 2)

    model = play(lambda _: f"<<<{next(answers)}>>>", grouping="<<<1,2,3>>>", verdict="<<<YES>>>")
    outcome = await ask(model, agents=["Base"] * 4, min_rounds=1)
    assert outcome.by_agent["aggregator"]["model_calls"] == 1
    assert outcome.votes in ({"the blue one": 4},)


@pytest.mark.parametrize("cap", [1, 7, 20, 33])
async def test_a_cap_on_calls_is_never_passed(cap: int) -> None:
    model = play(verdict="<<<NO>>>", latency=0.001)
    outcome = await ask(model, budget=Budget(model_calls=cap), max_rounds=5)
    assert len(model.calls) == outcome.usage["model_calls"] <= cap
    assert outcome.status in ("budget", "no_answer")
    assert outcome.stop_reason == "the budget was reached"
    assert {loss["cause"] for loss in outcome.lost} == {"budget"}


async def test_a_cap_on_tokens_is_never_passed_and_still_used() -> None:
    """Calls wait for those under way to give back what they reserved, instead of giving up."""
    outcome = await ask(play(verdict="<<<NO>>>", latency=0.001), budget=Budget(tokens=40_000), max_rounds=5)
    used = outcome.usage["input_tokens"] + outcome.usage["output_tokens"]
    assert 10_000 < used <= 40_000
    assert outcome.answer == "42"
    assert outcome.status == "budget"


async def test_a_cap_on_tools_is_never_passed() -> None:
    fakes = toolbox()
    outcome = await ask(play(), budget=Budget(tool_calls=3), tools=fakes)
    assert outcome.usage["tool_calls"] <= 3
    assert isinstance(fakes.code, FakeInterpreter)
    assert fakes.code.open_sessions == 0


async def test_a_dollar_cap_on_a_model_without_a_price_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"price of .* is unknown"):
        create_tumix(play(), tools=toolbox(), budget=Budget(usd=1))


@pytest.mark.usefixtures("time_flies")
async def test_at_the_deadline_the_answer_so_far_is_returned() -> None:
    class Slow(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if "ODD" in messages[1].text:
                await asyncio.sleep(6000)
            return await super()._agenerate(messages, *args, **kwargs)

    model = Slow(responder=play().responder)
    begun = asyncio.get_running_loop().time()
    outcome = await ask(model, agents=ROSTER, budget=Budget(seconds=50))
    assert asyncio.get_running_loop().time() - begun < 60
    assert (outcome.answer, outcome.status) == ("42", "deadline")
    assert {loss["cause"] for loss in outcome.lost} == {"deadline"}


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_calls_in_flight_are_limited(concurrency: int) -> None:
    flying, peak = 0, 0

    class Counting(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            nonlocal flying, peak
            flying += 1
            peak = max(peak, flying)
            try:
                return await super()._agenerate(messages, *args, **kwargs)
            finally:
                flying -= 1

    model = Counting(responder=play().responder, latency=0.001)
    graph = create_tumix(model, agents=["Base", "CoT", "C", "CSG_gs"], tools=toolbox(), concurrency=concurrency)
    await asyncio.gather(graph.ainvoke(QUESTION), graph.ainvoke(QUESTION))
    assert peak == concurrency


async def test_sums_by_agent_and_by_round_equal_the_total() -> None:
    model = play(verdict="<<<NO>>>")
    outcome = await ask(model, max_rounds=3)
    assert outcome.usage["model_calls"] == len(model.calls)
    for part in ("by_agent", "by_round"):
        total = add_usage(*outcome[part].values())
        assert {k: v for k, v in total.items() if k != "usd"} == {k: v for k, v in outcome.usage.items() if k != "usd"}
    assert outcome.usage["usd"] is None, "the price of a scripted model is unknown, and unknown is not 0"


async def test_agents_without_their_tool_are_left_out_and_named() -> None:
    outcome = await ask(play(), tools=Toolbox(code=FakeInterpreter()), agents=["CoT", "C", "CS_gs", "S"])
    assert set(outcome.left_out) == {"CS_gs", "S"}
    assert "TAVILY_API_KEY" in outcome.left_out["CS_gs"]
    assert "own search" in outcome.left_out["S"]
    assert set(outcome.by_agent) == {"CoT", "C", "judge", "aggregator"}


async def test_sessions_are_closed_when_an_agent_fails_or_the_run_is_cancelled() -> None:
    class Stuck:
        isolation = Isolation("none", "a fake")
        opened = 0
        both = asyncio.Event()

        async def open(self) -> "Stuck":
            self.opened += 1
            if self.opened == 2:
                self.both.set()
            return self

        async def run(self, code: str, *, seconds: float) -> CellResult:
            await asyncio.sleep(6000)
            raise AssertionError

        async def aclose(self) -> None:
            self.opened -= 1

    interpreter = Stuck()
    graph = create_tumix(play(), agents=["C", "C+"], tools=Toolbox(code=interpreter))
    run = asyncio.ensure_future(graph.ainvoke(QUESTION))
    await interpreter.both.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert interpreter.opened == 0


async def test_questions_do_not_leak_into_one_another() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str:
        asked = messages[1].text.partition("# Question\n\n")[2].partition("\n")[0]
        return f"<<<{asked.removeprefix('Say ')}>>>"

    graph = create_tumix(play(solve, latency=0.001), agents=["Base", "CoT"], tools=toolbox())
    states = await asyncio.gather(*(graph.ainvoke({"question": f"Say {number}"}) for number in range(20)))
    assert [state["answer"] for state in states] == [str(number) for number in range(20)]
    assert all(state["outcome"].usage["model_calls"] == 5 for state in states)
