"""Everything that docs/performance.md says, measured: ``python -m benchmarks.performance [--write]``.

``--check`` measures the two ratios of CPU only, in half a minute, and fails if one is a quarter above what is recorded.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.performance import checkpoints, prompt_cache, scale, startup, tax
from benchmarks.performance.server import plan
from tests.faults.table import write_into

PAGE = Path(__file__).parent.parent.parent / "docs/performance.md"
RECORDED = Path(__file__).parent / "recorded.json"
WATCHED = ("graph", "SQLite, async")
SLACK = 1.25
"""How far above the recorded ratio a run may be: machines differ, and so do their libraries."""


@dataclass(frozen=True)
class Figure:
    """A figure, what it should reach at most (`at_least`: at least), and the command that prints it."""

    name: str
    value: float
    target: float | None
    command: str
    at_least: bool = False

    def __str__(self) -> str:
        reached = self.target is None or (self.value >= self.target if self.at_least else self.value <= self.target)
        bound = "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g}"
        said = "" if self.target is None else "reached" if reached else "**not reached**"
        return (
            f"| {self.name} | {self.value:.2f} | {bound} | {said} | `python -m benchmarks.performance.{self.command}` |"
        )


def figures(
    series: dict[int, dict[str, tax.Series]], starts: dict[str, float], disk: float, cache: list[prompt_cache.Row]
) -> list[Figure]:
    """Return the figures of the first table."""
    one, many = series[1], series[64]

    def cpu(way: str) -> float:
        return one[way].ratio(one["openai"], "cpu")

    def throughput(way: str) -> float:
        return 1 / many[way].ratio(many["openai"], "wall")

    (share, cost), (_, alone) = (prompt_cache.saved(cache, agents) for agents in ("tumix", prompt_cache.AT_ONCE))
    wall = one["graph"].ratio(one["openai"], "wall")
    return [
        Figure("CPU per call ÷ bare client, no checkpointer", cpu("graph"), 1.45, "tax"),
        Figure("the same, on the aiohttp transport", cpu("graph, aiohttp"), 1.45, "tax"),
        Figure("CPU per call ÷ bare client, SQLite, survives a kill", cpu("SQLite, async"), 1.9, "tax"),
        Figure("the same, on the aiohttp transport", cpu("SQLite, async, aiohttp"), 1.9, "tax"),
        Figure("input of rounds ≥ 2 read from the cache", share, 0.88, "prompt_cache", True),
        Figure("input cost ÷ naive layout, fifteen agents of one call", alone, 0.25, "prompt_cache"),
        Figure("the same, the paper's fifteen with their tools", cost, 0.25, "prompt_cache"),
        Figure("wall ÷ bare client, one question, 50 ms calls", wall, 1.15, "tax"),
        Figure("64 questions at once: throughput ÷ bare client", throughput("graph"), 0.85, "tax", True),
        Figure("the same, on the aiohttp transport", throughput("graph, aiohttp"), 0.85, "tax", True),
        Figure("SQLite bytes ÷ notes, messages of 8,000 characters", disk, 1.5, "checkpoints"),
        Figure("import over LangGraph's and LangChain's own, ms", starts[startup.OVER], 60, "startup"),
        Figure("first event after astream, ms", starts[startup.FIRST], 30, "startup"),
    ]


def check() -> None:
    """Fail if the framework costs more than it did."""
    series = asyncio.run(tax.compare(1, 9, WATCHED))
    recorded = json.loads(RECORDED.read_text("utf-8"))
    now = {name: series[name].ratio(series["openai"], "cpu") for name in WATCHED}
    for name in WATCHED:
        print(f"{name}: CPU per call is {now[name]:.2f} of the bare client's, recorded {recorded[name]:.2f}")
    dearer = [name for name in WATCHED if now[name] > SLACK * recorded[name]]
    if dearer:
        sys.exit(
            f"the framework has become dearer: {', '.join(dearer)}. python -m benchmarks.performance.tax tells more"
        )


def main() -> None:
    """Print the page, or check."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance")
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    parser.add_argument("--check", action="store_true", help="compare two ratios with what is recorded")
    chosen = parser.parse_args()
    if chosen.check:
        check()
        return
    calls = asyncio.run(plan())
    series = asyncio.run(tax.measure([1, 16, 64], 9))
    disk = {size: asyncio.run(checkpoints.ratio(size)) for size in checkpoints.SIZES}
    starts, cache = startup.figures(), asyncio.run(prompt_cache.rows())
    lines = ["| figure | measured | reach | | command |", "|---|---:|---:|---|---|"]
    lines += [str(figure) for figure in figures(series, starts, disk[8_000][1], cache)]
    for questions, each in series.items():
        lines += ["", f"{questions} question{'s' * (questions > 1)} at once, {calls.calls} calls each:", ""]
        lines += tax.table(questions, calls, each)
    lines += ["", *checkpoints.table(disk), "", "| start | ms |", "|---|---:|"]
    lines += [f"| {name} | {value:.1f} |" for name, value in starts.items()]
    lines += ["", *asyncio.run(scale.main()), "", f"{machine()}."]
    print("\n".join(lines))
    if chosen.write:
        write_into(PAGE, "figures", "\n".join(lines))
        told = [*prompt_cache.lines(cache), "", f"`python -m benchmarks.performance.prompt_cache`. {machine()}."]
        write_into(PAGE, "prompt cache", "\n".join(told))
        ratios = {name: round(series[1][name].ratio(series[1]["openai"], "cpu"), 3) for name in WATCHED}
        RECORDED.write_text(json.dumps(ratios, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
