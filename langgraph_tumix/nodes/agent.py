"""An agent's node: runs its subgraph once for each of its turns and always leaves a note, whatever happens."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from langgraph_tumix.agents.conclude import conclude, failure
from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.loop import AgentGraph, agent_graph
from langgraph_tumix.agents.native import tools_of
from langgraph_tumix.agents.run import Conclusion, Run
from langgraph_tumix.agents.tracing import named
from langgraph_tumix.agents.walk import go_through
from langgraph_tumix.agents.work import opening
from langgraph_tumix.background import abandonable
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.notes import Note
from langgraph_tumix.events import Emit
from langgraph_tumix.journal import run_name
from langgraph_tumix.models.caching import leads
from langgraph_tumix.models.leader import Prefix
from langgraph_tumix.nodes.judge import heard
from langgraph_tumix.plan import Plan, Step, seconds_left
from langgraph_tumix.race import Race
from langgraph_tumix.state import Node, Planned, TumixState, Update, turns_of

PATIENCE = 1.0
"""Seconds that an agent that was stopped gets to unwind, so that its calls are counted; it takes a few milliseconds."""

LADDER = (0.4, 0.7, 1.0, 1.2)
"""Temperatures of the samples in TUMIX+, repeated beyond four; the paper does not give its own."""


def agent_node(plan: Plan, equipped: Equipped) -> Node:
    """Return the node of an agent."""
    subgraph = agent_graph(equipped.agent)  # a closure cell, so that LangGraph sees and draws it

    async def answer(state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        # All else is elsewhere: LangGraph takes the bytecode of this function apart, in search of the subgraph.
        return await _answered(plan, equipped, subgraph, state, runtime)

    return answer


async def _answered(
    plan: Plan, equipped: Equipped, subgraph: AgentGraph, state: TumixState, runtime: Runtime[TumixContext]
) -> Update:
    """Run the agent for each of its turns in this round."""
    turns = turns_of(state, equipped.agent.name)
    if not turns:
        return {}
    context = plan.context(runtime)
    async with plan.step(state, runtime, "agents") as step:
        limit = _soonest(context, seconds_left(state, context), step.race.begun)
        runs = _runs(equipped, turns, state, step, limit.when, context, runtime.stream_writer)
        work = []
        for run, turn in zip(runs, turns, strict=True):
            shown = [note for note in state.get("notes", []) if note["id"] in turn["show"]]
            shared = step.shared(run.question, shown, limit=equipped.model.notes_limit, seed=context.seed)
            run.prefix = _prefix(plan, equipped, shared, shown, state, step)
            images, mark = run.question["images"], run.caching.mark
            start = opening(equipped.agent, shared, images, context.tool_seconds, mark)
            name = named(equipped.agent.name, run.round, run.sample)
            going = go_through(subgraph, start, run, name)
            saw = [note["id"] for note in shown]
            work.append(_note(run, going, saw, limit, step.race, others=len(runs) > 1))
        notes = await _together(work) if len(work) > 1 else [await work[0]]
        step.race.finish(notes)
    return {"notes": notes}


def _runs(
    equipped: Equipped,
    turns: Sequence[Planned],
    state: TumixState,
    step: Step,
    due: float,
    context: TumixContext,
    emit: Emit,
) -> list[Run]:
    """Return a run for each turn, on an account and with a log of its own."""
    name, runs = equipped.agent.name, []
    for sample in (turn["sample"] for turn in turns):
        meter = step.meter.account(f"agent {name}", step.per_agent, due=due)
        run = Run(
            equipped=replace(equipped, model=equipped.model.drawn_by(f"{context.seed}/{name}/{sample}")),
            question=state["asked"],
            round=state["round"],
            sample=sample,
            meter=meter,
            temperature=LADDER[sample % len(LADDER)] if sample or len(turns) > 1 else None,
            tool_seconds=context.tool_seconds,
            log=step.journal.of(run_name(name, sample), meter.ledger),
            emit=emit,
            caching=step.caching(equipped.model),
        )
        runs.append(run)
    return runs


def _prefix(
    plan: Plan, equipped: Equipped, shared: str, shown: Sequence[Note], state: TumixState, step: Step
) -> Prefix | None:
    """Return what an agent's calls open with, if one of those that share it goes ahead of the others.

    Where the judge has just read the same, it went ahead of all.
    """
    model, tools = equipped.model, tools_of(equipped.agent)
    runs = sum(len(samples) for readers in state["turns"] for samples in readers["samples"].values())
    if runs == 1 or not leads(model, step.prompt_cache, shared):
        return None
    prefix = step.prefix(model.lane, shared, repr(tools))
    judged = not tools and model.lane is plan.judge.lane and model.notes_limit == plan.judge.notes_limit
    prefix.warm |= judged and bool(shown) and list(heard(state)) == shown
    return prefix


@dataclass(frozen=True)
class _Limit:
    """When a run ends at the latest, on the event loop's clock, and how it ends then."""

    when: float
    end: Conclusion


def _soonest(context: TumixContext, left: float | None, begun: float) -> _Limit:
    """Return the limit that comes first: the agent's, the round's or the question's."""
    now = asyncio.get_running_loop().time()
    limits = [(now + context.agent_seconds, "timeout", f"not done within {context.agent_seconds:g} s (agent_seconds)")]
    if context.round_seconds is not None:
        words = f"the round took longer than {context.round_seconds:g} s (round_seconds)"
        limits.append((begun + context.round_seconds, "timeout", words))
    if left is not None:
        limits.append((now + left, "deadline", "the question's deadline was reached"))
    when, cause, reason = min(limits)
    return _Limit(when, Conclusion("timed_out", cause, reason))


_OUTRUN = Conclusion("cancelled", "quorum", "enough other agents had an answer (quorum)")


async def _together(runs: list[Coroutine[Any, Any, Note]]) -> list[Note]:
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _note(
    run: Run, work: Coroutine[Any, Any, Any], saw: Sequence[str], limit: _Limit, race: Race, *, others: bool
) -> Note:
    run.report("agent")
    begun = time.monotonic()
    try:
        async with race.until(limit.when) as timer:
            end = conclude(run, (await abandonable(work, patience=PATIENCE))["messages"])
    except GraphBubbleUp:
        run.log.keep()
        raise  # an interrupt, a drain or a command to the graph above: LangGraph's own business
    except asyncio.CancelledError:
        run.log.keep()
        await run.aclose()  # the whole graph is cancelled: nobody waits for an answer
        raise
    except Exception as error:  # noqa: BLE001 - the failure of one agent is a note, never the end of the others
        end = (_OUTRUN if race.closed else limit.end) if timer.expired() else failure(error)
        end = end if end is _OUTRUN else run.stood(end)
    finally:
        run.leave()
    if race.decided:
        end = _OUTRUN
    if others:
        run.log.keep()  # the note waits for theirs
    note = run.note(end, saw=saw, seconds=time.monotonic() - begun)
    race.take(note)
    run.report(
        "note",
        **{key: note[key] for key in ("status", "answer", "reason", "seconds", "usage")},
    )
    return note
