"""`create_tumix`: the graph.

::

    START → intake → dispatch → one node per agent → collect → judge → aggregate → END
                        ↑________________________________________|
"""

import difflib
import inspect
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Never

from langchain_core.language_models import BaseChatModel
from langgraph.cache.base import BaseCache
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.context import TumixContext, schema_with
from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.allocate import Allocator
from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.core.stop import LLMJudge, StopRule
from langgraph_tumix.core.text import cut
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.caching import PromptCache
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.models.price import Price, check_prices
from langgraph_tumix.nodes.agent import agent_node
from langgraph_tumix.nodes.aggregate import aggregate_node
from langgraph_tumix.nodes.dispatch import dispatch_node
from langgraph_tumix.nodes.intake import intake_node
from langgraph_tumix.nodes.judge import judge_node, route
from langgraph_tumix.plan import Plan, check_priced, check_quorum
from langgraph_tumix.record import Sink, sink_of
from langgraph_tumix.state import TumixInput, TumixOutput, TumixState, Update
from langgraph_tumix.toolbox import Toolbox, equip

if TYPE_CHECKING:  # auto-design is imported where it is asked for
    from langgraph_tumix.design.designer import Designer
    from langgraph_tumix.nodes.design import DesignNodes

TumixGraph = CompiledStateGraph[TumixState, TumixContext, TumixInput, TumixOutput]


def create_tumix(
    model: str | BaseChatModel,
    *,
    agents: str | Sequence[str | Agent] = "tumix",
    tools: Toolbox | None = None,
    judge: str | BaseChatModel | None = None,
    stop: StopRule | None = None,
    allocate: Allocator | None = None,
    aggregate: Aggregator | None = None,
    budget: Budget | None = None,
    prices: Mapping[str, Price] | None = None,
    min_rounds: int | None = None,
    max_rounds: int | None = None,
    samples: int = 1,
    designer: "Designer | None" = None,
    concurrency: int = 64,
    call_seconds: float = 300.0,
    tool_seconds: float = 60.0,
    agent_seconds: float = 900.0,
    round_seconds: float | None = None,
    quorum: int | None = None,
    seed: int = 0,
    checkpointer: BaseCheckpointSaver[Any] | bool | None = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | PromptCache | None = None,
    prompt_cache: PromptCache = "auto",
    name: str = "tumix",
    record: str | os.PathLike[str] | Sink | None = None,
    **unknown: Never,
) -> TumixGraph:
    """Build the TUMIX graph (arXiv 2510.01279): agents answer, read each other's notes and answer again.

    Args:
        model: Anything `init_chat_model` takes, a chat model, or ``offline`` for the embedded one.
        agents: A roster's name (``tumix``: the paper's fifteen; ``tumix-evolve``: the best group with designed agents),
            the path of a roster file, or agents, by name or as they are.
        tools: What serves code and search; by default Jupyter kernels on this machine, Tavily if TAVILY_API_KEY is
            set, and the model's own search if it has one. Agents whose tool is not at hand are left out, and the
            outcome says so.
        judge: The model that judges, and that groups equal answers; by default `model`.
        stop: When to stop, between `min_rounds` and `max_rounds`; by default the LLM judge.
        allocate: Who runs next, how often, and who sees which notes; by default all agents in every round, each reading
            all notes of the round before.
        aggregate: How notes become the answer; by default the majority.
        budget: What a question may cost.
        prices: Prices of models that the list of prices does not know or has wrong, by name (``openai:gpt-5-mini``)
            or by id (``gpt-5-mini``).
        min_rounds: No stop before this round; by default 2, and 1 with an allocator.
        max_rounds: The last round in any case; by default 5, and 100 with an allocator, whose plan has an end.
        samples: Answers of each agent in rounds 1 and 2; 4 is TUMIX+.
        designer: Has a model design further agents for the kind of question before round 1 of the first one, and
            admits those that help; later questions find them in the store.
        concurrency: Model calls in flight at one time, over all graphs on this event loop.
        call_seconds: Wall time of one model call at most.
        tool_seconds: Wall time of one program, search or tool at most.
        agent_seconds: Wall time of one agent in one round at most.
        round_seconds: Wall time of one round at most.
        quorum: How many agents with an answer end a round; those still at work are cancelled. None waits for all.
        seed: Fixes the order in which notes are shown, the draw in a tie, and what the embedded model draws.
        checkpointer: As in any LangGraph graph; leave it out if the graph becomes a node of another.
        store: As in any LangGraph graph.
        cache: As in any LangGraph graph; a word is taken for `prompt_cache`.
        prompt_cache: How the providers' prompt caches are used. ``leader``: where calls share a prefix, one goes
            ahead, and the others read the prefix from the cache when its first token comes. ``auto``: where that is
            known to save money. ``off``: never, and providers are asked for nothing.
        name: The graph's name, and that of the message with the answer.
        record: A file that keeps what happens, for `tumix replay`, or a sink such as `replay.Recorder`. A file that is
            there is gone on with.
        unknown: Nothing; a keyword that is not known is refused like any other mistake of the caller.

    Returns:
        A compiled graph. It takes ``messages`` or ``question`` and returns ``messages``, ``answer`` and ``outcome``.

    Raises:
        ConfigError: Something asked for cannot be had or contradicts itself. Nothing has been spent.
        RecordingError: The file to record in is there and no recording, or cannot be written.

    >>> graph = create_tumix("offline", agents=["CoT", "C"], max_rounds=3)
    >>> sorted(graph.nodes)
    ['C', 'CoT', '__start__', 'aggregate', 'collect', 'dispatch', 'intake', 'judge']
    """
    if unknown:
        raise ConfigError(_misspelt(next(iter(unknown))))
    _check_kinds(
        tools=tools, stop=stop, aggregate=aggregate, budget=budget, prices=prices, designer=designer, store=store,
        cache=cache, name=name,
    )  # fmt: skip
    budget = budget or Budget()
    if allocate is not None and not isinstance(allocate, Allocator):
        raise ConfigError(f"allocate is {allocate!r}: give an allocator; a controller runs in OverRounds({allocate})")
    if allocate is not None and samples != 1:
        raise ConfigError(
            f"samples is {samples}, and allocate says who runs how often: write allocate=Everyone({samples})"
        )
    usual = (2, 5) if allocate is None else (1, 100)
    defaults = TumixContext(
        min_rounds=usual[0] if min_rounds is None else min_rounds,
        max_rounds=usual[1] if max_rounds is None else max_rounds,
        samples=samples,
        seed=seed,
        concurrency=concurrency,
        call_seconds=call_seconds,
        tool_seconds=tool_seconds,
        agent_seconds=agent_seconds,
        round_seconds=round_seconds,
        quorum=quorum,
        prompt_cache=cache if isinstance(cache, str) else prompt_cache,
        max_usd=budget.usd,
        max_seconds=budget.seconds,
    )
    main = resolve(model, prices)
    toolbox = Toolbox.default(main) if tools is None else tools
    proposer = resolve(designer.model, prices) if designer and designer.model else main
    equipped, left_out = equip(roster(agents), main, toolbox, prices)
    plan = Plan(
        roster=tuple(equipped),
        left_out=left_out,
        judge=main if judge is None else resolve(judge, prices),
        stop=LLMJudge() if stop is None else stop,
        aggregator=Majority() if aggregate is None else aggregate,
        allocate=allocate,
        budget=budget,
        defaults=defaults,
        name=name,
        further_models=() if designer is None else (main, proposer),
        record=sink_of(record),
    )
    check_prices(prices or {}, [(each.name, each.id) for each in plan.models])
    check_priced(plan.budget, plan.models, plan.searches)
    check_quorum(defaults, plan.roster)
    builder = _builder(plan, None if designer is None else _design(plan, designer, proposer, main, toolbox))
    node_cache = None if isinstance(cache, str) else cache
    graph = builder.compile(checkpointer=checkpointer, store=store, cache=node_cache, name=name)
    return graph.with_config(metadata={"tumix": name})  # tells tracers where a question begins


def _design(plan: Plan, designer: "Designer", proposer: Model, main: Model, toolbox: Toolbox) -> "DesignNodes":
    from langgraph_tumix.nodes.design import DesignNodes

    return DesignNodes(plan, designer, proposer, main, toolbox)


_KINDS: Mapping[str, tuple[type | tuple[type, ...] | str, str]] = {
    "tools": (Toolbox, "a Toolbox(code=..., gs=..., llm=...)"),
    "stop": (StopRule, "a stop rule such as FixedRounds(3) | StableMajority()"),
    "aggregate": (Aggregator, "an aggregator such as Majority()"),
    "budget": (Budget, "a Budget(usd=..., seconds=...)"),
    "prices": (Mapping, "a mapping of model names to Price(input=..., output=...)"),
    "designer": ("langgraph_tumix.design.designer:Designer", "a Designer(task=..., questions=...)"),
    "store": (BaseStore, "a LangGraph store"),
    "cache": ((BaseCache, str), "a LangGraph cache, or one of auto, leader and off"),
    "name": (str, "a text"),
}


def _check_kinds(**given: object) -> None:
    """Refuse what would only be found out in the middle of a run, after money was spent."""
    for name, value in given.items():
        kind, example = _KINDS[name]
        if value is not None and not isinstance(value, resolve_name(kind) if isinstance(kind, str) else kind):
            raise ConfigError(f"{name} is {cut(repr(value), 60)}: give {example}")


def _misspelt(keyword: str) -> str:
    known = list(inspect.signature(create_tumix).parameters)[:-1]
    close = difflib.get_close_matches(keyword, known, 1)
    return f"create_tumix takes no {keyword!r}: " + (
        f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(known)}"
    )


def _builder(plan: Plan, design: "DesignNodes | None") -> StateGraph[TumixState, TumixContext, TumixInput, TumixOutput]:
    builder = StateGraph(
        TumixState,
        context_schema=schema_with(plan.defaults),
        input_schema=TumixInput,
        output_schema=TumixOutput,
    )
    builder.add_node("intake", partial(intake_node, plan))
    builder.add_node("dispatch", partial(dispatch_node, plan))
    builder.add_node("collect", _collect, input_schema=TumixState)
    builder.add_node("judge", partial(judge_node, plan))
    builder.add_node("aggregate", partial(aggregate_node, plan))
    builder.add_edge(START, "intake").add_edge("intake", "design" if design else "dispatch")
    builder.add_edge("collect", "judge").add_conditional_edges("judge", route).add_edge("aggregate", END)
    if design:
        design.add_to(builder)
    for equipped in plan.roster:
        node = equipped.agent.name
        if node in builder.nodes:
            raise ConfigError(f"an agent cannot be named {node!r}, as a node of the graph is: rename it")
        # The schema is named, lest LangGraph read it off the annotations for each agent anew.
        builder.add_node(node, agent_node(plan, equipped), input_schema=TumixState, metadata=_card(equipped))
        builder.add_edge("dispatch", node).add_edge(node, "collect")
    return builder


async def _collect(state: TumixState) -> Update:
    """Stand between the agents and the judge: one writer, so that notes can be edited here in Studio."""
    return {}


def _card(equipped: Equipped) -> dict[str, Any]:
    """Return what Studio shows beside an agent's node."""
    agent = equipped.agent
    return {
        "style": agent.style,
        "model": equipped.model.name,
        "search": equipped.search.name if equipped.search else "none",
        "code": agent.code,
    }
