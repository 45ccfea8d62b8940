"""The process that evaluates on a local Ray cluster, of which a worker is killed."""

import asyncio
import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from langgraph_tumix import Price
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.tasks import Task
from tests.graph.roles import toolbox

# No two agents of this preset send the same request, so that one that comes twice was sent again.
PRESET = "moa"
TASKS = [Task(id=str(number), question=f"What is it in case {number}?", answer="42") for number in range(6)]


async def evaluate(folder: Path, usd: float, workers: int, report: Any = None) -> dict[str, Any]:
    """Do what is left of the evaluation, and say what came of it."""
    evaluation = Evaluation(
        tasks=TASKS,
        source="cases",
        presets=[PRESET],
        model="openai:local",
        usd=usd,
        at_once=4 if usd > 1 else 2,  # short of money, questions are to end one after the other
        options={"tools": toolbox(), "prices": {"openai:local": Price(1.0, 4.0)}},
    )
    async with evaluation.opened(folder, workers) as (runner, before):
        engine: Any = runner.engine
        if report is not None:
            report.send(list(engine.pids))
        progress = await runner.run(evaluation.jobs, before)
        pids = list(engine.pids) if workers else []
        return {"done": progress.done, "suspended": progress.suspended, "spent": engine.account.spent, "pids": pids}


def work(folder: Path, url: str, usd: float, report: Connection) -> None:
    """Run as a process of its own: send the workers' process ids, then what came of it."""
    point_to(url)
    # At Ray's own 15 its workers hardly move beside other tests.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray reads it under this name
    report.send(asyncio.run(evaluate(folder, usd, 2, report)))


def point_to(url: str) -> None:
    """Have OpenAI's client, in this process and those that it starts, ask this server."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "RAY_ADDRESS"):
        os.environ.pop(name, None)
    os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}
