"""Runs an agent's subgraph where nobody looks into it: the same steps and edges, without LangGraph's loop around them.

LangGraph's loop streams, traces, checkpoints and runs things side by side. An agent takes one step after the other and
leaves its checkpoints to the journal; unless somebody streams or traces it, all of that is half a millisecond of CPU
for each model call, spent on nothing. See docs/performance.md for what it is worth.
"""

from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langgraph.channels import BinaryOperatorAggregate
from langgraph.config import get_config
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langsmith.utils import tracing_is_enabled

from langgraph_tumix.agents.loop import AgentGraph
from langgraph_tumix.agents.run import Run
from langgraph_tumix.agents.work import AgentInput, AgentState

_Walk = Callable[[AgentInput, Run], Coroutine[Any, Any, AgentState]]
_Called = Callable[[Any, Runtime[Run]], Coroutine[Any, Any, Any]]

# LangGraph fails if a graph without a checkpointer inherits the durability "sync".
_UNSAVED: RunnableConfig = {"configurable": {"__pregel_checkpointer": None, "__pregel_durability": "async"}}


async def go_through(graph: AgentGraph, start: AgentInput, run: Run, config: RunnableConfig) -> AgentState:
    """Run an agent: through LangGraph, with what `config` names it, where somebody looks in, else by its bare steps.

    Inner steps are not checkpointed: that would cost five times the notes. The journal keeps what was paid.
    """
    if _watched():
        return cast("AgentState", await graph.ainvoke(start, {**_UNSAVED, **config}, context=run))
    return await _walk_of(graph.builder)(start, run)


def _watched() -> bool:
    """Whether the run around this one streams what is inside of its nodes, or is traced."""
    try:
        config = get_config()
    except RuntimeError:  # there is none: a team is designed outside of any graph
        return bool(tracing_is_enabled())
    callbacks = config.get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks
    return bool(handlers) or "__pregel_stream" in config.get("configurable", {})


@lru_cache(maxsize=256)
def _walk_of(builder: StateGraph[Any, Any, Any, Any]) -> _Walk:
    """Return what takes the steps of a graph, one after the other, from an opening to the end."""
    steps = {name: _called(node.runnable) for name, node in builder.nodes.items()}
    edges = dict(builder.edges)
    branches = {name: next(iter(them.values())) for name, them in builder.branches.items()}
    routes = {name: (_called(branch.path), branch.ends or {}) for name, branch in branches.items()}
    channels = builder.channels.items()
    merged = {name: channel.operator for name, channel in channels if isinstance(channel, BinaryOperatorAggregate)}

    async def walk(start: AgentInput, run: Run) -> AgentState:
        state: dict[str, Any] = {**start, "messages": []}
        runtime: Runtime[Run] = Runtime(context=run)
        node: Any = edges[START]
        while node != END:
            for name, value in (await steps[node](state, runtime)).items():
                state[name] = merged[name](state[name], value) if name in merged else value
            if node in routes:
                route, ends = routes[node]
                chosen = await route(state, runtime)
                node = ends.get(chosen, chosen)
            else:
                node = edges[node]
        return cast("AgentState", state)

    return walk


def _called(runnable: Any) -> _Called:
    """Return a step or a route as a function of state and runtime."""
    if "runtime" in runnable.func_accepts:
        return cast("_Called", lambda state, runtime: runnable.afunc(state, runtime=runtime))
    return lambda state, runtime: runnable.afunc(state)
