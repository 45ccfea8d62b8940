"""An agent's node: runs its subgraph once for each sample and always leaves a note, whatever happens."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from langgraph_tumix.agents.conclude import conclude
from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.loop import AgentGraph, AgentInput, agent_graph, opening
from langgraph_tumix.agents.prompt import shared_part
from langgraph_tumix.agents.run import Conclusion, Run
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.errors import BudgetExceeded, InterpreterError, ModelError
from langgraph_tumix.plan import Plan
from langgraph_tumix.state import Node, TumixState, Update

LADDER = (0.4, 0.7, 1.0, 1.2)
"""Temperatures of the samples in TUMIX+, repeated beyond four; the paper does not give its own."""


def agent_node(plan: Plan, equipped: Equipped) -> Node:
    """Return the node of an agent."""
    subgraph = agent_graph(equipped.agent)  # a closure cell, so that LangGraph sees and draws it

    async def answer(state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        context, asked = plan.context(runtime), state["asked"]
        samples = context.samples if state["round"] <= 2 else 1
        shown = of_round(state.get("notes", []), state["round"] - 1)
        shared = shared_part(asked, shown, limit=equipped.model.notes_limit, seed=context.seed)
        start, saw = opening(equipped.agent, shared, asked["images"]), [note["id"] for note in shown]
        # Inner steps are not checkpointed: that would cost five times the notes, and a kernel cannot be resumed.
        options = {"durability": "exit"} if runtime.execution_info and runtime.execution_info.thread_id else {}
        with plan.meter(state, runtime) as meter:
            runs = [
                Run(
                    equipped=equipped,
                    question=asked,
                    round=state["round"],
                    sample=number,
                    meter=meter.account(),
                    temperature=LADDER[number % len(LADDER)] if samples > 1 else None,
                    emit=runtime.stream_writer,
                )
                for number in range(samples)
            ]
            return {"notes": await _together([_note(run, subgraph, start, saw, context, options) for run in runs])}

    return answer


async def _together(runs: list[Coroutine[Any, Any, Note]]) -> list[Note]:
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _note(
    run: Run,
    subgraph: AgentGraph,
    start: AgentInput,
    saw: Sequence[str],
    context: TumixContext,
    options: Mapping[str, Any],
) -> Note:
    run.report("agent")
    begun = time.monotonic()
    due = context.max_seconds and run.question["asked"] + context.max_seconds - time.time()
    seconds = context.agent_seconds if due is None else min(context.agent_seconds, due)
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            end = conclude(run, await subgraph.ainvoke(start, context=run, **options))
    except GraphBubbleUp:
        raise  # an interrupt, a drain or a command to the graph above: LangGraph's own business
    except TimeoutError:
        end = _out_of_time(context.agent_seconds, deadline=seconds == due)
    except Exception as error:  # noqa: BLE001 - the failure of one agent is a note, never the end of the others
        end = _failed(error)
    finally:
        await run.aclose()
    note = run.note(end, saw=saw, seconds=time.monotonic() - begun)
    run.report(
        "note",
        **{key: note[key] for key in ("status", "answer", "reason", "seconds", "usage")},
    )
    return note


def _out_of_time(limit: float, *, deadline: bool) -> Conclusion:
    if deadline:
        return Conclusion("timed_out", "deadline", "the question's deadline was reached")
    return Conclusion("timed_out", "timeout", f"not done within {limit:g} s (agent_seconds)")


def _failed(error: Exception) -> Conclusion:
    match error:
        case BudgetExceeded():
            return Conclusion("cancelled", "budget", str(error))
        case ModelError(kind="timeout"):
            return Conclusion("timed_out", "timeout", str(error))
        case ModelError():
            return Conclusion("failed", error.kind, str(error))
        case InterpreterError():
            return Conclusion("failed", "interpreter", str(error))
    return Conclusion("failed", "error", f"{type(error).__name__}: {error}"[:500])
