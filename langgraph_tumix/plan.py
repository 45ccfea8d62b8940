"""The plan of a graph: everything that is fixed when it is built, and what the runs on it share."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from langgraph.runtime import Runtime

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.context import TumixContext, context_of
from langgraph_tumix.core.aggregate import Aggregator
from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.stop import StopRule
from langgraph_tumix.core.usage import Usage, add_usage
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model
from langgraph_tumix.state import TumixState


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

    @property
    def models(self) -> tuple[Model, ...]:
        """All models that may be called."""
        return (self.judge, *(equipped.model for equipped in self.roster))

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

    @contextlib.contextmanager
    def meter(self, state: TumixState, runtime: Runtime[TumixContext]) -> Iterator[Meter]:
        """Lend the meter that the nodes of one super-step of one question share.

        It lives as long as one of them holds it. The account is opened with what the state says has been spent, so a
        run that is resumed in another process goes on with the right sum, and nothing is left behind by one that is
        not.
        """
        info = runtime.execution_info
        key = (state["asked"]["id"], info.checkpoint_id if info else "")
        holder = _METERS.get(key)
        if holder is None:
            context = self.context(runtime)
            ledger = Ledger(context.budget(self.budget), spent=spent(state))
            holder = _METERS[key] = _Holder(Meter(ledger, _slots(context.concurrency), context.call_seconds))
        holder.count += 1
        try:
            yield holder.meter
        finally:
            holder.count -= 1
            if holder.count == 0:
                del _METERS[key]


@dataclass
class _Holder:
    meter: Meter
    count: int = 0


_METERS: dict[tuple[str, str], _Holder] = {}
_SLOTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, asyncio.Semaphore]] = WeakKeyDictionary()


def _slots(concurrency: int) -> asyncio.Semaphore:
    """Return the semaphore that all questions of this event loop share.

    LangGraph's own `max_concurrency` would also hold up the writing of checkpoints.
    """
    return _SLOTS.setdefault(asyncio.get_running_loop(), {}).setdefault(concurrency, asyncio.Semaphore(concurrency))


def spent(state: TumixState) -> Usage:
    """Return what a question has cost so far, by what its notes and reports say."""
    notes, rounds = state.get("notes", []), state.get("rounds", [])
    return add_usage(*(note["usage"] for note in notes), *(report["usage"] for report in rounds))


def check_priced(budget: Budget, models: tuple[Model, ...]) -> None:
    """Refuse a cap in dollars on models whose price nobody knows.

    Raises:
        ConfigError: There is such a cap, and such a model.
    """
    unpriced = sorted({model.name for model in models if not model.priced})
    if budget.usd is not None and unpriced:
        raise ConfigError(
            f"there is a cap in dollars, but the price of {', '.join(unpriced)} is unknown: "
            "cap tokens or model_calls instead, or use a model with a known price"
        )
