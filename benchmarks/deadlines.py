"""How late a deadline is, and how fast a quorum: ``python -m benchmarks.deadlines``.

Fifteen agents of which some never come to an end: a model call that hangs at a server on this machine, or a program in
a real kernel. Times are those of a person who waits: until `ainvoke` returns, for a deadline; from the note that makes
the quorum to the last note of the round, for a quorum.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver

from benchmarks.machine import machine, written
from langgraph_tumix import Agent, Budget, Toolbox, create_tumix
from langgraph_tumix.background import finished
from langgraph_tumix.interpreter import JupyterInterpreter
from tests.graph.roles import play
from tests.resume.child import opened
from tests.servers.openai_server import FAULTS, OpenAIServer, Reply, Request

KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
HANGING = [Agent(name=f"Hangs {n}", instruction="HANG here.") for n in range(2)]
COMPUTING = [Agent(name=f"Computes {n}", instruction="COMPUTE here.", code="loop") for n in range(2)]
PROMPT = [Agent(name=f"Prompt {n:02}", instruction="Answer.") for n in range(11)]


def respond(request: Request) -> Reply:
    """Answer soon, hang, or ask for a program that takes an hour."""
    messages: list[BaseMessage] = [KINDS[message["role"]](message["text"]) for message in request.messages]
    text = messages[1].text
    if "HANG here" in text:
        return FAULTS["hang"]
    if "COMPUTE here" in text:
        return Reply("```python\nimport time; time.sleep(3600)\n```")
    said = play(lambda _: "<<<42>>>", verdict="<<<NO>>>").responder(messages)
    assert isinstance(said, str)
    return Reply(said, latency=random.uniform(0.02, 0.15))


async def beyond_deadline(graph: Any, seconds: float) -> float:
    """Return the seconds from a question's deadline to its answer."""
    begun = time.time()
    state = await graph.ainvoke({"question": "What is it?"}, _thread(), context={"max_seconds": seconds})
    took = time.time() - begun
    assert state["outcome"]["stop_reason"] == "the deadline was reached"
    return took - seconds


async def after_quorum(graph: Any, server: OpenAIServer) -> tuple[float, int]:
    """Return the seconds from the note that made a quorum to the last note, and requests that came after it."""
    requests: list[int] = []
    notes: list[tuple[float, str]] = []
    async for event in graph.astream({"question": "What is it?"}, _thread(), stream_mode="custom"):
        if event["tumix"]["event"] == "note":
            notes.append((time.monotonic(), event["tumix"]["status"]))
            if sum(status == "ok" for _, status in notes) == len(PROMPT) and not requests:
                requests.append(server.stats.requests)
        elif event["tumix"]["event"] == "judged":
            requests.append(server.stats.requests)
    made = [when for when, status in notes if status == "ok"][-1]
    assert len(notes) == 15
    return max(when for when, _ in notes) - made, requests[1] - requests[0]


def _thread() -> Any:
    return {"configurable": {"thread_id": f"{random.getrandbits(64)}"}}


def figures(name: str, values: Sequence[float], limit: float) -> str:
    """Return a row: milliseconds."""
    kept = sum(value <= limit for value in values)
    return (
        f"| {name} | {len(values)} | {1000 * statistics.median(values):.0f} | {1000 * max(values):.0f} | "
        f"{1000 * limit:.0f} | {kept} of {len(values)} |"
    )


async def measure(runs: int, saver: BaseCheckpointSaver[Any] | None) -> list[str]:
    """Measure with one checkpointer, or none."""
    kept = "SQLite" if saver else "no checkpointer"
    rows = []
    async with OpenAIServer(respond, keep=False) as server:
        chat = ChatOpenAI(model="local", base_url=server.url, api_key="none")
        roster, tools = [*PROMPT, *HANGING, *COMPUTING], Toolbox(code=JupyterInterpreter())
        common: dict[str, Any] = {"agents": roster, "tools": tools, "checkpointer": saver}
        graph = create_tumix(chat, budget=Budget(seconds=60), **common)
        await beyond_deadline(graph, 5.0)  # the fork server starts, and imports are made
        late = [await beyond_deadline(graph, random.uniform(1.0, 1.5)) for _ in range(runs)]
        rows.append(figures(f"deadline → answer, {kept}", late, 0.1))
        eight = [value for _ in range(max(1, runs // 8)) for value in await _at_once(graph, 8)]
        rows.append(figures(f"deadline → answer, {kept}, 8 questions at once", eight, 0.1))
        graph = create_tumix(chat, quorum=len(PROMPT), min_rounds=1, max_rounds=1, **common)
        pairs = [await after_quorum(graph, server) for _ in range(runs)]
        rows.append(figures(f"quorum → last note, {kept}", [seconds for seconds, _ in pairs], 0.05))
        rows.append(f"| requests sent after a quorum, {kept} | {runs} | | {max(late for _, late in pairs)} | 0 | |")
        await finished()
    return rows


async def _at_once(graph: Any, number: int) -> list[float]:
    return list(await asyncio.gather(*(beyond_deadline(graph, 6.0) for _ in range(number))))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="put the report into docs/deadlines.md")
    options = parser.parse_args()
    lines = [
        machine(),
        "",
        "| milliseconds | runs | median | worst | limit | within |",
        "|---|---:|---:|---:|---:|---|",
    ]
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for saver in (None, await stack.enter_async_context(opened(f"{folder}/db"))):
            lines += await measure(options.runs, saver)
            print("\n".join(lines[2:]), flush=True)
    if options.write:
        written("docs/deadlines.md", lines)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
