"""A question under way is on file before anything is paid for it."""

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from langgraph_tumix import create_tumix
from langgraph_tumix.evaluate.thread import Thread
from tests.graph.roles import play, solver, toolbox


class Busy(InMemorySaver):
    """A checkpointer on a busy machine."""

    async def aput(self, *args: Any, **more: Any) -> Any:
        await asyncio.sleep(60)
        return await super().aput(*args, **more)


@pytest.mark.usefixtures("time_flies")
async def test_its_first_checkpoint_is_there_before_its_first_call() -> None:
    saver, there = Busy(), list[bool]()

    def answer(messages: Any) -> str:
        there.append(any(saver.storage["the question"].values()))
        return solver(messages)

    graph = create_tumix(play(answer), agents=["CoT", "C"], tools=toolbox(), checkpointer=saver)
    channels = await Thread(graph, saver, "the question").answered("What is it?", None)
    assert channels["answer"] == "42"
    assert there
    assert all(there)
