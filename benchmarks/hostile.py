"""How long until control is back: ``python -m benchmarks.hostile [--repeats N] [--level LEVEL]``.

Each program that does not stop, dies, lies or floods gets a cell with a limit of 2 s, alone, several times over, at
every level that can be had here. The worst time of all must be 3 s at the most; the exit code says if it was.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Iterator

from tests.hostile.program import LEVELS, Program
from tests.hostile.programs import PROGRAMS
from tests.hostile.runner import Runner, Verdict, runners

WORST = 3.0  # seconds: the limit and one more
FAMILIES = ("timing", "output")


async def measured(program: Program, runner: Runner, repeats: int) -> list[Verdict]:
    """Run a program several times, by itself."""
    return [(await runner.run([program]))[0] for _ in range(repeats)]


def row(verdicts: list[Verdict]) -> str:
    """Give a line of the table: the program, median and worst time, the most that the host grew."""
    seconds = [verdict.seconds for verdict in verdicts]
    growth = max(verdict.growth_mb for verdict in verdicts)
    lost = "" if all(verdict.met for verdict in verdicts) else f" {verdicts[-1].detail[:80]}"
    name = f"{verdicts[0].level} | `{verdicts[0].program.name}`"
    return f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {growth:.0f} |{lost}"


def conclusions(verdicts: list[Verdict]) -> Iterator[str]:
    """Give the worst time of each level."""
    for level in dict.fromkeys(verdict.level for verdict in verdicts):
        worst = max((verdict for verdict in verdicts if verdict.level == level), key=lambda verdict: verdict.seconds)
        yield f"{level}: at worst {worst.seconds:.2f} s ({worst.program.name}); {WORST:g} s is allowed"


async def main() -> int:
    """Measure, print a table, and give the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.hostile")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--level", choices=LEVELS, action="append")
    chosen = parser.parse_args()
    had, missing = await runners(chosen.level or LEVELS)
    for level, why in missing.items():
        print(f"cannot be measured at {level}: {why}", file=sys.stderr)
    every: list[Verdict] = []
    print("| level | program | seconds, median | worst | host's memory, MiB |\n|---|---|---|---|---|")
    for runner in had.values():
        for program in PROGRAMS:
            if program.family in FAMILIES:
                verdicts = await measured(program, runner, chosen.repeats)
                print(row(verdicts), flush=True)
                every += verdicts
    print("", *conclusions(every), sep="\n")
    return 0 if every and all(verdict.met and verdict.seconds <= WORST for verdict in every) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
