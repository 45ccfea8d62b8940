"""Kernels here and stock Jupyter kernels, measured side by side in one run: ``python benchmarks/kernels.py``.

Stock is what `jupyter_client` does by itself: an `AsyncKernelManager`, its client, `wait_for_ready`. Each figure is a
median; the runs of both sides alternate, so that a busy machine is busy for both. Losses are printed like wins.
``--write`` puts the table, the machine and the commit into ``docs/kernels.md``.
"""

import argparse
import asyncio
import contextlib
import gc
import math
import os
import platform
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.kernel_sides import (
    PRINT,
    STOCK_SECONDS,
    New,
    Ours,
    Stock,
    first_results,
    import_numpy,
    opened,
    round_trip,
    shared_memory,
)
from langgraph_tumix.interpreter import JupyterInterpreter

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "kernels.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HOSTILE = {
    "busy loop": "while True: pass",
    "hang in C": "import itertools; sum(itertools.repeat(0))",
    "SIGINT ignored": "import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass",
    "interrupt swallowed": "import time\nwhile True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: pass",
    "await for ever": "import asyncio; await asyncio.sleep(1e6)",
    "flood": "while True: print('x' * 1000)",
    "stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass",
}
SEND = """
k = get_ipython().kernel
def send(text):  # a message of any text, past the bounds that the kernel's own session puts on what it sends
    parts = [k.session.pack(k.session.msg_header("stream")), k.session.pack(k.get_parent()["header"]), b"{}", text]
    k.iopub_thread.send_multipart([b"x", b"<IDS|MSG>", k.session.sign(parts), *parts])
"""
DATES = """
k.session.pack = lambda _: b"[" + b'"2026-01-01T00:00:00Z",' * 20_000 + b"0]"
for _ in range(7): send(b"{}")
"""
FLOODS = {
    "ordinary cells": "import numpy; print(numpy.arange(9).reshape(3, 3)); 1/0",
    "a cell of 1 MB": "x = '" + "a" * 1_000_000 + "'; print(len(x))",
    "print without end": "while True: print('x' * 1000)",
    "50 MB in one line": "print('x' * 50_000_000)",
    "terminal sequences": r"print('\x1b[31m\x9b0m' * 5_000_000)",
    "an error of 20 MB": "raise ValueError('x' * 20_000_000)",
    "pieces": SEND + 'for _ in range(9000): send(b\'{"text": "x"}\')',
    "largest messages": SEND + "for _ in range(50): send(b'{\"text\": \"' + b'x,' * 390_000 + b'\"}')",
    "headers of dates": SEND + DATES,
    "JSON of many pieces": SEND + "for _ in range(7): send(b'[' + b'[],' * 260_000 + b'0]')",
    "JSON of as many as may be": SEND + "for _ in range(50): send(b'{\"text\": [' + b'[],' * 8_000 + b'0]}')",
    "multipart without end": SEND + "k.iopub_thread.send_multipart([b'x' * 500_000] * 200)",
}
MOST_LEFT = {"memory": 5, "memory of the fork server": 5}  # MiB; the rest is to be none at all


@dataclass
class Figure:
    """A line of the table.

    Attributes:
        name: What was measured.
        unit: In what.
        most: What is to be reached: an amount, or a share of stock's.
        stock: Stock's measurements, if it can be asked for the same.
        ours: Ours, of which the median counts.
    """

    name: str
    unit: str
    most: float
    stock: list[float] | None
    ours: list[float]

    @property
    def cells(self) -> tuple[str, ...]:
        ours, reach, stock, ratio = statistics.median(self.ours), self.most, "", ""
        target = f"{self.most:g} {self.unit}".strip()
        if self.stock is not None:
            usual = statistics.median(self.stock)
            reach, target = self.most * usual, f"{self.most:.1%} of stock"
            stock, ratio = f"{usual:.3f}", f"{ours / usual:.1%}"
        verdict = "reached" if ours <= reach else "**missed**"
        return (self.name, self.unit, stock, f"{ours:.3f}", ratio, target, verdict)


HEADINGS = ("figure", "unit", "stock", "ours", "ratio", "at most", "")


def table(figures: list[Figure]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(figure.cells for figure in figures)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def compare(
    name: str, unit: str, share: float, measure: Callable[[New], Awaitable[float]], new: New, runs: int
) -> Figure:
    stock: list[float] = []
    ours: list[float] = []
    for _ in range(runs):
        try:
            stock.append(await asyncio.wait_for(measure(Stock), STOCK_SECONDS))
        except (RuntimeError, TimeoutError) as error:
            print(f"    (one run of stock left out: {error!r})", flush=True)
        ours.append(await measure(new))
    return Figure(name, unit, share, stock, ours)


async def control(interpreter: JupyterInterpreter, limit: float) -> Figure:
    """Seconds until a session has a result whose cell does not stop by itself, all told, at the worst."""
    worst = Figure(f"control regained after a limit of {limit:g} s, worst program", "s", limit + 1, None, [0.0])
    for name, code in HOSTILE.items():
        session = await interpreter.open()
        begun = time.perf_counter()
        result = await session.run(code, seconds=limit)
        took = time.perf_counter() - begun
        print(f"    {name:50} {took:9.3f} s   {result.status}", flush=True)
        worst.ours = [max(took, *worst.ours)]
        await session.aclose()
    return worst


@contextlib.contextmanager
def timed_callbacks() -> Iterator[list[float]]:
    """Note how long the event loop is at each callback; the longest is the first of the list."""
    longest, run = [0.0], asyncio.Handle._run

    def timed(self: asyncio.Handle) -> None:
        begun = time.perf_counter()
        run(self)
        longest[0] = max(longest[0], time.perf_counter() - begun)

    asyncio.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield longest
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


async def blocking(interpreter: JupyterInterpreter, runs: int) -> Figure:
    """Milliseconds that the event loop was held up, at the worst, by opening, ordinary cells and those that flood.

    Of several runs of a program the best counts: a machine that lets another process run holds up everything. What
    this process had in memory before is kept from the garbage collector, whose time is not the interpreter's.
    """
    worst = Figure("event loop blocked, worst program", "ms", 10, None, [0.0])
    await first_results(lambda: Ours(interpreter), 1, PRINT, "1")  # imports what there is to import
    gc.collect()
    gc.freeze()
    for name, code in FLOODS.items():
        best = math.inf
        for _ in range(runs):
            with timed_callbacks() as longest:
                async with opened(lambda: Ours(interpreter), 1) as (kernel,):
                    await kernel.run(code)
            best = min(best, longest[0] * 1e3)
        print(f"    {name:50} {best:9.3f} ms", flush=True)
        worst.ours = [max(best, *worst.ours)]
    gc.unfreeze()
    return worst


def traces(directory: Path) -> dict[str, float]:
    gc.collect()
    me = psutil.Process()
    return {
        "processes": len(me.children(recursive=True)),
        "descriptors": me.num_fds(),
        "files": len(list(directory.iterdir())),
        "threads": len([thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]),
        "memory": me.memory_info().rss / 2**20,
        "memory of the fork server": sum(child.memory_info().rss for child in me.children(recursive=True)) / 2**20,
    }


async def leaks(interpreter: JupyterInterpreter, sessions: int) -> list[Figure]:
    """Open and close many sessions, and see what is left."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="b-") as base:
        before_dir, tempfile.tempdir = tempfile.tempdir, base
        for _ in range(20):
            await first_results(lambda: Ours(interpreter), 4, PRINT, "1")
        before = traces(Path(base))
        for _ in range(sessions // 4):
            await first_results(lambda: Ours(interpreter), 4, PRINT, "1")
        after = traces(Path(base))
        tempfile.tempdir = before_dir
    left = f"left after {sessions:,} sessions: "
    return [
        Figure(
            left + name, "MiB" if name.startswith("memory") else "", MOST_LEFT.get(name, 0), None, [after[name] - now]
        )
        for name, now in before.items()
    ]


def about(interpreter: JupyterInterpreter) -> str:
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{platform.platform()}, {os.cpu_count()} processors, {memory:.0f} GiB"
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("ipykernel", "jupyter-client", "pyzmq", "numpy"))
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at commit {asked.stdout.strip() or 'unknown'}: {machine}, "
        f"load {os.getloadavg()[0]:.1f} at the start; "
        f"Python {platform.python_version()}, {packages}; "
        f"isolation level {interpreter.isolation.level} ({', '.join(interpreter.isolation.mechanisms)})."
    )


async def figures(interpreter: JupyterInterpreter, runs: int, sessions: int) -> AsyncIterator[Figure]:
    """Measure everything, in the order of the table."""

    def new() -> Ours:
        return Ours(interpreter)

    for number, share in ((1, 1 / 8), (15, 1 / 8), (32, 1 / 6)):
        name = f"open → first print(1), {number} at once" if number > 1 else "open → first print(1), one"

        async def measure(make: New, number: int = number) -> float:
            return await first_results(make, number, PRINT, "1")

        yield await compare(name, "s", share, measure, new, runs)
    yield await compare("memory per kernel among 15", "MiB", 0.45, lambda make: shared_memory(make, 15), new, runs)
    with_numpy = await compare("open → numpy imported and used", "s", 1, import_numpy, new, runs)
    yield with_numpy
    yield Figure("the same, in seconds", "s", 0.12, None, with_numpy.ours)
    yield await compare("one more cell in a warm session", "s", 1, round_trip, new, runs)
    yield await control(interpreter, 2.0)
    yield await blocking(interpreter, runs)
    for figure in await leaks(interpreter, sessions):
        yield figure


def write(text: str) -> None:
    """Replace what stands between the marks of the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", default="auto", help="level of isolation (auto)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (5)")
    parser.add_argument("--sessions", type=int, default=1000, help="sessions of the leak test (1000)")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    interpreter = JupyterInterpreter(isolation=arguments.level, max_kernels=32)
    text = await asyncio.to_thread(about, interpreter)
    print(text, flush=True)
    done: list[Figure] = []
    async for figure in figures(interpreter, arguments.runs, arguments.sessions):
        done.append(figure)
        print(f"| {' | '.join(figure.cells)} |", flush=True)
    print(f"\n{table(done)}")
    if arguments.write:
        await asyncio.to_thread(write, f"{text}\n\n{table(done)}")


if __name__ == "__main__":
    asyncio.run(main())
