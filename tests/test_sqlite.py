"""The checkpointer that commits in groups: the same file as LangGraph's own, fewer commits, nothing lost."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from langgraph_tumix import create_tumix
from langgraph_tumix.sqlite import GroupedSqliteSaver
from tests.graph.roles import play, toolbox

THREAD: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
POINT: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": "", "checkpoint_id": "one"}}
SAVERS = {"grouped": GroupedSqliteSaver.opened, "LangGraph's": AsyncSqliteSaver.from_conn_string}


async def held(saver: GroupedSqliteSaver) -> dict[str, Any]:
    """Return what was written to the checkpoint, by task."""
    found = await saver.aget_tuple(POINT)
    assert found is not None
    return {task: value for task, _, value in found.pending_writes or ()}


@pytest.mark.parametrize(("first", "second"), [("grouped", "LangGraph's"), ("LangGraph's", "grouped")])
async def test_either_goes_on_with_what_the_other_has_written(tmp_path: Path, first: str, second: str) -> None:
    async def asked(kind: str, question: str) -> dict[str, Any]:
        async with SAVERS[kind](str(tmp_path / "runs.db")) as saver:
            graph = create_tumix(play(), agents=["CoT", "C"], tools=toolbox(), checkpointer=saver)
            await graph.ainvoke({"messages": [HumanMessage(question)]}, THREAD)
            history = [state.config async for state in graph.aget_state_history(THREAD)]
            return {"values": (await graph.aget_state(THREAD)).values, "checkpoints": len(history)}

    one = await asked(first, "What is it?")
    two = await asked(second, "And now?")
    assert [message.type for message in two["values"]["messages"]] == ["human", "ai"] * 2
    assert two["values"]["messages"][:2] == one["values"]["messages"]
    assert two["checkpoints"] == 2 * one["checkpoints"]


@checkpointer_test(name="grouped")
async def grouped() -> AsyncIterator[GroupedSqliteSaver]:
    async with GroupedSqliteSaver.opened(":memory:") as saver:
        yield saver


async def test_it_does_what_langgraph_asks_of_a_checkpointer() -> None:
    report = await validate(grouped)
    assert report.passed_all_base(), report.to_dict()


async def test_what_comes_together_is_committed_together() -> None:
    async with GroupedSqliteSaver.opened(":memory:") as saver:
        await saver.aput(THREAD, empty_checkpoint() | {"id": "one"}, {"step": 0}, {})
        ran: list[str] = []
        saver.conn.set_trace_callback(ran.append)
        await asyncio.gather(*(saver.aput_writes(POINT, [("notes", number)], str(number)) for number in range(100)))
        saver.conn.set_trace_callback(None)
        assert await held(saver) == {str(number): number for number in range(100)}
    assert 1 <= ran.count("COMMIT") <= 10


async def test_what_cannot_be_kept_fails_alone() -> None:
    async with GroupedSqliteSaver.opened(":memory:") as saver:
        await saver.aput(THREAD, empty_checkpoint() | {"id": "one"}, {"step": 0}, {})
        values = [1, asyncio.Lock(), 3]
        kept = (saver.aput_writes(POINT, [("notes", value)], str(task)) for task, value in enumerate(values))
        ends = await asyncio.gather(*kept, return_exceptions=True)
        assert [isinstance(end, TypeError) for end in ends] == [False, True, False]
        assert await held(saver) == {"0": 1, "2": 3}


async def test_a_write_is_whole_though_its_caller_is_cancelled() -> None:
    async with GroupedSqliteSaver.opened(":memory:") as saver:
        await saver.aput(THREAD, empty_checkpoint() | {"id": "one"}, {"step": 0}, {})
        writing = asyncio.ensure_future(saver.aput_writes(POINT, [("a", 1), ("b", 2)], "task"))
        await asyncio.sleep(0)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        found = await saver.aget_tuple(POINT)
    assert found is not None
    assert [value for _, _, value in found.pending_writes or ()] == [1, 2]


async def test_what_was_asked_for_is_written_before_the_file_is_closed(tmp_path: Path) -> None:
    async with GroupedSqliteSaver.opened(str(tmp_path / "runs.db")) as saver:
        writing = asyncio.ensure_future(saver.aput(THREAD, empty_checkpoint() | {"id": "one"}, {"step": 0}, {}))
        await asyncio.sleep(0)
    await writing
    async with GroupedSqliteSaver.opened(str(tmp_path / "runs.db")) as saver:
        assert [found.checkpoint["id"] async for found in saver.alist(THREAD)] == ["one"]


async def test_after_its_end_it_says_so_every_time() -> None:
    async with GroupedSqliteSaver.opened(":memory:") as saver:
        pass
    for _ in range(2):
        with pytest.raises(sqlite3.ProgrammingError, match="use the graph inside of the `async with`"):
            await asyncio.wait_for(saver.aget_tuple(THREAD), 5)


def test_it_serves_several_event_loops_and_none(tmp_path: Path) -> None:
    async def one() -> None:
        await saver.aput(THREAD, empty_checkpoint() | {"id": "one"}, {"step": 0}, {})

    async def two() -> Any:
        return await saver.aget_tuple(THREAD)

    connection = sqlite3.connect(tmp_path / "runs.db", check_same_thread=False)
    saver = GroupedSqliteSaver(connection)
    asyncio.run(one())
    assert asyncio.run(two()).checkpoint["id"] == "one"
    saver.put(THREAD, empty_checkpoint() | {"id": "two"}, {"step": 1}, {})
    found = saver.get_tuple(THREAD)
    assert found is not None
    assert found.checkpoint["id"] == "two"
    saver.close()
