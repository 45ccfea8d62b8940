"""A question under way: where it stands, what it has paid for, and how it goes on after a crash."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from langgraph_tumix.background import finished
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.graph import TumixGraph
from langgraph_tumix.journal import Journal
from langgraph_tumix.plan import spent

_STEPS = 500  # super-steps at most; a round has four
_PAGES = {"judge": "judge", "aggregate": "close"}
"""The page of the journal on which a node writes; agents share theirs, and the other nodes pay for nothing."""
_UNPAID = frozenset({"__start__", "intake", "dispatch", "collect"})


@dataclass(frozen=True)
class Thread:
    """A question's thread in the checkpointer of its graph.

    Attributes:
        graph: What answers it; compiled with `saver`.
        saver: The checkpointer.
        name: Unique among the questions under way.
    """

    graph: TumixGraph
    saver: BaseCheckpointSaver[Any]
    name: str

    async def answered(self, question: str, context: Any) -> Mapping[str, Any]:
        """Answer the question, from where it stands, and return the channels at its end.

        Raises:
            ConfigError: It cannot be asked.
        """
        stands = await self._stands()
        if "outcome" not in stands.values:
            start: Any = None if stands.next else {"question": question}
            config: RunnableConfig = {**self._config, "recursion_limit": _STEPS}
            # By default the first checkpoint may be saved after the first replies; a kill between has them paid twice.
            await self.graph.ainvoke(start, config, context=context, durability="sync")
            stands = await self._stands()
        return stands.values

    async def paid(self) -> Usage:
        """Return what it has cost so far, by its channels and by the journal of the super-step in work."""
        stands = await self._stands()
        values: Any = stands.values
        if "outcome" in values:
            return add_usage(values["outcome"]["usage"])
        if "asked" not in values:
            return used()
        page = next((_PAGES.get(node, "agents") for node in stands.next if node not in _UNPAID), None)
        if page is None:
            return spent(values)
        journal = Journal(self.saver, values["asked"]["id"], f"{values['round']} {page}")
        await journal.read(stands.config)
        return add_usage(spent(values), journal.spent)

    async def discard(self) -> None:
        """Delete it, and what the journal still holds of it."""
        values = (await self._stands()).values
        if "asked" in values:
            for page in ("agents", "judge", "close"):
                await Journal(self.saver, values["asked"]["id"], f"{values['round']} {page}").discard()
        await self.saver.adelete_thread(self.name)

    @property
    def _config(self) -> RunnableConfig:
        return {"configurable": {"thread_id": self.name}}

    async def _stands(self) -> StateSnapshot:
        # A named checkpoint is shown as it was saved: without notes of a super-step in work, which the journal has too.
        return await self.graph.aget_state((await self.graph.aget_state(self._config)).config)


async def settled(saver: Any) -> None:
    """Wait for what is still being written: LangGraph goes on writing for runs that were cancelled."""
    await finished()
    writers = (type(saver).__qualname__, "AsyncPregelLoop")
    while writing := [task for task in asyncio.all_tasks() if _named(task).startswith(writers)]:
        await asyncio.wait(writing)


def _named(task: asyncio.Task[Any]) -> str:
    return str(getattr(task.get_coro(), "__qualname__", ""))
