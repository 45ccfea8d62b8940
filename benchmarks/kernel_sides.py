"""The two sides of the benchmark of kernels: as jupyter_client starts them, and ours; what is measured of each."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable

import psutil

from langgraph_tumix.interpreter import JupyterInterpreter, Session

STOCK_SECONDS = 60.0  # its kernels race for ports: one of many may lose, die, and be waited for without end
PRINT = "print(1)"
NUMPY = "import numpy; print(int(numpy.arange(3).sum()))"


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
