"""Strategies in the live graph: who runs, who reads what, what ends a round, what an aggregator has asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver

from langgraph_tumix import Agent, Budget, ConfigError, Outcome, create_tumix
from langgraph_tumix.core.aggregate import Choice, Majority
from langgraph_tumix.core.aggregating.calls import Synthesise
from langgraph_tumix.core.aggregating.tournament import Swiss
from langgraph_tumix.core.aggregating.weights import Scored
from langgraph_tumix.core.allocate import Allocator, Batches, Everyone, Turn
from langgraph_tumix.core.allocating.notes import TopNotes
from langgraph_tumix.core.allocating.waves import Cascade, InOrder
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.stop import FixedRounds, Never
from langgraph_tumix.core.stopping.limits import Quorum
from langgraph_tumix.core.stopping.votes import UnanimousWindow, VoteShare
from langgraph_tumix.core.view import View
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import play, role_of

A, B, C = TEAM = [Agent(name=name, instruction=f"You are agent {name}.") for name in "ABC"]
FOREVER = 3600.0


def by_name(messages: Sequence[BaseMessage]) -> str:
    """Answer 1, 2 or 3 by the agent's name; rate an answer by its number; join all when asked to."""
    text = messages[-1].text
    if "You rate this work" in text:
        return "<<<0.9>>>" if "1. 2" in text else "<<<0.1>>>"
    if "write the best answer" in text:
        return "<<<123>>>"
    return next(f"I say <<<{number}>>>." for number, name in enumerate("ABC", 1) if f"You are agent {name}." in text)


async def run(
    model: ScriptedChatModel | None = None, **options: Any
) -> tuple[Outcome, dict[str, Any], list[dict[str, Any]]]:
    """Return outcome, channels and events of a question."""
    graph = create_tumix(model or play(by_name), **{"agents": TEAM, **options})
    state: dict[str, Any] = {}
    events: list[dict[str, Any]] = []
    stream: AsyncIterator[Any] = graph.astream({"question": "Which?"}, stream_mode=["values", "custom"])
    async with asyncio.timeout(30):
        async for mode, data in stream:
            if mode == "values":
                state = data
            else:
                events.append(data["tumix"])
    return Outcome(state["outcome"]), state, events


def who(state: dict[str, Any]) -> list[str]:
    return [note["id"] for note in state["notes"]]


async def test_agents_without_a_turn_do_nothing_at_all() -> None:
    model = play(by_name)
    outcome, state, events = await run(model, allocate=InOrder(("C", "A"), first=1), stop=Never())
    assert who(state) == ["1/C/0", "2/A/0"]
    assert len(model.calls) == outcome.usage["model_calls"] == 2
    assert [event["agent"] for event in events if event["event"] == "agent"] == ["C", "A"]
    assert [event["agents"] for event in events if event["event"] == "round"] == [["C"], ["A"]]
    assert outcome.stop_reason == "the plan is at its end"
    assert all(note["saw"] == [] for note in state["notes"])


async def test_samples_go_on_over_many_waves_until_the_rule_has_enough() -> None:
    options: dict[str, Any] = {"agents": [A], "aggregate": Majority("independent"), "stop": UnanimousWindow(8)}
    outcome, state, _ = await run(allocate=Batches(1, 64), **options)
    assert len(state["rounds"]) == 8
    assert [note["sample"] for note in state["notes"]] == list(range(8))
    assert (outcome.answer, outcome.confidence) == ("1", 1.0)


async def test_a_cascade_asks_the_strong_only_where_the_cheap_do_not_agree() -> None:
    cascade = Cascade((("A", "B"), ("C",)), VoteShare(0.9))
    _, divided, _ = await run(allocate=cascade, stop=Never())
    _, agreed, _ = await run(play(lambda _: "<<<7>>>"), allocate=cascade, stop=Never())
    assert (who(divided), who(agreed)) == (["1/A/0", "1/B/0", "2/C/0"], ["1/A/0", "1/B/0"])


async def test_each_reads_what_it_is_shown() -> None:
    model = play(by_name)
    _, state, _ = await run(model, allocate=TopNotes(1), stop=FixedRounds(2))
    second = [call[1].text for call in model.calls if "Notes of round 1" in call[1].text]
    assert len(second) == 3
    assert all("note 1 of 1" in text for text in second)
    assert all(len(note["saw"]) == (note["round"] == 2) for note in state["notes"])


async def test_everyone_by_hand_prompts_as_the_default_does() -> None:
    prompts = []
    for options in ({}, {"allocate": Everyone(), "min_rounds": 2, "max_rounds": 5}):
        model = play(by_name, verdict="<<<NO>>>")
        await run(model, **options)
        texts = [call[1].text for call in model.calls]
        markers = {text.partition("[[end · ")[2][:12] for text in texts} - {""}
        prompts.append(sorted(text.replace(next(iter(markers)), "") for text in texts))
    assert prompts[0] == prompts[1]


class Sleepy(ScriptedChatModel):
    """Sleeps for an hour as agent C."""

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        if "You are agent C." in messages[1].text:
            await asyncio.sleep(FOREVER)
        return await super()._agenerate(messages, *args, **kwargs)


async def test_a_rule_that_decides_at_once_closes_the_round() -> None:
    outcome, state, _ = await run(Sleepy(responder=by_name), allocate=Everyone(), stop=Quorum(2))
    assert [(note["agent"], note["status"]) for note in state["notes"]] == [
        ("A", "ok"),
        ("B", "ok"),
        ("C", "cancelled"),
    ]
    assert len(state["rounds"]) == 1
    assert outcome.status == "complete"


async def test_an_answer_that_comes_a_moment_after_the_decision_is_not_counted() -> None:
    _, state, _ = await run(allocate=Everyone(), stop=Quorum(1))
    assert sorted(note["status"] for note in state["notes"]) == ["cancelled", "cancelled", "ok"]


async def test_what_the_aggregator_asks_for_is_asked_paid_and_counted() -> None:
    model = play(by_name)
    outcome, _, _ = await run(model, allocate=Everyone(), stop=FixedRounds(1), aggregate=Scored())
    assert outcome.answer == "2"
    assert outcome.by_agent["aggregator"]["model_calls"] == 3
    assert outcome.usage["model_calls"] == len(model.calls) == 6
    rating = next(call[1].text for call in model.calls if "You rate this work" in call[1].text)
    assert "Which?" in rating
    assert "note 1 of 1" in rating


async def test_an_answer_is_written_anew() -> None:
    outcome, _, _ = await run(stop=FixedRounds(1), min_rounds=1, aggregate=Synthesise())
    assert (outcome.answer, outcome.confidence) == ("123", 0.0)


async def test_replies_that_say_nothing_are_told_and_the_vote_stands_in() -> None:
    outcome, _, _ = await run(play(lambda _: "It is <<<5>>>."), stop=FixedRounds(1), min_rounds=1, aggregate=Swiss())
    assert outcome.answer == "5"
    assert any("hold nothing that it asked for" in warning for warning in outcome.warnings)


async def test_the_account_ends_the_aggregator_s_calls() -> None:
    budget = Budget(model_calls=5)
    outcome, _, _ = await run(allocate=Everyone(), stop=FixedRounds(1), aggregate=Scored(), budget=budget)
    assert outcome.usage["model_calls"] == 5
    assert outcome.answer is not None
    assert any("model_calls is limited to 5" in warning for warning in outcome.warnings)


@dataclass(frozen=True)
class Once(Scored):
    """Fails at the first choice, after all calls have been paid."""

    failed: list[bool] = field(default_factory=list)

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        if not self.failed:
            self.failed.append(True)
            raise RuntimeError("the machine goes down")
        return super().choose(view, groups, seed)


async def test_a_run_that_is_resumed_pays_for_no_reply_twice() -> None:
    model = play(by_name)
    graph = create_tumix(
        model, agents=TEAM, allocate=Everyone(), stop=FixedRounds(1), aggregate=Once(), checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    with pytest.raises(RuntimeError, match="goes down"):
        await graph.ainvoke({"question": "Which?"}, config)
    state = await graph.ainvoke(None, config)
    assert len(model.calls) == 6
    assert state["outcome"]["usage"]["model_calls"] == 6
    assert state["answer"] == "2"
    assert {role_of(call) for call in model.calls} == {"solver"}


@dataclass(frozen=True)
class Stranger(Allocator):
    def plan(self, view: View) -> Sequence[Turn]:
        return [Turn("Zoe")]


@dataclass(frozen=True)
class Nobody(Allocator):
    def plan(self, view: View) -> Sequence[Turn]:
        return []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allocate": Stranger()}, "asks 'Zoe', which takes no part"),
        ({"allocate": Nobody()}, "asks nobody in round 1"),
        ({"allocate": Cascade((("Z",),), VoteShare())}, "'Z', which is not in the roster"),
        ({"allocate": CMC(0.5)}, "OverRounds"),
        ({"allocate": Everyone(), "samples": 4}, "samples is 4"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anything_is_spent(options: dict[str, Any], words: str) -> None:
    model = play(by_name)
    with pytest.raises(ConfigError, match=words):
        await run(model, **options)
    assert model.calls == []
