"""Trials: the real subgraph with real limits; paid once, cut off in whole questions, closed whatever happens."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from langgraph_tumix import Agent, Budget
from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.design.bench import Bench
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import resolve
from langgraph_tumix.testing import FakeInterpreter, ScriptedChatModel
from langgraph_tumix.toolbox import Toolbox
from tests.graph.roles import FakeSearch, play

QUESTIONS = [f"Question {n}?" for n in range(6)]


def bench(budget: Budget | None = None, *, due: float | None = None, **fields: Any) -> Bench:
    meter = Meter(Ledger(budget), secrets.token_hex(4), 64, 60.0, due)
    return Bench(meter, Trials(), fields.pop("agent_seconds", 30.0), **fields)


def equipped(model: ScriptedChatModel, *agents: Agent, interpreter: FakeInterpreter | None = None) -> list[Equipped]:
    toolbox = Toolbox(code=interpreter or FakeInterpreter(), gs=FakeSearch())
    return [toolbox.equip(agent, resolve(model)) for agent in agents]


TALKER = Agent(name="Talker", instruction="Talk.")
CODER = Agent(name="Coder", instruction="Code.", code="loop")


async def test_every_agent_answers_every_question_once() -> None:
    model, ticks = play(), list[tuple[int, int]]()
    trials = bench(tick=lambda done, total: ticks.append((done, total)))
    agents = equipped(model, TALKER, CODER)
    notes = await trials.run(agents, QUESTIONS)
    assert set(notes) == {(name, question) for name in ("Talker", "Coder") for question in QUESTIONS}
    assert {note["answer"] for note in notes.values()} == {"42"}
    assert ticks == [(n, 12) for n in range(1, 13)]
    calls = len(model.calls)
    assert await trials.run(agents, QUESTIONS) == notes
    assert len(model.calls) == calls, "what is known is not paid again"
    assert trials.trials.spent["model_calls"] == calls == trials.meter.ledger.spent["model_calls"]


async def test_another_instruction_or_model_is_another_trial() -> None:
    trials, model = bench(), play()
    await trials.run(equipped(model, TALKER), QUESTIONS[:1])
    await trials.run(equipped(model, Agent(name="Talker", instruction="Talk more.")), QUESTIONS[:1])
    assert len(trials.trials.notes) == 2


async def test_money_that_runs_out_leaves_whole_questions_behind() -> None:
    trials = bench(Budget(model_calls=9))
    notes = await trials.run(equipped(play(), TALKER, Agent(name="Other", instruction="Talk.")), QUESTIONS)
    assert trials.meter.ledger.spent["model_calls"] <= 9
    assert "model_calls" in trials.spent_out
    whole = [q for q in QUESTIONS if ("Talker", q) in notes and ("Other", q) in notes]
    assert whole == QUESTIONS[:4]


@pytest.mark.usefixtures("time_flies")
async def test_time_that_runs_out_is_said() -> None:
    trials = bench(due=asyncio.get_running_loop().time() + 10)
    assert await trials.run(equipped(play(latency=3000), TALKER), QUESTIONS) == {}
    assert "the time for the design is up" in trials.spent_out
    assert trials.trials.spent["model_calls"] <= 4, "only those that were in work"


async def test_an_empty_reply_is_a_failure_and_not_a_wrong_answer() -> None:
    """A reasoning model that used its limit up has said nothing, which is not the same as being wrong."""
    model = ScriptedChatModel(responder=lambda _: AIMessage("", response_metadata={"finish_reason": "length"}))
    trials = bench()
    notes = await trials.run(equipped(model, TALKER), QUESTIONS[:2])
    assert {(note["status"], note["cause"]) for note in notes.values()} == {("failed", "empty")}
    assert not trials.trials.notes, "it may work another time"
    assert trials.trials.spent["model_calls"] > 0, "and was paid for"


@pytest.mark.usefixtures("time_flies")
async def test_an_agent_that_takes_too_long_is_stopped() -> None:
    trials = bench(agent_seconds=10)
    notes = await trials.run(equipped(play(latency=500), TALKER), QUESTIONS[:1])
    (note,) = notes.values()
    assert (note["status"], note["cause"]) == ("timed_out", "timeout")
    assert not trials.spent_out, "that is its own fault, and no reason to stop"


@pytest.mark.usefixtures("time_flies")
async def test_a_cancelled_bench_closes_its_sessions_and_knows_the_cost() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str:
        return "```python\nprint(1)\n```"

    interpreter, trials = FakeInterpreter(), bench()
    agents = equipped(play(solve, latency=5), CODER, interpreter=interpreter)
    running = asyncio.ensure_future(trials.run(agents, QUESTIONS))
    while not interpreter.open_sessions:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert interpreter.open_sessions == 0
    assert trials.trials.spent["model_calls"] == trials.meter.ledger.spent["model_calls"] > 0
