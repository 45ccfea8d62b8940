"""The evaluation that is killed: two presets on a few questions, a model behind HTTP, results in a folder."""

import asyncio
import os
from pathlib import Path
from typing import Any

from langchain_openai import ChatOpenAI

from langgraph_tumix import Budget, Price, create_tumix
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.answering import Answering
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.runner import Progress, Runner, jobs
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.sqlite import GroupedSqliteSaver
from tests.graph.roles import toolbox
from tests.resume.child import ROSTER

TASKS = [Task(id=str(number), question=f"What is it in case {number}?", answer="42") for number in range(4)]
PRESETS: dict[str, dict[str, Any]] = {
    "few": {"agents": [agent for agent in ROSTER if agent.name in ("CoT", "C", "CS_gs", "CSG_gs")], "max_rounds": 3},
    "one": {"agents": [ROSTER[0]], "min_rounds": 1, "max_rounds": 1},
}
ABOUT = {"created": "today", "version": "0", "model": "local", "simulated": False, "tasks": "cases"}
ABOUT |= {"presets": list(PRESETS), "repeats": 1}


async def evaluate(folder: Path, url: str, *, usd: float | None = None) -> Progress:
    """Do what is left of the evaluation."""
    account, run = Account(usd), RunFolder(folder)
    chat = ChatOpenAI(model="local", base_url=url, api_key="none", max_tokens=100)
    with run.begin(ABOUT, TASKS) as results:
        async with GroupedSqliteSaver.opened(run.threads) as saver:
            graphs = {
                name: create_tumix(
                    chat,
                    tools=toolbox(),
                    checkpointer=saver,
                    budget=Budget(within=account),
                    prices={"local": Price(1.0, 4.0)},
                    **options,
                )
                for name, options in PRESETS.items()
            }
            engine = Answering(graphs.__getitem__, saver, account)
            return await Runner(run, engine, at_once=3).run(jobs(TASKS, list(PRESETS)), results)


def work(folder: Path, url: str) -> None:
    """Run as a process of its own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
    asyncio.run(evaluate(folder, url))
