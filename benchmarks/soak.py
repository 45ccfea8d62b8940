"""A thousand questions, 64 at once, with faults: ``python -m benchmarks.soak``.

Fifteen agents, two to three rounds. The model is a server on this machine, in a process of its own. Of its replies 10 %
are faults (500, 529, reset and cut connections, malformed JSON, empty and withheld replies) and 5 % stragglers: seconds
late, one in ten for ever. Each question must get its own answer, once; and nothing may pile up: tasks, threads,
sockets, processes, memory.
"""

import argparse
import asyncio
import gc
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import psutil
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from benchmarks.machine import machine, written
from langgraph_tumix import Outcome, create_tumix
from langgraph_tumix.background import finished
from langgraph_tumix.graph import TumixGraph
from tests.graph.roles import play, toolbox
from tests.servers.openai_server import FAULTS, Reply, Request

FAULTY, LATE, NEVER = 0.10, 0.05, 0.005
"""Shares of the replies: faults; stragglers; those of them that never come."""

TOOLS = 0.3
"""Share of the agents with tools that use one."""

KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


def respond(request: Request) -> Reply:
    """Say the number that the question asks for, unless this reply is a faulty one."""
    chance = random.Random(request.number)
    draw = chance.random()
    if draw < FAULTY:
        name = chance.choice(["500", "529", "reset", "truncate", "malformed", "empty", "content_filter"])
        return FAULTS[name]
    if draw < FAULTY + NEVER:
        return FAULTS["hang"]
    reply = _said(request, chance)
    return replace(reply, latency=chance.uniform(1.0, 3.0)) if draw < FAULTY + LATE else reply


def _said(request: Request, chance: random.Random) -> Reply:
    messages: list[BaseMessage] = [KINDS[message["role"]](message["text"]) for message in request.messages]
    text = messages[1].text
    number = re.search(r"\bSay (\d+)\b", text)
    assert number is not None
    last = 2 + int(number[1]) % 2
    verdict = "<<<YES>>>" if f"Round {last} of at most" in text else "<<<NO>>>"

    def solve(asked: Any) -> str:
        if "exactly one fenced block" in text:
            return f"```python\nprint({number[1]})\n```"
        if len(asked) == 2 and "To run a program" in text and chance.random() < TOOLS:
            return f"```python\nprint({number[1]})\n```"
        return f"So it is <<<{number[1]}>>>."

    said = play(solve, verdict=verdict).responder(messages)
    assert isinstance(said, str)
    return Reply(said, latency=chance.uniform(0.005, 0.05))


@dataclass
class Traces:
    """What this process holds."""

    tasks: int = 0
    threads: int = 0
    sockets: int = 0
    descriptors: int = 0
    processes: int = 0

    @classmethod
    def now(cls) -> "Traces":
        gc.collect()
        me = psutil.Process()
        return cls(
            tasks=len(asyncio.all_tasks()),
            threads=threading.active_count(),
            sockets=len([link for link in me.net_connections() if link.raddr]),
            descriptors=me.num_fds(),
            processes=len(me.children(recursive=True)),
        )


@dataclass
class Report:
    """What came of a soak.

    Attributes:
        questions: How many were asked.
        answered: How many got the answer that is theirs.
        wrong: Those that did not, and what they got.
        doubled: Questions with a note or an agent counted twice.
        statuses: How the outcomes ended.
        rounds: How many rounds they took.
        lost: Why agents were lost.
        calls: Model calls, as the outcomes count them.
        seconds: Wall time.
        memory: Resident MiB by questions done.
        before: What the process held after the first questions.
        after: What it held at the end.
    """

    questions: int
    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    doubled: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    rounds: Counter[int] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    memory: list[tuple[int, float]] = field(default_factory=list)
    before: Traces = field(default_factory=Traces)
    after: Traces = field(default_factory=Traces)

    def add(self, number: int, state: dict[str, Any]) -> None:
        """Count a question in."""
        outcome, notes = Outcome(state["outcome"]), state["notes"]
        self.statuses[outcome.status] += 1
        self.rounds[len(outcome.rounds)] += 1
        self.lost.update(entry["cause"] for entry in outcome.lost)
        self.calls += outcome.usage["model_calls"]
        expected = len(outcome.rounds) * outcome.agents
        self.doubled += len({note["id"] for note in notes}) != len(notes) or len(notes) != expected
        if outcome.answer == str(number):
            self.answered += 1
        else:
            self.wrong.append(f"question {number}: {outcome.answer!r} ({outcome.status}, {outcome.stop_reason})")

    @property
    def slope(self) -> float:
        """KiB of memory gained per question over the second half, by least squares."""
        half = [point for point in self.memory if point[0] >= self.questions / 2]
        if len(half) < 2:
            return 0.0
        mean_x = sum(x for x, _ in half) / len(half)
        mean_y = sum(y for _, y in half) / len(half)
        spread = sum((x - mean_x) ** 2 for x, _ in half)
        return 1024 * sum((x - mean_x) * (y - mean_y) for x, y in half) / spread if spread else 0.0


async def soak(
    url: str,
    questions: int,
    at_once: int,
    *,
    call_seconds: float = 20.0,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Ask the questions of a server at `url`."""
    graph = create_tumix(
        ChatOpenAI(model="local", base_url=url, api_key="none"),
        tools=toolbox(),
        max_rounds=3,
        concurrency=64,
        call_seconds=call_seconds,
        agent_seconds=1200.0,  # most of it in the queue, when so many questions are asked at once
    )
    report, numbers, done = Report(questions), iter(range(questions)), 0
    begun = time.monotonic()

    async def work() -> None:
        nonlocal done
        for number in numbers:
            report.add(number, await _ask(graph, number))
            done += 1
            if done == at_once:
                report.before = Traces.now()
            if done % max(1, questions // 40) == 0:
                report.memory.append((done, psutil.Process().memory_info().rss / 2**20))
                progress(f"{done} questions, {time.monotonic() - begun:.0f} s, {report.memory[-1][1]:.0f} MiB")

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    await finished()
    report.seconds = time.monotonic() - begun
    report.after = Traces.now()
    return report


async def _ask(graph: TumixGraph, number: int) -> dict[str, Any]:
    """Return the channels at the end of a question."""
    last: list[dict[str, Any]] = [{}]
    async for last[0] in graph.astream({"question": f"Say {number}"}, stream_mode="values"):
        pass
    return last[0]


def lines(report: Report, at_once: int) -> list[str]:
    """Write a report."""
    rows = {
        "questions": f"{report.questions:,}, {at_once} at once",
        "with the answer that is theirs": f"{report.answered:,}",
        "without": "; ".join(report.wrong[:5]) or "none",
        "with a note lost or doubled": f"{report.doubled}",
        "outcomes": ", ".join(f"{count:,} {status}" for status, count in report.statuses.most_common()),
        "rounds": ", ".join(f"{count:,} × {rounds}" for rounds, count in sorted(report.rounds.items())),
        "agents lost": ", ".join(f"{count:,} {cause}" for cause, count in report.lost.most_common()) or "none",
        "model calls": f"{report.calls:,}, {report.calls / report.seconds:.0f} per second",
        "wall time": f"{report.seconds:.0f} s",
        "memory": " → ".join(f"{mib:.0f}" for _, mib in report.memory[:: max(1, len(report.memory) // 10)]) + " MiB",
        "slope over the second half": f"{report.slope:+.1f} KiB per question",
        "held after the first questions": json.dumps(asdict(report.before)),
        "held at the end": json.dumps(asdict(report.after)),
    }
    return [machine(), "", "| | |", "|---|---|", *[f"| {name} | {value} |" for name, value in rows.items()]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--write", action="store_true", help="put the report into docs/soak.md")
    options = parser.parse_args()
    command = [sys.executable, "-m", "tests.servers.openai_server", "--responder", "benchmarks.soak:respond"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        report = asyncio.run(
            soak(url, options.questions, options.at_once, progress=lambda line: print(line, flush=True))
        )
    finally:
        server.terminate()
        server.wait()
    report.before.processes -= 1  # the server
    report.after.processes -= 1
    print("\n".join(written_lines := lines(report, options.at_once)))
    if options.write:
        written("docs/soak.md", written_lines)
    return int(report.answered != report.questions or report.doubled > 0)


if __name__ == "__main__":
    sys.exit(main())
