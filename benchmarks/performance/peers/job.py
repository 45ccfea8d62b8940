"""What each peer's script does around its package: take the job, ask question by question, say what each took.

It runs in the peer's own environment, so there is nothing but the standard library here.
"""

import asyncio
import gc
import json
import re
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

Ask = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Job:
    """What to do, the same for all peers that can do it.

    Attributes:
        url: The model server.
        model: The model's name there.
        method: Which of its package's ways the script takes.
        rounds: How often each agent answers.
        system: The system message.
        agents: Name and instruction of each agent.
        questions: Asked one after the other; the first is not counted.
    """

    url: str
    model: str
    method: str
    rounds: int
    system: str
    agents: dict[str, str]
    questions: list[str]


def prompt(question: str, notes: str, instruction: str) -> str:
    """Return what an agent reads: what all agents share comes first, as prompt caches like it."""
    return f"# Question\n{question}\n\n{notes}# Your task\n{instruction}"


def noted(answers: Iterable[tuple[str, str]]) -> str:
    """Return the notes that the agents of the next round read."""
    return "".join(f"# Note of {name}\n{answer}\n\n" for name, answer in answers)


def found(answer: str) -> str:
    """Return what stands between the answer marks."""
    marked = re.search(r"<<<(.+?)>>>", answer)
    return marked[1] if marked else ""


def vote(answers: Iterable[str]) -> str:
    """Return the most common answer."""
    return Counter(found(answer) for answer in answers).most_common(1)[0][0]


def billed(url: str) -> dict[str, int]:
    """Return what the server has billed so far."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats", timeout=10) as answer:
        return dict(json.load(answer)["usage"])


async def _measured(ask: Ask, url: str, question: str) -> dict[str, float]:
    """Ask one question; what comes must say what every reply of the model says."""
    before = billed(url)
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    answer = await ask(question)
    took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    if "42" not in answer:
        raise RuntimeError(f"{answer!r} is not the answer that the model gives")
    after = billed(url)
    return took | {name: after[name] - before[name] for name in after}


def main(build: Callable[[Job], Ask], *packages: str) -> None:
    """Do the job on standard input, and print what the questions took and the packages' versions."""
    job = Job(**json.load(sys.stdin))

    async def series() -> list[dict[str, float]]:
        ask = build(job)
        return [await _measured(ask, job.url, question) for question in job.questions][1:]

    result: dict[str, Any] = {"questions": asyncio.run(series())}
    result["versions"] = {package: version(package) for package in packages}
    print(json.dumps(result))
