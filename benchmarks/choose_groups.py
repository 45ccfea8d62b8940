"""Does the group chooser pick good rosters? Tried on recorded answers of many agents to the same questions.

    python benchmarks/choose_groups.py --traces PATH [--size 15] [--splits 5] [--seed 0]

PATH is a folder of recordings (`*.jsonl.gz`, one row per question and agent: dataset, question_id, agent, sample,
answer, correct). Each data set's questions are halved at random. On one half the chooser picks a roster, and the best
single agent is found; on the other half their accuracy is compared, with that of random rosters of the same size and
of the full roster. Differences are paired by question, over all splits (each question counts once, by its mean over the
splits in which it was held out). Nothing is called and nothing is written.
"""

import argparse
import gzip
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.table import Table

from langgraph_tumix.core.statistics import Interval, bootstrap
from langgraph_tumix.design.groups import DRAWS, best_groups
from langgraph_tumix.design.sheet import Sheet

FILES = ("fcot_mixture", "gsm8k_mixture", "theoremqa")
RANDOM_ROSTERS = 50
RIGHT = "right"  # answers that the source holds to be right are one vote, however they are written

Row = dict[str, str | None]


def read(folder: Path) -> Iterator[tuple[str, Sheet]]:
    """Yield each data set with the answers of the agents that were run on nearly all of its questions."""
    for name in FILES:
        table: dict[str, dict[str, Row]] = defaultdict(lambda: defaultdict(dict))
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["sample"] == 0:
                    answers = table[row["dataset"]][str(row["question_id"])]
                    answers[row["agent"]] = RIGHT if row["correct"] else row["answer"]
        for dataset, questions in table.items():
            rows = Counter(agent for answers in questions.values() for agent in answers)
            agents = tuple(agent for agent, count in sorted(rows.items()) if count >= 0.99 * len(questions))
            whole = [answers for answers in questions.values() if all(agent in answers for agent in agents)]
            keys = tuple(tuple(answers[agent] for agent in agents) for answers in whole)
            yield dataset, Sheet(agents, keys, (RIGHT,) * len(keys))


def compare(sheet: Sheet, size: int, splits: int, seed: int) -> tuple[dict[str, list[float]], float]:
    """Return accuracies by question for each way of answering, and the CPU seconds of one choice."""
    held: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    seconds = 0.0
    for split in range(splits):
        rng = random.Random(f"{seed}/{split}")
        rows = rng.sample(range(len(sheet.keys)), len(sheet.keys))
        chosen_by, held_out = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        known, unknown = sheet.rows(chosen_by), sheet.rows(held_out)
        begun = time.process_time()
        group = best_groups(known, size, seed=split)[0].agents
        seconds += (time.process_time() - begun) / splits
        single = max(sheet.agents, key=lambda agent: fmean(known.right(agent)))
        rosters = [unknown.voted(rng.sample(sheet.agents, size)) for _ in range(RANDOM_ROSTERS)]
        ways = {
            "chosen": unknown.voted(group),
            "single": unknown.right(single),
            "random": [fmean(values) for values in zip(*rosters, strict=True)],
            "full": unknown.voted(sheet.agents),
        }
        for way, values in ways.items():
            for row, value in zip(held_out, values, strict=True):
                held[way][row].append(value)
    return {way: [fmean(by_row[row]) for row in sorted(by_row)] for way, by_row in held.items()}, seconds


def shown(difference: Interval) -> str:
    """Write a difference in points, with its interval, marked + or - where that tells it from chance."""
    mark = {"better": "+", "worse": "-", "not distinguishable": "="}[difference.verdict]
    value, low, high = (100 * share for share in (difference.value, difference.low, difference.high))
    return f"{mark}  {value:+.1f} ({low:+.1f} to {high:+.1f})"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--traces", type=Path, required=True)
    options.add_argument("--size", type=int, default=15)
    options.add_argument("--splits", type=int, default=5)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    table = Table(title=f"Held-out accuracy in %, {given.splits} splits in halves, {DRAWS:,} groups each")
    for column in ("data set", "questions", "agents", "size", "chosen", "single", "random", "full"):
        table.add_column(column, justify="left" if column == "data set" else "right")
    for column in ("chosen - single", "chosen - random", "chosen - full"):
        table.add_column(column)
    table.add_column("CPU s", justify="right")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for dataset, sheet in read(given.traces):
        size = min(given.size, len(sheet.agents) // 2)
        by_way, seconds = compare(sheet, size, given.splits, given.seed)
        differences = {
            other: bootstrap([one - two for one, two in zip(by_way["chosen"], by_way[other], strict=True)])
            for other in ("single", "random", "full")
        }
        for other, difference in differences.items():
            counts[other][difference.verdict] += 1
        table.add_row(
            *(dataset, str(len(sheet.keys)), str(len(sheet.agents)), str(size)),
            *(f"{100 * fmean(by_way[way]):.1f}" for way in ("chosen", "single", "random", "full")),
            *(shown(difference) for difference in differences.values()),
            f"{seconds:.1f}",
        )
    console = Console(width=200)
    console.print(table)
    for other, verdicts in counts.items():
        console.print(f"against {other}: " + ", ".join(f"{verdicts[v]} {v}" for v in sorted(verdicts)))


if __name__ == "__main__":
    main()
