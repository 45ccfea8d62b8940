"""How fast stop rules are replayed: strategy x question evaluations per second on one core, against the naive loop.

    python benchmarks/replay_speed.py [--questions 120] [--orders 25]

The recording is made here: 128 samples for each question, answers drawn from a few. An evaluation is one strategy on
one question in one order. Reading and counting are timed apart: they are done once for all strategies.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.stop import Never, StopRule
from langgraph_tumix.core.stopping.votes import (
    BetaLead,
    CannotBeOvertaken,
    CountRule,
    DirichletLead,
    UnanimousWindow,
    VoteEntropy,
    VoteMargin,
    VoteShare,
)
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.replay import Run, sample_note
from langgraph_tumix.replay.play import play
from langgraph_tumix.replay.samples import Prefixes

SAMPLES = 128
RULES: list[StopRule] = [
    Never(),
    *(BetaLead(confidence=level) for level in (0.8, 0.9, 0.95, 0.99)),
    *(DirichletLead(confidence=level) for level in (0.9, 0.95)),
    *(VoteMargin(least=level, votes=8) for level in (0.3, 0.5, 0.7)),
    *(VoteShare(least=level, votes=8) for level in (0.6, 0.8)),
    VoteEntropy(most=0.5, votes=8),
    CannotBeOvertaken(total=SAMPLES),
    *(UnanimousWindow(size) for size in (4, 8)),
]
VOTE = Majority("independent", ties="first", quiet=True)


def questions(count: int) -> list[Run]:
    """Return questions of all difficulties."""
    rng = random.Random(0)
    runs = []
    for number in range(count):
        right = rng.random()
        answers = ["7" if rng.random() < right else str(rng.randrange(10, 20)) for _ in range(SAMPLES)]
        notes = tuple(
            sample_note("A", place, answer, tokens=rng.randrange(500, 30_000)) for place, answer in enumerate(answers)
        )
        runs.append(Run(str(number), roster=("A",), notes=notes, keys=verbatim))
    return runs


def naive(rule: CountRule, answers: Sequence[str]) -> int:
    """Return where a rule stops, counting anew after each sample."""
    for end in range(1, len(answers) + 1):
        if rule.holds([count for _, count in Counter(answers[:end]).most_common()]):
            return end
    return len(answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=120)
    parser.add_argument("--orders", type=int, default=25)
    options = parser.parse_args()
    runs = questions(options.questions)
    orders = [random.Random(seed).sample(range(SAMPLES), SAMPLES) for seed in range(options.orders)]
    begun = time.perf_counter()
    prefixes = [Prefixes(run, orders, SAMPLES) for run in runs]
    counted = time.perf_counter() - begun
    print(f"{len(runs)} questions x {len(orders)} orders x {SAMPLES} samples, counted in {counted:.2f} s")
    total = 0.0
    for rule in RULES:
        begun = time.perf_counter()
        for each in prefixes:
            each.end(Batches(1, SAMPLES), rule)
        spent = time.perf_counter() - begun
        total += spent
        print(f"  {rule!s:62}{len(runs) * len(orders) / spent:12,.0f} a second")
    evaluations = len(RULES) * len(runs) * len(orders)
    print(f"{len(RULES)} rules, {evaluations:,} evaluations: {evaluations / total:,.0f} a second (to reach: 10,000)")
    loops = [(rule, run) for rule in RULES if isinstance(rule, CountRule) for run in runs[:20]]
    begun = time.perf_counter()
    for rule, run in loops:
        naive(rule, [note["answer"] or "" for note in run.notes])
    print(f"naive loop over prefixes: {len(loops) / (time.perf_counter() - begun):,.0f} a second")
    begun = time.perf_counter()
    for run in runs[:5]:
        play(Strategy("ASC", Batches(1, SAMPLES), BetaLead(), VOTE), run)
    print(f"note by note, as live: {5 / (time.perf_counter() - begun):,.0f} a second")


if __name__ == "__main__":
    main()
