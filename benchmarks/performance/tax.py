"""What the framework costs on top of the calls: the same calls with the bare client and through the graph, in turns."""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from benchmarks.performance.server import MODEL, Plan, asked, chat, graph, plan, served

LATENCY = 0.05
Ask = Callable[[int], Awaitable[object]]
KINDS: dict[str, Callable[..., Any]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass
class Cost:
    """What a run of some questions took: seconds of CPU in this process, and seconds of wall time."""

    cpu: float
    wall: float


@dataclass
class Series:
    """What one way took in each repetition."""

    costs: list[Cost] = field(default_factory=list)

    def ratio(self, base: "Series", figure: str) -> float:
        """Return the median of the ratios to `base`, repetition by repetition."""
        pairs = zip(self.costs, base.costs, strict=True)
        return statistics.median(getattr(mine, figure) / getattr(other, figure) for mine, other in pairs)

    def median(self, figure: str) -> float:
        """Return the median of a figure."""
        return statistics.median(getattr(cost, figure) for cost in self.costs)


async def chains(calls: Plan, one: Callable[[dict[str, Any]], Awaitable[object]]) -> None:
    """Make the calls of a question in their order: rounds one after the other, chains side by side."""

    async def chain(bodies: list[dict[str, Any]]) -> None:
        for body in bodies:
            await one(body)

    for side_by_side in calls.rounds:
        await asyncio.gather(*(chain(bodies) for bodies in side_by_side))


class Ways:
    """All ways to ask a question of the server at `url`."""

    def __init__(self, url: str, calls: Plan, folder: Path) -> None:
        self._url, self._calls, self._folder = url, calls, folder
        self._client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
        self._chat = chat(url).model_copy(update={"disable_streaming": True})

    async def bare(self, number: int) -> None:
        """OpenAI's own client."""
        await chains(self._calls, lambda body: self._client.chat.completions.create(**body))

    async def langchain(self, number: int) -> None:
        """ChatOpenAI without a graph."""

        async def one(body: dict[str, Any]) -> None:
            await self._chat.ainvoke([KINDS[message["role"]](message["content"]) for message in body["messages"]])

        await chains(self._calls, one)

    def graph(self, mode: str = "", saver: Any = None, durability: Any = None) -> Ask:
        """The graph, streamed in `mode`, with a checkpointer."""
        built = graph(self._url, checkpointer=saver)
        options = {"durability": durability} if durability else {}

        async def ask(number: int) -> None:
            config = {"configurable": {"thread_id": f"{time.monotonic_ns()} {number}"}} if saver else None
            if not mode:
                await built.ainvoke(asked(number), config, **options)
                return
            async for _ in built.astream(asked(number), config, stream_mode=mode.split("+"), subgraphs=True, **options):
                pass

        return ask


async def measured(ask: Ask, questions: int) -> Cost:
    """Ask so many questions at once."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(ask(number) for number in range(questions)))
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


async def compare(questions: int, repetitions: int, only: str = "") -> dict[str, Series]:
    """Measure all ways in turns."""
    calls = await plan()
    with served(LATENCY) as url, tempfile.TemporaryDirectory() as folder:
        ways = Ways(url, calls, Path(folder))
        async with AsyncSqliteSaver.from_conn_string(f"{folder}/a.db") as database:
            asks: dict[str, Ask] = {
                "openai": ways.bare,
                "ChatOpenAI": ways.langchain,
                "graph": ways.graph(),
                "in memory": ways.graph(saver=InMemorySaver()),
                "SQLite, async": ways.graph(saver=database, durability="async"),
                "SQLite, sync": ways.graph(saver=database, durability="sync"),
                "SQLite, exit": ways.graph(saver=database, durability="exit"),
                "streamed: custom, updates": ways.graph("custom+updates"),
                "streamed: messages": ways.graph("messages"),
            }
            if only:
                asks = {name: ask for name, ask in asks.items() if name == "openai" or name in only.split(";")}
            series = {name: Series() for name in asks}
            for ask in asks.values():
                await measured(ask, 1)
            for _ in range(repetitions):
                for name, ask in asks.items():
                    series[name].costs.append(await measured(ask, questions))
    return series


def table(questions: int, calls: Plan, series: dict[str, Series]) -> list[str]:
    """Return the rows of one number of questions."""
    base, total = series["openai"], calls.calls * questions
    floor = calls.depth * LATENCY
    lines = ["| way | CPU ms per call | ÷ bare | wall s | ÷ bare | ÷ latency alone |", "|---|---:|---:|---:|---:|---:|"]
    for name, each in series.items():
        cpu, wall = each.median("cpu") * 1000 / total, each.median("wall")
        ratios = f"{each.ratio(base, 'cpu'):.2f} | {wall:.2f} | {each.ratio(base, 'wall'):.2f}"
        lines.append(f"| {name} | {cpu:.2f} | {ratios} | {wall / floor:.2f} |")
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    calls = asyncio.run(plan())
    print(f"{calls.calls} calls of {MODEL} a question, {calls.depth} in a row")
    for questions in chosen.questions:
        series = asyncio.run(compare(questions, chosen.repetitions, chosen.only))
        print(f"\n{questions} at once\n")
        print("\n".join(table(questions, calls, series)))


if __name__ == "__main__":
    main()
