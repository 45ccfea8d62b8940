"""The process that is killed: fifteen agents, three rounds, a checkpointer, a model behind HTTP."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from langgraph_tumix import Toolbox, create_tumix
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.background import finished
from langgraph_tumix.interpreter import JupyterInterpreter
from langgraph_tumix.sqlite import GroupedSqliteSaver
from tests.graph.roles import FakeSearch, toolbox

# The paper's agents with different searches are told the same; the server has to know whose call it is.
ROSTER = [
    replace(
        agent,
        instruction=f"{agent.instruction}\n(agent {agent.name})",
        guide=agent.guide and f"{agent.guide}\n(agent {agent.name})",
    )
    for agent in FIFTEEN
]
THREAD: Any = {"configurable": {"thread_id": "the thread"}}
ROUNDS = 3


@dataclass(frozen=True)
class Job:
    """What a process is to do.

    Attributes:
        saver: The address of a PostgreSQL server, or a file for SQLite; one called ``langgraph.db`` is written by
            LangGraph's own checkpointer.
        url: Where the model is.
        kernels: Whether programs are really run.
    """

    saver: str
    url: str
    kernels: bool = False


@contextlib.asynccontextmanager
async def opened(where: str) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open a checkpointer."""
    if where.endswith("langgraph.db"):
        async with AsyncSqliteSaver.from_conn_string(where) as own:
            yield own
    elif not where.startswith("postgresql:"):
        async with GroupedSqliteSaver.opened(where) as sqlite:
            yield sqlite
    else:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        async with AsyncPostgresSaver.from_conn_string(where) as postgres:
            await postgres.setup()
            yield postgres


def work(job: Job, report: Connection) -> None:
    """Run the question or what is left of it, and send its result."""
    os.setpgid(0, 0)  # kernels are killed together with it
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
    report.send(asyncio.run(_work(job)))


async def _work(job: Job) -> dict[str, Any]:
    chat = ChatOpenAI(model="local", base_url=job.url, api_key="none")
    tools = Toolbox(code=JupyterInterpreter(), gs=FakeSearch(), llm=FakeSearch()) if job.kernels else toolbox()
    async with opened(job.saver) as saver:
        graph = create_tumix(chat, agents=ROSTER, tools=tools, max_rounds=ROUNDS, checkpointer=saver)
        # Killed before its first checkpoint was saved, a run has left nothing to go on with.
        begun = await saver.aget_tuple(THREAD) is not None
        # On a busy machine LangGraph's own checkpointer may save it after twenty replies, unless it is waited for.
        waits: Any = {"durability": "sync"} if job.saver.endswith("langgraph.db") else {}
        state = await graph.ainvoke(None if begun else {"question": "What is it?"}, THREAD, **waits)
        values = (await graph.aget_state(THREAD)).values
        await finished()
    notes = [(note["id"], note["status"], note["answer"], len(note["evidence"])) for note in values["notes"]]
    return {"outcome": dict(state["outcome"]), "notes": notes}
