"""Many questions in one process, more agents, more rounds: throughput, memory, and how cost grows.

python -m benchmarks.performance.scale
"""

import asyncio
import gc
import time
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.performance.server import asked, graph, served
from langgraph_tumix import Agent
from langgraph_tumix.core.stop import FixedRounds

LATENCY = 0.05
IN_FLIGHT = 64


@dataclass(frozen=True)
class Point:
    """What a number of questions took.

    Attributes:
        calls: Model calls, all told.
        seconds: Wall time.
        cpu: Seconds of CPU of this process.
        peak: Most MiB of memory above those before.
        tokens: Input and output tokens, all told.
    """

    questions: int
    calls: int
    seconds: float
    cpu: float
    peak: float
    tokens: int


async def point(url: str, questions: int, **options: Any) -> Point:
    """Ask so many questions at once, with 64 calls in flight."""
    built = graph(url, concurrency=IN_FLIGHT, **options)
    gc.collect()
    before, peak, usages = psutil.Process().memory_info().rss, 0, list[dict[str, Any]]()

    async def ask(number: int) -> None:
        state = await built.ainvoke(asked(number))
        usages.append(state["outcome"]["usage"])

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.05)

    watching = asyncio.ensure_future(watch())
    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(ask(number) for number in range(questions)))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    watching.cancel()
    tokens = sum(usage["input_tokens"] + usage["output_tokens"] for usage in usages)
    calls = sum(usage["model_calls"] for usage in usages)
    return Point(questions, calls, seconds, cpu, (peak - before) / 2**20, tokens)


def agents(count: int) -> list[Agent]:
    """Return so many agents of one call each."""
    return [Agent(name=f"A{number}", instruction=f"Way {number}: think, then answer.") for number in range(count)]


async def main() -> list[str]:
    """Return the tables."""
    with served(LATENCY) as url:
        lines = [
            "| questions at once | calls | calls/s | CPU ms per call | MiB per question |",
            "|---:|---:|---:|---:|---:|",
        ]
        await point(url, 1)
        for questions in (1, 10, 100, 1000):
            at = await point(url, questions)
            lines.append(
                f"| {questions:,} | {at.calls:,} | {at.calls / at.seconds:.0f} | {1000 * at.cpu / at.calls:.2f} "
                f"| {at.peak / questions:.2f} |"
            )
        lines += [
            "",
            "| agents | rounds | calls | tokens | CPU ms per call | wall s |",
            "|---:|---:|---:|---:|---:|---:|",
        ]
        grid = [(count, 3) for count in (5, 15, 50, 100)] + [(15, rounds) for rounds in (1, 2, 5, 10)]
        for count, rounds in grid:
            limits = {"stop": FixedRounds(rounds), "min_rounds": rounds, "max_rounds": rounds}
            at = await point(url, 1, agents=agents(count), **limits)
            cpu = f"{1000 * at.cpu / at.calls:.2f}"
            lines.append(f"| {count} | {rounds} | {at.calls:,} | {at.tokens:,} | {cpu} | {at.seconds:.2f} |")
    return lines


if __name__ == "__main__":
    print("\n".join(asyncio.run(main())))
