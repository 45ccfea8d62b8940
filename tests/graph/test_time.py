"""Time: every limit ends what it limits, the rest goes on, and the answer is made of what has arrived."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.tools import tool

from langgraph_tumix import Agent, Budget, ConfigError, Outcome, Toolbox, create_tumix
from langgraph_tumix.background import abandonable, finished, leave
from langgraph_tumix.clock import now
from langgraph_tumix.context import TumixContext
from langgraph_tumix.interpreter.base import CellResult, Isolation
from langgraph_tumix.plan import seconds_left
from langgraph_tumix.race import Race
from langgraph_tumix.search.base import Ask, Found
from langgraph_tumix.testing import FakeInterpreter, ScriptedChatModel, note
from tests.graph.roles import FakeSearch, play, role_of, solver, toolbox

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("time_flies")]

FOREVER = 3600.0
SOON = 60.0  # seconds, of a clock that stands still as long as anybody works
ODD = Agent(name="Odd", instruction="ODD one out.")
SLOW = Agent(name="Slow", instruction="ODD and slow.", code="loop")


class Sleepy(ScriptedChatModel):
    """Sleeps for an hour where its prompt holds the word."""

    word: str = "ODD"

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        if self.word in messages[1].text:
            self.calls.append(messages)
            await asyncio.sleep(FOREVER)
        return await super()._agenerate(messages, *args, **kwargs)


async def ask(model: Any, **options: Any) -> tuple[Outcome, list[dict[str, Any]]]:
    """Run a question; it must be over long before anyone has slept enough. Returns outcome and notes."""
    graph = create_tumix(model, tools=options.pop("tools", None) or toolbox(), **options)
    async with asyncio.timeout(FOREVER / 2):
        states = [state async for state in graph.astream({"question": "What is it?"}, stream_mode="values")]
    return Outcome(states[-1]["outcome"]), states[-1]["notes"]


def lost(outcome: Outcome) -> set[tuple[str, str, str]]:
    """Return who was lost, and how."""
    return {(entry["agent"], entry["status"], entry["cause"]) for entry in outcome.lost}


LIMITS = [
    ({"call_seconds": SOON}, "timed_out", "timeout", "degraded"),
    ({"agent_seconds": SOON}, "timed_out", "timeout", "degraded"),
    ({"round_seconds": SOON}, "timed_out", "timeout", "degraded"),
    ({"budget": Budget(seconds=SOON)}, "timed_out", "deadline", "deadline"),
    ({"quorum": 2}, "cancelled", "quorum", "complete"),
]


@pytest.mark.parametrize(("options", "status", "cause", "ends"), LIMITS, ids=lambda case: str(case)[:24])
async def test_each_limit_ends_a_straggler_and_nothing_else(
    options: dict[str, Any], status: str, cause: str, ends: str
) -> None:
    model = Sleepy(responder=play().responder)
    outcome, _ = await ask(model, agents=["CoT", "C", ODD], min_rounds=1, max_rounds=1, **options)
    assert (outcome.answer, outcome.status) == ("42", ends)
    assert lost(outcome) == {("Odd", status, cause)}
    sent = sum("ODD" in call[1].text for call in model.calls)
    assert outcome.by_agent["Odd"]["model_calls"] == sent, "a call that was given up is counted"
    assert outcome.usage["model_calls"] == len(model.calls)


async def test_the_agent_s_limit_is_named_by_the_one_that_came_first() -> None:
    outcome, _ = await ask(
        Sleepy(responder=play().responder), agents=["CoT", ODD], agent_seconds=SOON, round_seconds=FOREVER, max_rounds=2
    )
    assert {entry["reason"] for entry in outcome.lost} == {f"not done within {SOON:g} s (agent_seconds)"}


async def test_a_quorum_stops_what_the_others_would_do_next() -> None:
    at_work = asyncio.Event()
    asked: list[str] = []

    class Slow(FakeInterpreter):
        async def open(self) -> Any:
            at_work.set()
            await asyncio.sleep(FOREVER)

    class Patient(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if "ODD" not in messages[1].text:
                await at_work.wait()
            return await super()._agenerate(messages, *args, **kwargs)

    def solve(messages: Sequence[BaseMessage]) -> str:
        if "ODD" in messages[1].text:
            asked.append(messages[-1].text)
            return "```python\nprint(1)\n```"
        return "<<<42>>>"

    model = Patient(responder=play(solve).responder)
    tools = Toolbox(code=Slow())
    outcome, notes = await ask(model, agents=[*["Base"] * 12, SLOW], tools=tools, quorum=12, min_rounds=1, max_rounds=1)
    assert outcome.votes == {"42": 12}
    assert lost(outcome) == {("Slow", "cancelled", "quorum")}
    await finished()
    assert len(asked) == 1, "nothing new is sent for an agent that was cancelled"
    slow = next(note for note in notes if note["agent"] == "Slow")
    assert (slow["usage"]["model_calls"], slow["usage"]["tool_calls"]) == (1, 1), "a program under way is counted"


async def test_a_quorum_counts_agents_with_an_answer_and_no_others() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str:
        return "<<<unknown>>>" if "interpreter" in messages[1].text else "<<<42>>>"

    outcome, _ = await ask(play(solve), agents=["CoT", "C", "C+"], quorum=2, min_rounds=1, max_rounds=1)
    assert outcome.lost == [], "one answer and two abstentions are no quorum of two"


async def test_samples_that_have_ended_stay_when_the_quorum_ends_the_others() -> None:
    first = iter(range(100))

    class Uneven(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if "ODD" in messages[1].text and next(first) > 0:
                await asyncio.sleep(FOREVER)
            return await super()._agenerate(messages, *args, **kwargs)

    model = Uneven(responder=lambda messages: "<<<42>>>")
    _, notes = await ask(model, agents=["CoT", ODD], samples=3, quorum=1, min_rounds=1, max_rounds=1)
    statuses = sorted(note["status"] for note in notes if note["agent"] == "Odd")
    assert statuses == ["cancelled", "cancelled", "ok"]


async def test_a_judge_that_thinks_beyond_the_deadline_is_not_waited_for() -> None:
    model = Sleepy(responder=play().responder, word="You are the judge of this work")
    outcome, _ = await ask(model, agents=["CoT", "C"], budget=Budget(seconds=SOON))
    assert (outcome.answer, outcome.status, outcome.stop_reason) == ("42", "deadline", "the deadline was reached")
    assert outcome.by_agent["judge"]["model_calls"] == 1


async def test_a_grouping_call_beyond_the_deadline_is_not_waited_for() -> None:
    answers = iter(["the red one", "red", "the blue one", "the blue one"])
    base = play(lambda _: f"<<<{next(answers)}>>>")
    model = Sleepy(responder=base.responder, word="Which of them say the same thing")
    outcome, _ = await ask(model, agents=["Base"] * 4, min_rounds=1, max_rounds=1, budget=Budget(seconds=SOON))
    assert outcome.answer is not None
    assert any("could not be grouped: the deadline" in warning for warning in outcome.warnings)


async def test_at_the_deadline_the_closing_vote_asks_no_model() -> None:
    answers = iter(["the red one", "red", "the blue one", "the blue one"])
    base = play(lambda _: f"<<<{next(answers)}>>>")
    model = Sleepy(responder=base.responder)
    outcome, _ = await ask(model, agents=[*["Base"] * 4, ODD], budget=Budget(seconds=SOON))
    assert outcome.status == "deadline"
    assert {role_of(call) for call in model.calls} == {"solver"}


async def test_a_deadline_that_has_passed_begins_no_round() -> None:
    class Late(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            reply = await super()._agenerate(messages, *args, **kwargs)
            await asyncio.sleep(0)
            return reply

    model = Late(responder=play(verdict="<<<NO>>>", latency=SOON / 2).responder, latency=SOON * 0.7)
    outcome, notes = await ask(model, agents=["CoT"], budget=Budget(seconds=SOON), max_rounds=20)
    assert outcome.status == "deadline"
    assert {note["round"] for note in notes} <= {1, 2}


@pytest.mark.parametrize(("deadline", "closing"), [(60.0, 0.1), (0.5, 0.05)])
async def test_agents_stop_a_moment_before_the_deadline(deadline: float, closing: float) -> None:
    state: Any = {"asked": {"asked": now()}}
    context = TumixContext(max_seconds=deadline)
    assert seconds_left(state, context) == pytest.approx(deadline - closing)
    await asyncio.sleep(deadline)
    assert seconds_left(state, context) == pytest.approx(-closing)
    assert seconds_left(state, TumixContext()) is None


async def test_a_kernel_that_takes_its_time_to_die_does_not_hold_the_answer() -> None:
    class Stubborn:
        isolation = Isolation("none", "a fake")
        closed = asyncio.Event()
        killed = asyncio.Event()

        async def open(self) -> "Stubborn":
            return self

        async def run(self, code: str, *, seconds: float) -> CellResult:
            try:
                await asyncio.sleep(FOREVER)
            finally:
                self.killed.set()
                await self.closed.wait()
            raise AssertionError

        async def aclose(self) -> None:
            self.killed.set()
            await self.closed.wait()

    kernel = Stubborn()
    outcome, _ = await ask(play(), agents=["CoT", "C"], tools=Toolbox(code=kernel), budget=Budget(seconds=SOON))
    assert lost(outcome) == {("C", "timed_out", "deadline")}
    assert outcome.by_agent["C"]["tool_calls"] == 1, "the program under way is counted though it has not ended"
    assert kernel.killed.is_set()
    kernel.closed.set()
    await finished()


async def test_a_tool_and_a_search_are_given_up_and_the_agent_goes_on() -> None:
    @tool
    async def brood(question: str) -> str:
        """Think for an hour."""
        await asyncio.sleep(FOREVER)
        return question

    class Endless(FakeSearch):
        async def search(self, query: str, ask: Ask) -> Found:
            await asyncio.sleep(FOREVER)
            raise AssertionError

    def own(messages: Sequence[BaseMessage]) -> Any:
        from langchain_core.messages import AIMessage

        told = [message.text for message in messages if message.type == "tool"]
        if told:
            assert f"stopped: it took longer than {SOON:g} s" in told[0]
            return "<<<42>>>"
        return AIMessage("", tool_calls=[{"name": "brood", "args": {"question": "?"}, "id": "1"}])

    brooder = Agent(name="Brood", instruction="Brood.", tools=(brood,), model=ScriptedChatModel(responder=own))
    tools = Toolbox(code=FakeInterpreter(lambda code: "42"), gs=Endless())
    outcome, notes = await ask(
        play(), agents=["CS_gs", brooder], tools=tools, tool_seconds=SOON, min_rounds=1, max_rounds=1
    )
    assert (outcome.answer, outcome.lost) == ("42", [])
    failed = [step["output"] for note in notes for step in note["evidence"] if not step["ok"]]
    assert any("The search failed: it took too long" in output for output in failed)
    assert len(failed) == 2


async def test_a_program_gets_the_limit_that_its_agent_is_told() -> None:
    limits: list[float] = []

    class Timed(FakeInterpreter):
        async def open(self) -> Any:
            return self

        async def run(self, code: str, *, seconds: float) -> CellResult:
            limits.append(seconds)
            return CellResult("ok", "42", 0.0)

        async def aclose(self) -> None:
            return None

    model = play(solver)
    await ask(model, agents=["C"], tools=Toolbox(code=Timed()), tool_seconds=7, min_rounds=1, max_rounds=1)
    assert limits == [7]
    assert "for at most 7 seconds a time" in model.calls[0][1].text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quorum": 0}, "quorum is 0"),
        ({"quorum": 2.5}, "quorum is 2.5"),
        ({"quorum": 4}, "quorum is 4, and only 3 agents"),
        ({"round_seconds": 0}, "round_seconds is 0"),
        ({"round_seconds": -1}, "round_seconds is -1"),
        ({"tool_seconds": float("inf")}, "tool_seconds is inf"),
        ({"tool_seconds": None}, "tool_seconds is None"),
    ],
)
def test_limits_that_cannot_be_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        create_tumix(play(), agents=["CoT", "C", "C+"], tools=toolbox(), **options)


async def test_a_race_that_is_over_lets_nobody_start() -> None:
    race = Race(quorum=1)
    race.finish([note("A", "1")])
    with pytest.raises(TimeoutError):
        async with race.until(asyncio.get_running_loop().time() + FOREVER):
            await asyncio.sleep(FOREVER)


async def test_what_is_abandoned_is_cancelled_and_followed_to_its_end() -> None:
    ended: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(FOREVER)
        finally:
            await asyncio.sleep(0.05)
            ended.append("stubborn")

    task = asyncio.ensure_future(abandonable(stubborn()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended
    await finished()
    assert ended == ["stubborn"]


async def test_what_fails_in_the_background_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("no")

    leave(fail())
    await finished()
    await asyncio.sleep(0)
    assert "ValueError('no')" in caplog.text
