"""The node that begins a round: the allocator says who runs, how often, and who sees which notes."""

from collections.abc import Sequence

from langgraph.runtime import Runtime

from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.allocate import Turn
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.events import event
from langgraph_tumix.plan import Plan
from langgraph_tumix.state import Readers, TumixState, Update


async def dispatch_node(plan: Plan, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
    """Begin a round."""
    context, round_ = plan.context(runtime), state["round"] + 1
    allocator, view = plan.allocator(context), plan.view(state, context)
    turns = allocator.plan(view)
    if not turns:
        raise ConfigError(f"{allocator} asks nobody in round {round_}")
    unknown = {turn.agent for turn in turns} - set(view.roster)
    if unknown:
        raise ConfigError(f"{allocator} asks {min(unknown)!r}, which takes no part: {', '.join(view.roster)} do")
    runtime.stream_writer(event("round", round=round_, agents=list(dict.fromkeys(turn.agent for turn in turns))))
    return {"round": round_, "turns": _by_notes(turns)}


def _by_notes(turns: Sequence[Turn]) -> list[Readers]:
    planned: dict[tuple[str, ...], Readers] = {}
    for turn in turns:
        readers = planned.setdefault(tuple(turn.show), Readers(samples={}, show=list(turn.show)))
        readers["samples"].setdefault(turn.agent, []).append(turn.sample)
    return list(planned.values())
