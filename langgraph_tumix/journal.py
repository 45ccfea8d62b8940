"""What was paid for in a super-step, kept until the question is answered, so that a crash costs nothing twice.

LangGraph keeps what a node returns, and an agent returns one note after many calls. So each finished call, program and
search is written down through the graph's own checkpointer: each super-step has a thread of its own with one
checkpoint, which holds no channels, and each entry is a pending write on it. A run that begins again finds its replies
there and goes on where it was. When the super-step after it begins, the thread is deleted.

An entry is written when the next piece of work begins. The last one is not: the note follows it at once, and says all
that it says. Most agents make one call, and theirs are the most of all entries.
"""

import asyncio
import hashlib
import logging
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.config import get_config
from langgraph.runtime import ExecutionInfo
from typing_extensions import TypedDict

from langgraph_tumix.background import leave
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.core.usage import Usage, add_usage, used

logger = logging.getLogger(__name__)
T = TypeVar("T")


def run_name(agent: str, sample: int) -> str:
    """Return the name of an agent's run within its super-step."""
    return f"{agent}/{sample}"


_WRITING: dict[str, set[asyncio.Future[None]]] = defaultdict(set)
"""What is being written, by thread: who was cancelled may come back before it is done."""

_BEGUN: OrderedDict[str, None] = OrderedDict()
"""Questions that were begun here and have not broken off: of them no journal holds anything that is not known here."""

MOST_BEGUN = 10_000
"""How many of them are remembered; one that was given up between two nodes falls out at last."""

_CHANNEL = "entry"
_PAGE = "page"


def saver() -> BaseCheckpointSaver[Any] | None:
    """Return the checkpointer of the graph whose node is running, be it ours or that of an app around it."""
    found = get_config().get("configurable", {}).get("__pregel_checkpointer")
    return found if isinstance(found, BaseCheckpointSaver) else None


def begun(question: str) -> None:
    """Note that a question is begun here: until it breaks off, nobody else has left anything of it."""
    _BEGUN[question] = None
    if len(_BEGUN) > MOST_BEGUN:
        _BEGUN.popitem(last=False)  # it will be looked for in vain, and that is all


def broken_off(question: str) -> None:
    """Note that a question has ended, or was interrupted or cancelled."""
    _BEGUN.pop(question, None)


def resumed(question: str) -> bool:
    """Whether something of the super-step that is running may have been left, by another process or an earlier attempt.

    LangGraph says so of the first super-step of a run that is resumed only. But what was written may be ahead of the
    last checkpoint that was saved, and then it belongs to a later one.
    """
    if get_config().get("configurable", {}).get("__pregel_resuming"):
        broken_off(question)
    return question not in _BEGUN


def checkpoint_of(info: ExecutionInfo | None) -> RunnableConfig:
    """Return where the super-step of a running node begins."""
    if info is None:
        return {}
    above = info.checkpoint_ns.rpartition("|")[0]  # the node's own comes last
    found = {"thread_id": info.thread_id, "checkpoint_ns": above, "checkpoint_id": info.checkpoint_id}
    return {"configurable": found}


class _Entry(TypedDict):
    """One finished piece of work: whose, the how manieth, what it was, its result, and what the run has spent."""

    run: str
    number: int
    key: str
    value: Any
    spent: Usage


class Journal:
    """The page of one super-step.

    Args:
        saver: The graph's checkpointer; without one nothing is kept.
        question: The question's id, a UUID.
        page: What sets the super-step apart from the others of this question.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any] | None, question: str, page: str) -> None:
        self._saver = saver
        self._thread = str(uuid.uuid5(uuid.UUID(question), page))
        self._begun = False
        self._turn = asyncio.Lock()
        self._next: list[_Entry] = []
        self._batch: asyncio.Future[None] | None = None
        self._runs: dict[str, list[_Entry]] = defaultdict(list)
        self._noted: dict[str, Usage] = {}

    async def read(self, checkpoint: RunnableConfig) -> None:
        """Read what an earlier process, or an earlier attempt, has left.

        Args:
            checkpoint: Where the super-step begins; what is pending there are the notes of the runs that had ended.
        """
        if self._saver is None:
            return
        await self._still()
        begins = await self._saver.aget_tuple(checkpoint)
        for _, channel, value in (begins and begins.pending_writes) or ():
            if channel == "notes":
                self._noted |= {run_name(note["agent"], note["sample"]): note["usage"] for note in value}
        page = await self._saver.aget_tuple(self._config(_PAGE))
        self._begun = page is not None
        for _, channel, entry in (page and page.pending_writes) or ():
            if channel == _CHANNEL:
                self._runs[entry["run"]].append(entry)
        for entries in self._runs.values():
            entries.sort(key=lambda entry: entry["number"])

    @property
    def spent(self) -> Usage:
        """What the runs of this super-step had spent when it was read."""
        runs = {run: entries[-1]["spent"] for run, entries in self._runs.items()} | self._noted
        return add_usage(*runs.values())

    def of(self, run: str, ledger: Ledger) -> "Log":
        """Return the log of a run, whose account goes on from what it has spent; the accounts above have it already."""
        if self._saver is None:
            return Log()
        entries = self._runs.get(run, [])
        if entries:
            ledger.spent = entries[-1]["spent"]
        return Log(self, run, ledger, entries)

    def write(self, entry: _Entry) -> None:
        """Have an entry written, without waiting for it.

        What comes while others are being written is written together after them: a reply is at risk for two commits
        at most, not for one of each agent before it.
        """
        assert self._saver is not None, "without a checkpointer logs keep nothing"  # noqa: S101
        self._next.append(entry)
        if self._batch is None:
            self._batch = writing = asyncio.ensure_future(self._write(self._saver))
            leave(writing)  # whoever is cancelled here must not leave half a transaction
            _WRITING[self._thread].add(writing)
            writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        _WRITING[self._thread].discard(writing)
        if not _WRITING[self._thread]:
            del _WRITING[self._thread]

    async def discard(self) -> None:
        """Delete it."""
        if self._saver is not None:
            await self._still()
            await self._saver.adelete_thread(self._thread)

    async def _still(self) -> None:
        if writing := _WRITING.get(self._thread):
            await asyncio.wait(writing)

    async def _write(self, saver: BaseCheckpointSaver[Any]) -> None:
        async with self._turn:
            entries, self._next, self._batch = self._next, [], None
            try:
                if not self._begun:
                    await saver.aput(self._config(), empty_checkpoint() | {"id": _PAGE}, {"step": -1}, {})
                    self._begun = True
                await saver.aput_writes(
                    self._config(_PAGE), [(_CHANNEL, entry) for entry in entries], str(uuid.uuid4())
                )
            except Exception as error:  # noqa: BLE001 - any store may fail in any way, and the answer does not need it
                logger.warning("the journal cannot be kept: after a crash, calls may be paid again: %r", error)

    def _config(self, checkpoint: str | None = None) -> RunnableConfig:
        configurable = {"thread_id": self._thread, "checkpoint_ns": ""}
        return {"configurable": configurable | ({"checkpoint_id": checkpoint} if checkpoint else {})}


class Log:
    """The finished work of one run: what it did before a crash, and what it does now."""

    def __init__(
        self, journal: Journal | None = None, run: str = "", ledger: Ledger | None = None, past: Sequence[_Entry] = ()
    ) -> None:
        self._journal = journal
        self._run = run
        self._ledger = ledger
        self._number = len(past)
        self._held: _Entry | None = None
        self._past: dict[str, list[Any]] = defaultdict(list)
        for entry in past:
            self._past[entry["key"]].append(entry["value"])

    async def once(self, key: str | Sequence[BaseMessage], work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` and hold its result, to be written down; if it was done before, return that result instead.

        Args:
            key: What is done, in full, or the messages that are sent; the same thing may be done several times.
            work: Does it.
        """
        if self._journal is None:
            return await work()
        text = key if isinstance(key, str) else _said(key)
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        if self._past[key]:
            return self._past[key].pop(0)  # type: ignore[no-any-return]
        self.keep()
        value = await work()
        self.keep()  # what was done beside it
        number, self._number = self._number, self._number + 1
        spent = self._ledger.spent if self._ledger else used()
        self._held = _Entry(run=self._run, number=number, key=key, value=value, spent=spent)
        return value

    def keep(self) -> None:
        """Have what is held written down: more work follows, or no note that would be written at once."""
        if self._journal and self._held:
            self._journal.write(self._held)
        self._held = None


def _said(messages: Sequence[BaseMessage]) -> str:
    """Return messages as one text, as the key of the call that sends them."""
    calls = [message.tool_calls if isinstance(message, AIMessage) else [] for message in messages]
    return repr([(message.type, message.content, made) for message, made in zip(messages, calls, strict=True)])
