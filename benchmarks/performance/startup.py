"""How long it takes until something happens: import, building the graph, help, the first event.

python -m benchmarks.performance.startup
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.performance.server import asked, graph, served

REPETITIONS = 9
OVER, FIRST = "import over LangGraph's and LangChain's own", "first event after astream"
_OWN = "import langgraph.graph; from langchain_core.language_models import BaseChatModel; import langchain_core.tools"
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def imported(statement: str) -> float:
    """Return the seconds that a statement takes in a new process, its start not counted."""
    command = [sys.executable, "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=_ENVIRONMENT).stdout)


def helped() -> float:
    """Return the seconds of `tumix --help`, as a process."""
    begun = time.perf_counter()
    subprocess.run([Path(sys.executable).with_name("tumix"), "--help"], capture_output=True, check=True)
    return time.perf_counter() - begun


async def _first_event(url: str) -> tuple[float, float]:
    """Return the seconds to build the graph, and from asking to the first event."""
    begun = time.perf_counter()
    built = graph(url)
    ready = time.perf_counter()
    async for _ in built.astream(asked(0), stream_mode="custom"):
        break
    return ready - begun, time.perf_counter() - ready


async def _events() -> list[tuple[float, float]]:
    with served(0.0) as url:
        await _first_event(url)
        return [await _first_event(url) for _ in range(REPETITIONS)]


def figures() -> dict[str, float]:
    """Return the medians, in milliseconds."""
    imported("import langgraph_tumix")  # compiled, and in the page cache
    pairs = [(imported("import langgraph_tumix"), imported(_OWN)) for _ in range(REPETITIONS)]
    events = asyncio.run(_events())
    seconds = {
        "import langgraph_tumix": statistics.median(ours for ours, _ in pairs),
        "the part of it that LangGraph and LangChain take": statistics.median(own for _, own in pairs),
        OVER: statistics.median(ours - own for ours, own in pairs),
        "create_tumix, fifteen agents": statistics.median(built for built, _ in events),
        FIRST: statistics.median(first for _, first in events),
        "tumix --help": statistics.median(helped() for _ in range(REPETITIONS)),
    }
    return {name: 1000 * value for name, value in seconds.items()}


if __name__ == "__main__":
    for name, value in figures().items():
        print(f"{value:8.1f} ms  {name}")
