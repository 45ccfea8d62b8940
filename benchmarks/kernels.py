"""Kernels here and stock Jupyter kernels, measured side by side in one run: ``python benchmarks/kernels.py``.

Stock is what `jupyter_client` does by itself: an `AsyncKernelManager`, its client, `wait_for_ready`. Each figure is a
median; the runs of both sides alternate, so that a busy machine is busy for both. Losses are printed like wins.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from langgraph_tumix.interpreter import JupyterInterpreter, Session

STOCK_SECONDS = 60.0  # its kernels race for ports: one of many may lose, die, and be waited for without end
PRINT = "print(1)"
NUMPY = "import numpy; print(int(numpy.arange(3).sum()))"
HOSTILE = {
    "busy loop": "while True: pass",
    "hang in C": "import itertools; sum(itertools.repeat(0))",
    "SIGINT ignored": "import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass",
    "interrupt swallowed": "import time\nwhile True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: pass",
    "await for ever": "import asyncio; await asyncio.sleep(1e6)",
    "flood": "while True: print('x' * 1000)",
}


class Stock:
    """A kernel as jupyter_client starts it."""

    async def open(self) -> None:
        from jupyter_client.manager import AsyncKernelManager

        self.manager = AsyncKernelManager()
        await self.manager.start_kernel(stdout=-3, stderr=-3)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=STOCK_SECONDS)

    async def run(self, code: str) -> str:
        texts: list[str] = []
        await self.client.execute_interactive(
            code, output_hook=lambda message: texts.append(message["content"].get("text", "")), timeout=60
        )
        return "".join(texts).strip()

    async def aclose(self) -> None:
        self.client.stop_channels()
        await asyncio.wait_for(self.manager.shutdown_kernel(now=True), 10)


class Ours:
    """A session of this package's."""

    def __init__(self, interpreter: JupyterInterpreter) -> None:
        self.interpreter = interpreter
        self.session: Session

    async def open(self) -> None:
        self.session = await self.interpreter.open()

    async def run(self, code: str) -> str:
        return (await self.session.run(code, seconds=60)).output

    async def aclose(self) -> None:
        await self.session.aclose()


New = Callable[[], Stock | Ours]


@contextlib.asynccontextmanager
async def opened(new: New, number: int) -> AsyncIterator[list[Stock | Ours]]:
    kernels = [new() for _ in range(number)]
    try:
        await asyncio.gather(*(kernel.open() for kernel in kernels))
        yield kernels
    finally:
        await asyncio.gather(*(kernel.aclose() for kernel in kernels), return_exceptions=True)


async def first_results(new: New, number: int, code: str, expected: str) -> float:
    """Seconds from asking for kernels until each has answered a first cell."""
    kernels = [new() for _ in range(number)]

    async def answer(kernel: Stock | Ours) -> None:
        await kernel.open()
        assert await kernel.run(code) == expected

    begun = time.perf_counter()
    try:
        await asyncio.gather(*map(answer, kernels))
        return time.perf_counter() - begun
    finally:
        await asyncio.gather(*(kernel.aclose() for kernel in kernels), return_exceptions=True)


async def round_trip(new: New, cells: int = 50) -> float:
    """Seconds of one more cell in a warm session."""
    async with opened(new, 1) as (kernel,):
        await kernel.run(PRINT)
        times = []
        for _ in range(cells):
            begun = time.perf_counter()
            await kernel.run(PRINT)
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


async def shared_memory(new: New, number: int) -> float:
    """MiB per kernel: the proportional memory of all processes below this one, the fork server's included."""
    async with opened(new, number) as kernels:
        await asyncio.gather(*(kernel.run(PRINT) for kernel in kernels))
        await asyncio.sleep(0.5)
        total = 0
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error, FileNotFoundError):
                total += process.memory_full_info().pss
    return total / number / 2**20


async def import_numpy(new: New) -> float:
    return await first_results(new, 1, NUMPY, "3")


@dataclass
class Figure:
    name: str
    unit: str
    target: str
    stock: list[float]
    ours: list[float]
    limit: float  # of ours, as a share of stock; or absolute if above it there is no stock figure
    absolute: bool = False

    def __str__(self) -> str:
        ours = statistics.median(self.ours)
        stock = statistics.median(self.stock) if self.stock else float("nan")
        reached = ours <= (self.limit if self.absolute else self.limit * stock)
        ratio = f"{ours / stock:6.3f}" if self.stock else "     -"
        return (
            f"{self.name:44} {stock:9.3f} {ours:9.3f} {self.unit:4} {ratio}  {self.target:16} "
            f"{'reached' if reached else 'MISSED'}"
        )


async def compare(
    name: str, unit: str, target: str, limit: float, measure: Callable[[New], Awaitable[float]], new: New, runs: int
) -> Figure:
    figure = Figure(name, unit, target, [], [], limit)
    for _ in range(runs):
        try:
            figure.stock.append(await asyncio.wait_for(measure(Stock), STOCK_SECONDS))
        except (RuntimeError, TimeoutError) as error:
            print(f"    (one run of stock left out: {error!r})", flush=True)
        figure.ours.append(await measure(new))
    print(figure, flush=True)
    return figure


async def control(interpreter: JupyterInterpreter, limit: float) -> None:
    """Seconds until a session answers again whose cell does not stop by itself."""
    worst = Figure(f"control regained, limit {limit:g} s, worst", "s", f"<= {limit + 1:g} s", [], [], limit + 1, True)
    for name, code in HOSTILE.items():
        session = await interpreter.open()
        result = await session.run(code, seconds=limit)
        print(f"    {name:40} {result.seconds:19.3f} s    {result.status}", flush=True)
        worst.ours = [max([result.seconds, *worst.ours])]
        await session.aclose()
    print(worst, flush=True)


def traces(directory: Path) -> dict[str, float]:
    gc.collect()
    me = psutil.Process()
    return {
        "processes": len(me.children(recursive=True)),
        "descriptors": me.num_fds(),
        "files": len(list(directory.iterdir())),
        "threads": len([thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]),
        "MiB": me.memory_info().rss / 2**20,
        "MiB of the fork server": sum(child.memory_info().rss for child in me.children(recursive=True)) / 2**20,
    }


async def leaks(interpreter: JupyterInterpreter, sessions: int) -> None:
    """Open and close many sessions, and see what is left."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="b-") as base:
        before_dir, tempfile.tempdir = tempfile.tempdir, base
        for _ in range(20):
            await first_results(lambda: Ours(interpreter), 4, PRINT, "1")
        before, begun = traces(Path(base)), time.perf_counter()
        for _ in range(sessions // 4):
            await first_results(lambda: Ours(interpreter), 4, PRINT, "1")
        took = time.perf_counter() - begun
        after = traces(Path(base))
        tempfile.tempdir = before_dir
    print(f"{sessions} sessions opened and closed, four at a time, in {took:.1f} s; left behind:")
    for name in before:
        print(f"    {name:40} {after[name] - before[name]:+19.1f}   (now {after[name]:.1f})")


def about(interpreter: JupyterInterpreter) -> None:
    memory = psutil.virtual_memory().total / 2**30
    print(f"{platform.platform()}, {os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}")
    packages = ("ipykernel", "jupyter-client", "pyzmq", "numpy")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages))
    print(f"isolation: {interpreter.isolation.level}; {', '.join(interpreter.isolation.mechanisms)}")
    print(f"\n{'':44} {'stock':>9} {'ours':>9} {'':4}  ratio  {'to be reached':16}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", default="auto", help="level of isolation (auto)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (5)")
    parser.add_argument("--sessions", type=int, default=1000, help="sessions of the leak test (1000)")
    arguments = parser.parse_args()
    interpreter = JupyterInterpreter(isolation=arguments.level, max_kernels=32)

    def new() -> Ours:
        return Ours(interpreter)

    begun = time.perf_counter()
    about(interpreter)
    print(f"{'the fork server, ready and tested, once':44} {'':9} {time.perf_counter() - begun:9.3f} s")
    runs = arguments.runs
    for number, share in ((1, "1/8"), (15, "1/8"), (32, "1/6")):
        name = f"open -> print(1), {number} at once" if number > 1 else "open -> print(1)"

        async def measure(make: New, number: int = number) -> float:
            return await first_results(make, number, PRINT, "1")

        await compare(name, "s", f"<= {share}", 1 / int(share[2:]), measure, new, runs)
    with_numpy = await compare("open -> import numpy", "s", "-", 1, import_numpy, new, runs)
    print(Figure("  of which ours", "s", "<= 0.12 s", [], with_numpy.ours, 0.12, True))
    await compare("memory per kernel among 15", "MiB", "<= 45 %", 0.45, lambda make: shared_memory(make, 15), new, 3)
    await compare("one more cell", "s", "<= stock", 1.0, round_trip, new, 3)
    await control(interpreter, 2.0)
    await leaks(interpreter, arguments.sessions)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
