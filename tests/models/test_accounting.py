"""Ways in which other tools count costs wrongly: by block, by event, by process, by history."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from langgraph_tumix import Outcome, create_tumix
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.models.counting import metered
from langgraph_tumix.models.model import resolve
from tests.graph.roles import play, role_of, solver, toolbox

QUESTION: Any = {"question": "What is it?"}
THREAD: Any = {"configurable": {"thread_id": "1"}}


def test_a_reply_in_many_blocks_is_counted_once() -> None:
    blocks: list[Any] = [{"type": "thinking", "thinking": "Hm."}, *[{"type": "text", "text": "So."}] * 5]
    reply = AIMessage(blocks, usage_metadata={"input_tokens": 100, "output_tokens": 60, "total_tokens": 160})
    usage = metered(resolve(play()), [HumanMessage("hi")], reply)
    assert (usage["model_calls"], usage["input_tokens"], usage["output_tokens"]) == (1, 100, 60)


async def test_however_a_run_is_watched_each_call_is_counted_once() -> None:
    """Messages, with their usage, pass by once for each mode and each level of graphs."""
    model, modes = play(), ["values", "updates", "messages", "custom", "debug"]
    graph: Any = create_tumix(model, agents=["CoT", "C", "CSG_gs"], tools=toolbox(), max_rounds=2)
    quiet = Outcome((await graph.ainvoke(QUESTION))["outcome"])
    async for _, mode, seen in graph.astream(QUESTION, stream_mode=modes, subgraphs=True):
        if mode == "values" and "outcome" in seen:
            watched = Outcome(seen["outcome"])
    assert watched.usage == quiet.usage
    assert watched.usage["model_calls"] == len(model.calls) / 2


async def test_questions_side_by_side_pay_for_themselves_only() -> None:
    def respond(messages: Sequence[BaseMessage]) -> str:
        length = messages[1].text.partition("# Question\n\n")[2].split()[1]
        return "word " * int(length) + solver(messages) if role_of(messages) == "solver" else "<<<YES>>>"

    graph = create_tumix(play(respond, latency=0.001), agents=["Base", "CoT"], tools=toolbox())
    asked: list[Any] = [{"question": f"Say {length} words"} for length in (1, 300, 20)]
    alone = [(await graph.ainvoke(question))["outcome"].usage for question in asked]
    together = [state["outcome"].usage for state in await asyncio.gather(*map(graph.ainvoke, asked))]
    assert together == alone
    assert len({usage["output_tokens"] for usage in alone}) == 3


@pytest.mark.parametrize("place", ["dispatch", "judge", "aggregate"])
async def test_a_fork_counts_what_led_to_it_and_what_it_costs_itself(place: str) -> None:
    model = play(verdict="<<<NO>>>")
    graph = create_tumix(model, agents=["CoT", "C"], tools=toolbox(), max_rounds=3, checkpointer=InMemorySaver())
    whole = Outcome((await graph.ainvoke(QUESTION, THREAD))["outcome"])
    history = [state async for state in graph.aget_state_history(THREAD)]
    before = next(state for state in history if state.next == (place,))  # the latest: in round 3
    paid = add_usage(*(part["usage"] for part in (*before.values["notes"], *before.values["rounds"])))
    calls = len(model.calls)
    forked = Outcome((await graph.ainvoke(None, before.config))["outcome"])
    assert forked.usage == whole.usage
    assert forked.usage["model_calls"] == paid["model_calls"] + len(model.calls) - calls
