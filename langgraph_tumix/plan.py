"""The plan of a graph: everything that is fixed when it is built, and what the runs on it share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.prompt import Question, shared_part
from langgraph_tumix.agents.protocol import bounded
from langgraph_tumix.background import leave
from langgraph_tumix.clock import now
from langgraph_tumix.context import TumixContext, context_of
from langgraph_tumix.core.aggregate import Aggregator
from langgraph_tumix.core.allocate import Allocator, Everyone
from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.notes import Note, merge_notes
from langgraph_tumix.core.stop import FixedRounds, StopRule
from langgraph_tumix.core.usage import Usage, add_usage
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.journal import Journal, Log, broken_off, checkpoint_of, resumed, saver
from langgraph_tumix.models.caching import Caching, PromptCache, caching
from langgraph_tumix.models.leader import Prefix
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model
from langgraph_tumix.race import Race
from langgraph_tumix.record import Sink
from langgraph_tumix.search.base import Search
from langgraph_tumix.state import TumixState

CLOSING = 0.1
"""Seconds before a question's deadline at which its agents are stopped; a tenth of the time, if that is less."""


@dataclass(frozen=True)
class Plan:
    """What `create_tumix` settles once for all runs of a graph."""

    roster: tuple[Equipped, ...]
    left_out: Mapping[str, str]
    judge: Model
    stop: StopRule
    aggregator: Aggregator
    budget: Budget
    defaults: TumixContext
    name: str
    further_models: tuple[Model, ...] = ()
    record: Sink | None = None
    allocate: Allocator | None = None

    @property
    def models(self) -> tuple[Model, ...]:
        """All models that may be called."""
        return (self.judge, *(equipped.model for equipped in self.roster), *self.further_models)

    @property
    def searches(self) -> tuple[Search, ...]:
        """All searches that may be made."""
        return tuple(equipped.search for equipped in self.roster if equipped.search is not None)

    def tools(self) -> dict[str, str]:
        """Say what serves code and each kind of search. This may block: an isolation is proven, not assumed."""
        tools = {}
        for equipped in self.roster:
            if equipped.interpreter is not None:
                tools["code"] = f"isolation: {equipped.interpreter.isolation.level}"
            if equipped.search is not None:
                tools[equipped.agent.search] = equipped.search.name
        return tools

    def context(self, runtime: Runtime[TumixContext]) -> TumixContext:
        """Return the context of a run."""
        return context_of(getattr(runtime, "context", None), self.defaults)

    def allocator(self, context: TumixContext) -> Allocator:
        """Return what says who runs next."""
        return self.allocate or Everyone(context.samples)

    def rule(self, context: TumixContext) -> StopRule:
        """Return the stop rule within the limits on rounds."""
        return FixedRounds(context.max_rounds) | (FixedRounds(context.min_rounds) & self.stop)

    def agents(self, state: TumixState) -> tuple[str, ...]:
        """Return the agents that may be asked: the roster, and those that were designed."""
        design = state.get("design")
        designed = [agent["name"] for agent in design["agents"]] if design else []
        return (*(equipped.agent.name for equipped in self.roster), *designed)

    def view(self, state: TumixState, context: TumixContext) -> View:
        """Return what strategies may look at."""
        return View(
            state.get("notes", []),
            state["round"],
            roster=self.agents(state),
            budget=context.budget(self.budget),
            spent=spent(state),
            seconds=now() - state["asked"]["asked"],
        )

    @contextlib.asynccontextmanager
    async def step(self, state: TumixState, runtime: Runtime[TumixContext], name: str) -> AsyncIterator["Step"]:
        """Lend what the nodes of one super-step of one question share.

        It lives as long as one of them holds it. The account is opened with what the state and the journal say has
        been spent, so a run that is resumed in another process goes on with the right sum, and nothing is left behind
        by one that is not.

        Args:
            state: The channels.
            runtime: The node's runtime.
            name: What the super-step does in its round; each has a page of its own in the journal.
        """
        info = runtime.execution_info
        key = (state["asked"]["id"], info.checkpoint_id if info else "")
        shared = _STEPS.setdefault(key, _Shared())
        shared.holders += 1
        goes_on = False
        try:
            async with shared.opening:
                if shared.step is None:
                    shared.step = await self._open(state, self.context(runtime), name, checkpoint_of(info))
            yield shared.step
            goes_on = name != "close"
        finally:
            if not goes_on:
                broken_off(key[0])
            shared.holders -= 1
            if shared.holders == 0:
                del _STEPS[key]

    async def _open(self, state: TumixState, context: TumixContext, name: str, checkpoint: RunnableConfig) -> "Step":
        asked, keep = state["asked"], saver()
        journal = Journal(keep, asked["id"], f"{state['round']} {name}")
        left, now = seconds_left(state, context), asyncio.get_running_loop().time()
        # Once time is up nobody is asked, and the answer does not wait for the database.
        if resumed(asked["id"]) and (name == "agents" or left is None or left > 0):
            await journal.read(checkpoint)
        done = f"{state['round'] - 1} judge" if name == "agents" else f"{state['round']} {_BEFORE[name]}"
        leave(Journal(keep, asked["id"], done).discard())  # what it held is in the channels now
        before = add_usage(spent(state), journal.spent)
        budget = context.budget(self.budget)
        question = Ledger(budget, name="question", spent=before)
        so_far = add_usage(spent(state, state["round"]), journal.spent)
        meter = Meter(
            Ledger(budget.per_round, name=f"round {state['round']}", spent=so_far, parent=question),
            question=asked["id"],
            ceiling=context.concurrency,
            call_seconds=context.call_seconds,
            due=None if left is None else now + left,
        )
        view, rule = self.view(state, context), self.rule(context)

        def settled(made: Sequence[Note]) -> bool:
            return bool(rule.at_once(replace(view, notes=merge_notes(view.notes, [made]))).stop)

        return Step(meter, Race(context.quorum, settled), journal, budget.per_agent, context.prompt_cache)


@dataclass(frozen=True)
class Step:
    """What the nodes of one super-step share.

    Attributes:
        meter: The round's account, within the question's.
        race: What ends agents early.
        journal: What has been paid for, in this process or in one that ended too early.
        per_agent: What each agent may cost.
        prompt_cache: How the providers' prompt caches are used.
        prefixes: What its calls open with.
        texts: The shared parts of its prompts, by who reads what.
    """

    meter: Meter
    race: Race
    journal: Journal
    per_agent: Budget | None = None
    prompt_cache: PromptCache = "auto"
    prefixes: dict[Hashable, Prefix] = field(default_factory=dict)
    texts: dict[Hashable, str] = field(default_factory=dict)

    def shared(self, question: Question, shown: Sequence[Note], *, limit: int, seed: int) -> str:
        """Return what all readers of these notes see, as `shared_part` does; fifteen agents have it made once."""
        key = (limit, seed, *(note["id"] for note in shown))
        if key not in self.texts:
            self.texts[key] = shared_part(question, shown, limit=limit, seed=seed)
        return self.texts[key]

    def voice(self, model: Model, name: str) -> "Voice":
        """Return whoever speaks with `model` under a name and on an account of its own."""
        meter = self.meter.account(name)
        return Voice(model, meter, self.journal.of(name, meter.ledger), self.caching(model))

    def caching(self, model: Model) -> Caching:
        """Return what is said to the provider of `model`, so that its cache serves this question."""
        return caching(model, self.prompt_cache, str(self.meter.question))

    def prefix(self, *opening: Hashable) -> Prefix:
        """Return the prefix of all calls of this super-step that open alike."""
        return self.prefixes.setdefault(opening, Prefix())


@dataclass(frozen=True)
class Voice:
    """One who asks a model, pays for it, and writes down what it says: the judge, the aggregator."""

    model: Model
    meter: Meter
    log: Log
    caching: Caching

    async def ask(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """Send `messages` and return the reply, as `Meter.ask` does."""

        async def call() -> AIMessage:
            return await self.meter.ask(self.model, messages, further=self.caching.single)

        reply = await self.log.once(messages, call)
        self.log.keep()
        return bounded(reply)

    @property
    def spent(self) -> Usage:
        """What it has cost."""
        return self.meter.ledger.spent


@dataclass
class _Shared:
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    step: Step | None = None
    holders: int = 0


_STEPS: dict[tuple[str, str], _Shared] = {}
_BEFORE = {"design": "intake", "approve": "design", "judge": "agents", "close": "judge"}  # in the same round


def spent(state: TumixState, round_: int | None = None) -> Usage:
    """Return what a question, or one round of it, has cost so far, by what its notes and reports say."""
    parts, design = (*state.get("notes", []), *state.get("rounds", [])), state.get("design")
    designing = [design["usage"]] if design and round_ is None else []
    return add_usage(*designing, *(part["usage"] for part in parts if round_ in (None, part["round"])))


def seconds_left(state: TumixState, context: TumixContext) -> float | None:
    """Return the seconds until nobody may be at work any more, below 0 if they are over; None without a deadline.

    That is a moment before the question's deadline: the vote and the last checkpoints need it, and the answer is to be
    there at the deadline, not after it.
    """
    if context.max_seconds is None:
        return None
    closing = min(CLOSING, context.max_seconds / 10)
    return state["asked"]["asked"] + context.max_seconds - closing - now()


def forget(state: TumixState) -> None:
    """Let what an earlier question of this thread left in the journal be deleted."""
    if "asked" in state:
        for name in ("agents", "judge", "close"):
            leave(Journal(saver(), state["asked"]["id"], f"{state['round']} {name}").discard())


def check_priced(budget: Budget, models: Sequence[Model], searches: Sequence[Search] = ()) -> None:
    """Refuse a cap in dollars on models and searches whose price nobody knows.

    Raises:
        ConfigError: There is such a cap, and such a model or search.
    """
    if not budget.in_dollars:
        return
    unpriced = {model.name for model in models if not model.priced}
    unpriced |= {search.name for search in searches if search.usd_per_query is None}
    if unpriced:
        raise ConfigError(
            f"there is a cap in dollars, but the price of {', '.join(sorted(unpriced))} is unknown: "
            "give prices={...} for models and usd_per_query for searches, or cap tokens or model_calls instead"
        )


def check_quorum(context: TumixContext, roster: tuple[Equipped, ...]) -> None:
    """Refuse a quorum that can never be reached.

    Raises:
        ConfigError: It is above the number of agents.
    """
    if context.quorum is not None and context.quorum > len(roster):
        raise ConfigError(
            f"quorum is {context.quorum}, and only {len(roster)} agents take part: give a number up to that"
        )
