"""What the framework costs on top of the calls: the same calls with the bare client and through the graph, in turns.

    python -m benchmarks.performance.tax

Calls go to a server on this machine that takes 50 ms. The bare client sends the very bodies that the graph sends, in
the same order and with the same limit on calls in flight. Each repetition gives a ratio, and the ratios a median.
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from benchmarks.performance.server import MODEL, Plan, asked, chat, graph, plan, served
from benchmarks.performance.skeleton import skeleton
from langgraph_tumix.sqlite import GroupedSqliteSaver

LATENCY = 0.05
IN_FLIGHT = 64
"""Calls in flight at one time: the same for everyone."""
MANY = (
    "ChatOpenAI",
    "LangGraph, nothing of ours",
    "graph",
    "graph, aiohttp",
    "SQLite, async",
    "LangGraph's SQLite, async",
)
"""The ways that many questions at once are measured in."""
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
        return float(statistics.median(getattr(mine, figure) / getattr(other, figure) for mine, other in pairs))

    def median(self, figure: str) -> float:
        """Return the median of a figure."""
        return float(statistics.median(getattr(cost, figure) for cost in self.costs))


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
        self._lane = asyncio.Semaphore(IN_FLIGHT)
        self._chat = chat(url).model_copy(update={"disable_streaming": True})

    async def bare(self, number: int) -> None:
        """OpenAI's own client."""

        async def one(body: dict[str, Any]) -> None:
            async with self._lane:
                await self._client.chat.completions.create(**body)

        await chains(self._calls, one)

    async def langchain(self, number: int) -> None:
        """ChatOpenAI without a graph."""
        await chains(self._calls, self._said)

    def nothing_of_ours(self, saver: Any = None) -> Ask:
        """A LangGraph graph of our shape whose nodes do nothing but call ChatOpenAI."""
        built = skeleton(self._calls, self._said, saver)

        async def ask(number: int) -> None:
            await built.ainvoke({"round": 0}, {"configurable": {"thread_id": f"{time.monotonic_ns()} {number}"}})

        return ask

    async def _said(self, body: dict[str, Any]) -> AIMessage:
        async with self._lane:
            return await self._chat.ainvoke(
                [KINDS[message["role"]](message["content"]) for message in body["messages"]]
            )

    def graph(self, mode: str = "", saver: Any = None, durability: Any = None, http: Any = None) -> Ask:
        """The graph, streamed in `mode`, with a checkpointer, over a client of another kind."""
        built = graph(self._url, checkpointer=saver, concurrency=IN_FLIGHT, http_async_client=http)
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


async def compare(questions: int, repetitions: int, only: Sequence[str] = ()) -> dict[str, Series]:
    """Measure all ways, or `only` some beside the bare client, in turns."""
    calls = await plan()
    with served(LATENCY) as url, tempfile.TemporaryDirectory() as folder:
        ways = Ways(url, calls, Path(folder))
        async with (
            AsyncSqliteSaver.from_conn_string(f"{folder}/a.db") as database,
            GroupedSqliteSaver.opened(f"{folder}/b.db") as grouped,
            openai.DefaultAioHttpClient() as http,
        ):
            asks: dict[str, Ask] = {
                "openai": ways.bare,
                "ChatOpenAI": ways.langchain,
                "LangGraph, nothing of ours": ways.nothing_of_ours(),
                "graph": ways.graph(),
                "graph, aiohttp": ways.graph(http=http),
                "in memory": ways.graph(saver=InMemorySaver()),
                "SQLite, async": ways.graph(saver=grouped, durability="async"),
                "SQLite, sync": ways.graph(saver=grouped, durability="sync"),
                "SQLite, exit": ways.graph(saver=grouped, durability="exit"),
                "SQLite, async, aiohttp": ways.graph(saver=grouped, durability="async", http=http),
                "LangGraph's SQLite, async": ways.graph(saver=database, durability="async"),
                "LangGraph's SQLite, nothing of ours": ways.nothing_of_ours(database),
                "streamed: custom, updates": ways.graph("custom+updates"),
                "streamed: messages": ways.graph("messages"),
            }
            asks = {name: ask for name, ask in asks.items() if not only or name in ("openai", *only)}
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


async def measure(questions: Sequence[int], repetitions: int, only: Sequence[str] = ()) -> dict[int, dict[str, Series]]:
    """Measure each number of questions; many at once are measured less often, and in fewer ways."""
    ways = {count: only or (() if count == 1 else MANY) for count in questions}
    return {count: await compare(count, max(2, repetitions // (1 + count // 16)), ways[count]) for count in questions}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=[])
    chosen = parser.parse_args()
    calls = asyncio.run(plan())
    print(f"{calls.calls} calls of {MODEL} a question, {calls.depth} in a row")
    for questions, series in asyncio.run(measure(chosen.questions, chosen.repetitions, chosen.only)).items():
        print(f"\n{questions} at once\n")
        print("\n".join(table(questions, calls, series)))


if __name__ == "__main__":
    main()
