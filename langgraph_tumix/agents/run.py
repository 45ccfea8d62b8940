"""One run of one agent: its account, its session, what it did, and the note that it leaves."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langgraph.errors import GraphBubbleUp

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.prompt import Question, messages
from langgraph_tumix.agents.protocol import bounded
from langgraph_tumix.agents.tracing import traced
from langgraph_tumix.background import abandonable, leave
from langgraph_tumix.core.notes import Evidence, Note, Status, note_id
from langgraph_tumix.core.text import clean, cut, disarm
from langgraph_tumix.errors import SearchError
from langgraph_tumix.events import Emit, event
from langgraph_tumix.interpreter.base import Interpreter, Session
from langgraph_tumix.journal import Log
from langgraph_tumix.models.caching import Caching
from langgraph_tumix.models.leader import Prefix
from langgraph_tumix.models.meter import Meter

PROGRAM_SECONDS = 60.0
"""Wall time of one program at most (arXiv 2510.01279, section 4.1)."""

LONGEST_OUTPUT = 20_000
"""Characters of what a program, a search or a tool gives, whatever its own limit is."""

LONGEST_TEXT = 50_000
"""Characters of a final message that are kept; the next round sees its share of them."""

LONGEST_REASON = 1_000
"""Characters of the reason of a failure, and of a source's address."""


@dataclass(frozen=True)
class Conclusion:
    """How a run ended: the note's status, cause, reason, answer and text.

    Where a digest is shared in place of the final message, `whole` is that message.
    """

    status: Status
    cause: str = ""
    reason: str = ""
    answer: str | None = None
    text: str = ""
    whole: str = ""


@dataclass
class Run:
    """What the steps of one agent run share. It lives in this process only; what must last goes into the note.

    Attributes:
        equipped: The agent with its model and tools.
        question: What is asked.
        round: The round, from 1.
        sample: Which of the agent's samples this is, from 0.
        meter: Charges this run's own account.
        temperature: The temperature of its calls; None leaves it to the model.
        emit: Takes events as they happen.
        tool_seconds: Wall time of one program, search or tool at most.
        log: What it did before a crash, and what it does now.
        evidence: What was done so far.
        standing: How it would end with the answer that is being checked.
        caching: What its calls say to the provider's cache.
        prefix: What its calls open with, if one of those that share it goes ahead.
    """

    equipped: Equipped
    question: Question
    round: int
    sample: int
    meter: Meter
    temperature: float | None
    emit: Emit
    tool_seconds: float = PROGRAM_SECONDS
    log: Log = field(default_factory=Log)
    evidence: list[Evidence] = field(default_factory=list)
    standing: Conclusion | None = None
    caching: Caching = field(default_factory=Caching)
    prefix: Prefix | None = None
    _session: Session | None = None

    def prompt(self, shared: str, own: str) -> list[AnyMessage]:
        """Return what opens a conversation of this run."""
        return messages(shared, own, self.question["images"], self.caching.mark)

    async def ask(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[Any] = (),
        tool_choice: str | None = None,
        grows: bool = False,
    ) -> AIMessage:
        """Call the agent's model; `grows` says whether the conversation may go on after it."""
        options: dict[str, Any] = {
            "temperature": self.temperature,
            "tools": tools,
            "tool_choice": tool_choice,
            "further": self.caching.growing if grows else self.caching.single,
        }

        async def call() -> AIMessage:
            async with self.prefix.turn() if self.prefix else contextlib.nullcontext() as lead:
                return bounded(await self.meter.ask(self.equipped.model, messages, lead=lead, **options))

        return await self.log.once(messages, call)

    async def program(self, code: str) -> str:
        """Run a program in this run's session, which is opened at the first one, and return its output."""
        interpreter = self.equipped.interpreter
        assert interpreter is not None, "an agent without an interpreter is never offered programs"  # noqa: S101

        async def run() -> Evidence:
            async with self.meter.tool():
                # A kernel takes its time to start and to end; an agent that is stopped does not wait for it.
                session = self._session
                if session is None:
                    session = await abandonable(self._open(interpreter))
                result = await abandonable(session.run(code, seconds=self.tool_seconds))
            return _step("code", code, result.output, ok=result.status == "ok", seconds=result.seconds)

        return self.keep(await self.log.once(f"code {code}", lambda: traced("python", code, run)))

    async def _open(self, interpreter: Interpreter) -> Session:
        """Open the session; after a crash, what ran before it is run again, for its variables."""
        self._session = session = await interpreter.open()
        for step in self.evidence:
            if step["kind"] == "code" and step["ok"]:
                await session.run(step["input"], seconds=self.tool_seconds)
        return session

    async def search(self, query: str) -> str:
        """Search, and return what was found; a search that fails says so instead."""
        from langgraph_tumix.search import render

        search, started = self.equipped.search, time.monotonic()
        assert search is not None, "an agent without a search is never offered one"  # noqa: S101

        async def find() -> Evidence:
            try:
                async with self.meter.tool(search.usd_per_query), asyncio.timeout(self._search_seconds):
                    found = await search.search(query, self.ask)
            except (SearchError, TimeoutError) as error:
                output, sources = f"The search failed: {str(error) or 'it took too long'}", []
            else:
                output, sources = render(found), [hit.url for hit in found.hits]
            seconds = time.monotonic() - started
            return _step("search", query, output, ok=bool(sources), sources=sources, seconds=seconds)

        return self.keep(await self.log.once(f"search {query}", lambda: traced("search", query, find)))

    @property
    def _search_seconds(self) -> float:
        # A model's own search is a model call, too.
        return self.tool_seconds + (self.meter.call_seconds if self.equipped.agent.search != "gs" else 0.0)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one of the agent's own LangChain tools and return its result as text.

        What the tool raises is told to the model, which may mend its call.
        """
        asked, started = f"{name}({dict(arguments)})", time.monotonic()

        async def use() -> Evidence:
            async with self.meter.tool():
                output, ok = await self._use(name, arguments)
            return _step("tool", asked, output, ok=ok, seconds=time.monotonic() - started)

        return self.keep(await self.log.once(f"tool {asked}", use))

    async def _use(self, name: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
        tool = next((tool for tool in self.equipped.agent.tools if tool.name == name), None)
        if tool is None:
            return f"There is no tool {name!r}.", False
        try:
            async with asyncio.timeout(self.tool_seconds):
                return clean(str(await abandonable(tool.ainvoke(dict(arguments))))), True
        except GraphBubbleUp:
            raise  # the tool interrupts the graph, for a person to decide
        except TimeoutError:
            return f"The tool was stopped: it took longer than {self.tool_seconds:g} s.", False
        except Exception as error:  # noqa: BLE001 - a user's tool may raise anything
            return f"The tool failed: {type(error).__name__}: {error}", False

    def keep(self, step: Evidence) -> str:
        """Keep one step as evidence, report it, and return its output."""
        self.evidence.append(step)
        self.report("step", tool=step["kind"], input=step["input"], ok=step["ok"], seconds=step["seconds"])
        return step["output"]

    def record(
        self, kind: Any, input_: str, output: str, *, ok: bool, seconds: float, sources: Sequence[str] = ()
    ) -> None:
        """Keep one step as evidence, and report it."""
        self.keep(_step(kind, input_, output, ok=ok, seconds=seconds, sources=sources))

    def stood(self, end: Conclusion) -> Conclusion:
        """Return the end with the answer that was being checked when the run broke off; without one, as it is."""
        if self.standing is None:
            return end
        self.record("check", "", f"The check broke off: {end.reason}", ok=False, seconds=0.0)
        return self.standing

    def unmarked(self, text: str, limit: int) -> str:
        """Return what another role wrote, for the solver to read.

        That role has read what strangers wrote, and knows the marker: it could pass on a fence of its own.
        """
        return cut(disarm(text, self.question["marker"]), limit)

    def report(self, kind: str, **entries: Any) -> None:
        """Emit an event that says whose it is."""
        self.emit(event(kind, round=self.round, agent=self.equipped.agent.name, sample=self.sample, **entries))

    def note(self, end: Conclusion, *, saw: Sequence[str], seconds: float) -> Note:
        """Return the note that this run leaves."""
        name = self.equipped.agent.name
        whole = [_step("message", "", end.whole, ok=True, seconds=0.0)] if end.whole else []
        return Note(
            id=note_id(self.round, name, self.sample),
            agent=name,
            round=self.round,
            sample=self.sample,
            status=end.status,
            cause=end.cause,
            reason=cut(clean(end.reason), LONGEST_REASON),
            answer=end.answer,
            text=cut(end.text, LONGEST_TEXT),
            evidence=[_shown(step) for step in (*self.evidence, *whole)],
            saw=list(saw),
            model=self.equipped.model.name,
            usage=self.meter.ledger.spent,
            seconds=round(seconds, 3),
            finished=time.time(),
        )

    def leave(self) -> None:
        """Let the session end by itself, if one was opened: a kernel takes its time."""
        if self._session is not None:
            leave(self.aclose())

    async def aclose(self) -> None:
        """End the session, if one was opened."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None


def _step(kind: Any, input_: str, output: str, *, ok: bool, seconds: float, sources: Sequence[str] = ()) -> Evidence:
    return Evidence(
        kind=kind,
        input=input_,
        output=cut(output, LONGEST_OUTPUT),
        ok=ok,
        sources=[cut(clean(source), LONGEST_REASON) for source in sources],
        seconds=round(seconds, 3),
    )


def _shown(step: Evidence) -> Evidence:
    """Return a step as it stands in a note: what it was given is shown, and of bearable length."""
    return {**step, "input": cut(clean(step["input"]), LONGEST_OUTPUT), "output": clean(step["output"])}
