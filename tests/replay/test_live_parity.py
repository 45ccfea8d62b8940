"""A strategy decides the same live and replayed from that run's recording: random strategies, step by step.

The live side is a loop over the core's protocols with agents that answer by what they are shown; it records through the
real recorder, and the replay reads the real file.
"""

import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.aggregating.calls import Committee, Select, Synthesise
from langgraph_tumix.core.aggregating.tournament import Swiss
from langgraph_tumix.core.aggregating.weights import Borda, Scored, ShortFirst, VerbalConfidence
from langgraph_tumix.core.allocate import Allocator, Batches, Everyone, Turn
from langgraph_tumix.core.allocating.notes import SoftmaxSlots, TopNotes
from langgraph_tumix.core.allocating.rounds import OverRounds
from langgraph_tumix.core.allocating.waves import Cascade, InOrder, TwoWaves
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.parallel_probe import ParallelProbe
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.notes import Note, merge_notes, note_id
from langgraph_tumix.core.requests import Reply, Request
from langgraph_tumix.core.stop import Decision, FixedRounds, LLMJudge, Never, StableMajority, StopRule
from langgraph_tumix.core.stopping.trend import Momentum
from langgraph_tumix.core.stopping.votes import BetaLead, UnanimousWindow, VoteMargin, VoteShare
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import add_usage, used
from langgraph_tumix.core.view import View
from langgraph_tumix.replay import Recorder, Verdict, read_recording
from langgraph_tumix.replay.play import play
from langgraph_tumix.testing import note

ROSTER = ("A", "B", "C", "D", "E")
RUN = ("", "q", 0)
LAST_ROUND = 6


def chance(*about: object) -> random.Random:
    return random.Random(zlib.crc32(repr(about).encode()))


def answer(seed: int, turn: Turn, view: View) -> Note:
    """Return what an agent leaves: it follows the notes that it is shown more often than not."""
    shown = [each["answer"] for each in view.notes if each["id"] in turn.show and each["answer"]]
    rng = chance(seed, turn.agent, turn.sample, turn.show)
    said = rng.choice(shown) if shown and rng.random() < 0.6 else rng.choice(["7", "7/1", "3", "paris", None])
    usage = used(model_calls=1, input_tokens=len(shown) * 10, output_tokens=rng.randrange(5, 500), usd=0.001)
    made = note(turn.agent, said, round=view.round + 1, sample=turn.sample, saw=list(turn.show), usage=usage)
    return {**made, "seconds": rng.random(), "finished": rng.random()}


def reply(seed: int, request: Request) -> Reply:
    rng = chance(seed, request.id)
    places = tuple(rng.uniform(1, 10) for _ in request.notes)
    numbers = places if request.kind == "compare" else (float(rng.randrange(1, len(request.notes) + 1)),)
    said = rng.choice(["7", None]) if request.kind == "synthesise" else None
    return Reply(numbers if request.kind in ("compare", "select") else (rng.random(),), said, used(model_calls=1))


def live(strategy: Strategy, seed: int, recorder: Recorder) -> tuple[list[Decision], View, str | None]:
    """Run a strategy on a question, and record all that happens."""
    assert isinstance(strategy.allocate, Allocator)
    view, decisions = View([], 0, roster=ROSTER), list[Decision]()
    recorder.asked(RUN, "Which?", ROSTER)
    while turns := strategy.allocate.plan(view):
        made = [answer(seed, turn, view) for turn in turns]
        for each in made:
            recorder.note(RUN, each)
        spent = add_usage(view.spent, *(each["usage"] for each in made))
        seconds = view.seconds + max(each["seconds"] for each in made)
        notes = merge_notes(view.notes, [made])
        view = replace(view, notes=notes, round=view.round + 1, spent=spent, seconds=seconds, verdict=None)
        decision = strategy.stop.decide(view)
        if decision.stop is None:
            verdict = Verdict(chance(seed, "judge", view.round).random() < 0.4, used(model_calls=1))
            recorder.verdict(RUN, view.round, verdict)
            view = replace(view, verdict=verdict.stop, spent=add_usage(view.spent, verdict.usage))
            decision = strategy.stop.decide(view)
        decisions.append(decision)
        if decision.stop:
            break
    while requests := strategy.aggregate.requests(view):
        replies = {request.id: reply(seed, request) for request in requests}
        for id_, said in replies.items():
            recorder.reply(RUN, id_, said)
        spent = add_usage(view.spent, *(said.usage for said in replies.values()))
        view = replace(view, replies={**view.replies, **replies}, spent=spent)
    recorder.end(RUN)
    choice = strategy.aggregate.choose(view, [], 0)
    return decisions, view, choice.answer if choice else None


ALLOCATORS: list[Callable[[random.Random], Allocator]] = [
    lambda rng: Everyone(rng.randrange(1, 3)),
    lambda rng: Batches(rng.randrange(1, 6), rng.randrange(3, 15)),
    lambda rng: TwoWaves(4, {(4,): 4, (3, 1): 8}, most=rng.randrange(5, 12)),
    lambda rng: Cascade((("A", "B"), ("C",), ("D", "E")), VoteShare(least=0.7)),
    lambda rng: InOrder(("C", "A", "E"), rng.randrange(1, 4)),
    lambda rng: TopNotes(rng.randrange(1, 5)),
    lambda rng: SoftmaxSlots(rng.choice([0.1, 0.5])),
    lambda rng: OverRounds(CMC(rng.random())),
    lambda rng: OverRounds(ParallelProbe(width=rng.randrange(2, 6), stable=2, warm_up=0, patience=1)),
    lambda rng: OverRounds(Race(start=rng.randrange(2, 5), quorum=rng.randrange(3, 9), widen=1, patience=1), samples=2),
]
RULES: list[StopRule] = [
    Never(),
    LLMJudge(),
    StableMajority(),
    Momentum(0.6),
    BetaLead(0.9),
    BetaLead(0.8, shared=True),
    VoteMargin(0.4, shared=True),
    UnanimousWindow(2),
    LLMJudge() & FixedRounds(2),
    LLMJudge() | VoteShare(0.6, shared=True),
    StableMajority() | BetaLead(),
]
AGGREGATORS: list[Aggregator] = [
    Majority(),
    Majority("independent"),
    ShortFirst(),
    Scored(),
    Scored(kind="verify", times=2),
    VerbalConfidence(),
    Borda(),
    Select(),
    Synthesise(),
    Committee(2),
    Swiss(2),
]


def test_live_and_replayed_decide_alike(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for seed in range(60):
        with subtests.test(seed=seed):
            lived_and_replayed_alike(seed, tmp_path)


def lived_and_replayed_alike(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    rule = FixedRounds(LAST_ROUND) | rng.choice(RULES)
    strategy = Strategy("random", ALLOCATORS[seed % len(ALLOCATORS)](rng), rule, rng.choice(AGGREGATORS))
    recorder = Recorder(folder / f"{seed}.jsonl")
    decisions, view, said = live(strategy, seed, recorder)
    recorder.close()
    recording, _ = read_recording(recorder.path)
    played = play(strategy, recording.runs[0])
    assert (played.validity, played.why) == ("exact", "")
    assert played.decisions == decisions
    assert played.usage == view.spent
    assert played.waves == view.round
    assert (played.choice.answer if played.choice else None) == said


def test_the_strategies_do_differ(tmp_path: Path) -> None:
    ends = set()
    for seed in range(40):
        recorder = Recorder(tmp_path / f"{seed}.jsonl")
        decisions, view, said = live(
            Strategy("all", Everyone(), FixedRounds(4) | BetaLead(0.8, shared=True)), seed, recorder
        )
        recorder.close()
        ends.add((len(decisions), said))
        assert note_id(1, "A", 0) == view.notes[0]["id"]
    assert len(ends) > 3
