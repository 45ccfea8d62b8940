"""The fast replay and the one note by note come to the same end, over random strategies and questions."""

import random

import pytest

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.stop import Never, StopRule
from langgraph_tumix.core.stopping.votes import (
    BetaLead,
    CannotBeOvertaken,
    DirichletLead,
    UnanimousWindow,
    VoteCount,
    VoteEntropy,
    VoteMargin,
    VoteShare,
)
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.replay import Run, sample_note
from langgraph_tumix.replay.play import play
from langgraph_tumix.replay.samples import Prefixes, vectorises

VOTE = Majority("independent", ties="first", quiet=True)


def random_rule(rng: random.Random) -> StopRule:
    return rng.choice(
        [
            BetaLead(confidence=rng.choice([0.8, 0.9, 0.95]), least=rng.randrange(1, 5)),
            DirichletLead(confidence=rng.choice([0.7, 0.9])),
            VoteMargin(least=rng.random()),
            VoteShare(least=rng.random(), votes=rng.randrange(1, 6)),
            VoteEntropy(most=rng.random()),
            CannotBeOvertaken(total=rng.randrange(1, 30)),
            VoteCount(votes=rng.randrange(1, 30), same=rng.randrange(1, 9)),
            UnanimousWindow(rng.randrange(2, 6)),
            Never(),
        ]
    )


def priced(note: Note, rng: random.Random) -> Note:
    """Give a note a price and a time that do not follow from its tokens."""
    return {**note, "usage": {**note["usage"], "usd": rng.random()}, "seconds": rng.random()}


def random_run(rng: random.Random) -> Run:
    roster, each = tuple("ABC"[: rng.randrange(1, 4)]), rng.randrange(1, 20)
    answers = ["1", "2", "3", "4", None][: rng.randrange(1, 6)]
    notes = tuple(
        priced(sample_note(agent, sample, rng.choice(answers), tokens=rng.randrange(1, 999)), rng)
        for agent in roster
        for sample in range(each)
    )
    return Run("q", roster=roster, notes=notes, keys=verbatim)


def test_fast_and_slow_agree(subtests: pytest.Subtests) -> None:
    for seed in range(100):
        with subtests.test(seed=seed):
            fast_and_slow_agree(seed)


def fast_and_slow_agree(seed: int) -> None:
    rng = random.Random(seed)
    run, rule = random_run(rng), random_rule(rng)
    samples = len(run.notes)
    most = rng.randrange(1, samples + 1)
    batches = Batches(rng.randrange(1, most + 1) if len(run.roster) == 1 else 1, most)
    strategy = Strategy("random", batches, rule, VOTE)
    assert vectorises(strategy, run)
    each = samples // len(run.roster)
    orders = [rng.sample(range(each), each) for _ in range(3)]
    prefixes = Prefixes(run, orders, most)
    ending = prefixes.end(batches, rule)
    for row, order in enumerate(orders):
        played = play(strategy, run, order=order)
        assert played.validity == "exact"
        assert tokens(played.usage) == ending.tokens[row]
        assert played.usage["model_calls"] == ending.taken[row]
        assert played.latency == ending.latency[row]
        assert played.usage["usd"] == pytest.approx(ending.usd[row])
        assert played.seconds == pytest.approx(ending.seconds[row])
        code = int(ending.answer[row])
        assert (played.choice.answer if played.choice else None) == (prefixes.names[code] if code >= 0 else None)
