"""An agent does the same whether LangGraph runs its subgraph, as somebody looks in, or its bare steps are taken."""

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.tools import tool

from langgraph_tumix import Agent, create_tumix
from tests.graph.roles import play, solver, toolbox


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


STEPPED = Agent(name="Steps", instruction="Plan.", code="loop", steps=("Do it.", "Check it."))
CHECKED = Agent(name="Checked", instruction="Think.", check="verify", checks=2)
NATIVE = Agent(name="Native", instruction="Use the tool.", tools=(double,))


async def _seen(agents: Any, *, inside: bool) -> tuple[list[Any], list[Any]]:
    """Return the notes of a run, and the lengths of what the model was asked."""
    model = play(solver)
    graph: Any = create_tumix(model, agents=agents, tools=toolbox(), max_rounds=2)
    notes, namespaces = list[dict[str, Any]](), set()
    stream = graph.astream({"question": "What is it?"}, stream_mode=["values"], subgraphs=True) if inside else None
    async for space, _, state in stream or _outside(graph):
        namespaces.add(space)
        notes = notes if space else state.get("notes", notes)
    assert (len(namespaces) > 1) is inside
    told = ("agent", "round", "status", "answer", "text", "saw")
    shown = [{name: note[name] for name in told} for note in notes]
    done = [[(step["kind"], step["input"], step["output"]) for step in note["evidence"]] for note in notes]
    return [*shown, *done], sorted(tuple(len(message.text) for message in call) for call in model.calls)


async def _outside(graph: Any) -> Any:
    async for mode, state in graph.astream({"question": "What is it?"}, stream_mode=["values"]):
        yield (), mode, state


@pytest.mark.parametrize(
    "agents", ["tumix", "tumix-evolve", [STEPPED, CHECKED, NATIVE]], ids=["tumix", "evolve", "own"]
)
async def test_whoever_looks_in_sees_what_happens_anyway(agents: Any) -> None:
    assert await _seen(agents, inside=True) == await _seen(agents, inside=False)


async def test_a_trace_shows_the_steps_of_every_agent() -> None:
    names = set()

    class Trace(AsyncCallbackHandler):
        async def on_chain_start(self, serialized: Any, inputs: Any, **more: Any) -> None:
            names.add(more["name"])

    graph = create_tumix(play(solver), agents=["C", "CSG_gs"], tools=toolbox(), max_rounds=1, min_rounds=1)
    await graph.ainvoke({"question": "What is it?"}, {"callbacks": [Trace()]})
    assert {"C", "CSG_gs", "C, round 1", "CSG_gs, round 1", "guide", "model", "tool"} <= names
