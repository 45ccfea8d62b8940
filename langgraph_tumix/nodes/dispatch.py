"""The node that begins a round: the allocator says who runs, how often, and who sees which notes."""

from langgraph.runtime import Runtime

from langgraph_tumix.context import TumixContext
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.events import event
from langgraph_tumix.plan import Plan
from langgraph_tumix.state import Node, Planned, TumixState, Update


def dispatch_node(plan: Plan) -> Node:
    """Return the node that begins a round."""

    async def begin(state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        context, round_ = plan.context(runtime), state["round"] + 1
        allocator, view = plan.allocator(context), plan.view(state, context)
        turns = allocator.plan(view)
        if not turns:
            raise ConfigError(f"{allocator} asks nobody in round {round_}")
        unknown = {turn.agent for turn in turns} - set(view.roster)
        if unknown:
            raise ConfigError(f"{allocator} asks {min(unknown)!r}, which takes no part: {', '.join(view.roster)} do")
        runtime.stream_writer(event("round", round=round_, agents=list(dict.fromkeys(turn.agent for turn in turns))))
        planned = [Planned(agent=turn.agent, sample=turn.sample, show=list(turn.show)) for turn in turns]
        return {"round": round_, "turns": planned}

    return begin
