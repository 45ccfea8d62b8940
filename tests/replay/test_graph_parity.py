"""The same strategy object decides the same live, through LangGraph, and replayed from that run's recording.

200 random strategies and questions, step by step: who ran in which round and read what, each decision of the stop rule,
each request, what it cost, and the answer. The model is random: nothing but the recording ties the two together.

Who ends first is chance as well, but no time passes: an agent lets others go ahead for some turns of the event loop.
"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from langgraph_tumix import Agent, Outcome, create_tumix
from langgraph_tumix.core.allocate import Allocator
from langgraph_tumix.core.stop import FixedRounds, StopRule
from langgraph_tumix.core.stopping.limits import Quorum
from langgraph_tumix.core.stopping.votes import VoteShare
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import read_recording
from langgraph_tumix.replay.play import play
from langgraph_tumix.replay.recording import Run
from langgraph_tumix.testing import ScriptedChatModel
from tests.replay.test_live_parity import AGGREGATORS, ALLOCATORS, LAST_ROUND, ROSTER, RULES

TEAM = [Agent(name=name, instruction=f"You are agent {name}.") for name in ROSTER]
AT_ONCE: list[StopRule] = [Quorum(2), Quorum(3) & VoteShare(0.5, shared=True), Quorum(4) | FixedRounds(3)]
TASKS = {
    "You are the judge of this work": ["<<<YES>>>", "<<<NO>>>", "<<<NO>>>", "I cannot say."],
    "You rate this work": ["<<<0.9>>>", "<<<20 %>>>", "<<<3/10>>>", "Who knows?"],
    "if you had to bet on it": ["<<<0.9>>>", "<<<0.4>>>", "<<<7>>>"],
    "Look for a false fact": ["<<<YES>>>", "<<<NO>>>", "<<<perhaps>>>"],
    "You compare this work": ["<<<3, 8>>>", "<<<9, 9>>>", "<<<10, 2>>>", "<<<5>>>"],
    "Pick the one": ["<<<1>>>", "<<<2>>>", "<<<99>>>"],
    "write the best answer": ["<<<7>>>", "<<<13>>>", "Nothing."],
    "Which of them say the same": ["<<<none>>>", "<<<1,2>>>", "<<<1,2;3,4>>>", "They do."],
}
ANSWERS = [
    "It is <<<7>>>.",
    "It is <<<7/1>>>.",
    "It is <<<3>>>.",
    "It is <<<Rome>>>.",
    "It is <<<the city of Rome>>>.",
    "I see none: <<<unknown>>>",
]


class Moody(ScriptedChatModel):
    """Answers by chance, after turns of the event loop by chance."""

    rng: Any

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        for _ in range(self.rng.choice([0, 0, 1, 3])):
            await asyncio.sleep(0)
        return self._generate(messages)


def moody(seed: int) -> Moody:
    rng = random.Random(f"model {seed}")

    def respond(messages: Sequence[BaseMessage]) -> str:
        text = messages[-1].text
        return rng.choice(next((said for words, said in TASKS.items() if words in text), ANSWERS))

    return Moody(responder=respond, rng=rng)


def strategy_of(seed: int) -> Strategy:
    rng = random.Random(seed)
    rule = FixedRounds(LAST_ROUND) | rng.choice([*RULES, *AT_ONCE])
    return Strategy("random", ALLOCATORS[seed % len(ALLOCATORS)](rng), rule, rng.choice(AGGREGATORS))


_LIVED: dict[int, tuple[Strategy, dict[str, Any], Run]] = {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lend a folder for all recordings."""
    return tmp_path_factory.mktemp("live")


async def live(seed: int, folder: Path) -> tuple[Strategy, dict[str, Any], Run]:
    """Run a strategy live, once for all who ask, and return it with its last state and its recording."""
    if seed not in _LIVED:
        strategy, path = strategy_of(seed), folder / f"{seed}.jsonl"
        assert isinstance(strategy.allocate, Allocator)
        graph = create_tumix(
            moody(seed),
            agents=TEAM,
            allocate=strategy.allocate,
            stop=strategy.stop,
            aggregate=strategy.aggregate,
            record=path,
        )
        states = [state async for state in graph.astream({"question": f"Which, of {seed}?"}, stream_mode="values")]
        (run,) = read_recording(path)[0].runs
        _LIVED[seed] = strategy, states[-1], run
    return _LIVED[seed]


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 200, 10))
async def test_live_and_replayed_decide_alike(first: int, folder: Path) -> None:
    for seed in range(first, first + 10):
        strategy, state, run = await live(seed, folder)
        played = play(strategy, run)
        assert (seed, played.validity, played.why) == (seed, "exact", "")
        reports, outcome = state["rounds"], Outcome(state["outcome"])
        assert played.waves == len(reports), seed
        for report, decision in zip(reports, played.decisions, strict=True):
            ended = report["reason"] == "the plan is at its end"
            assert report["stop"] == (decision.stop or ended), seed
            assert ended or report["reason"].endswith(decision.reason), seed
        assert played.usage == outcome.usage, seed
        assert (played.choice.answer if played.choice else None) == outcome.answer, seed
        assert list(run.notes) == state["notes"], seed


@pytest.mark.long
async def test_the_strategies_do_differ(folder: Path) -> None:
    """Or the test above would compare nothing with nothing."""
    ends, causes, kinds = set(), set(), set()
    for seed in range(60):
        _, state, run = await live(seed, folder)
        ends.add((len(state["rounds"]), state["answer"], len(state["notes"])))
        causes |= {note["cause"] for note in run.notes}
        kinds |= {request.partition(":")[0] for request in run.replies}
    assert len(ends) > 20
    assert "quorum" in causes
    assert len(kinds) >= 5
    assert "group" in kinds
