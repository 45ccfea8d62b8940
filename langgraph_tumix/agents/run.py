"""One run of one agent: its account, its session, what it did, and the note that it leaves."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.errors import GraphBubbleUp

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.prompt import Question
from langgraph_tumix.core.notes import Evidence, Note, Status, note_id
from langgraph_tumix.core.text import clean
from langgraph_tumix.errors import SearchError
from langgraph_tumix.events import Emit, event
from langgraph_tumix.interpreter.base import Session
from langgraph_tumix.models.meter import Meter

PROGRAM_SECONDS = 60.0
"""Wall time of one program at most (arXiv 2510.01279, section 4.1)."""


@dataclass(frozen=True)
class Conclusion:
    """How a run ended: the note's status, cause, reason, answer and text."""

    status: Status
    cause: str = ""
    reason: str = ""
    answer: str | None = None
    text: str = ""


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
        evidence: What was done so far.
    """

    equipped: Equipped
    question: Question
    round: int
    sample: int
    meter: Meter
    temperature: float | None
    emit: Emit
    evidence: list[Evidence] = field(default_factory=list)
    _session: Session | None = None

    async def ask(
        self, messages: Sequence[BaseMessage], *, tools: Sequence[Any] = (), tool_choice: str | None = None
    ) -> AIMessage:
        """Call the agent's model."""
        return await self.meter.ask(
            self.equipped.model, messages, temperature=self.temperature, tools=tools, tool_choice=tool_choice
        )

    async def program(self, code: str) -> str:
        """Run a program in this run's session, which is opened at the first one, and return its output."""
        interpreter = self.equipped.interpreter
        assert interpreter is not None, "an agent without an interpreter is never offered programs"  # noqa: S101
        async with self.meter.tool():
            if self._session is None:
                self._session = await interpreter.open()
            result = await self._session.run(code, seconds=PROGRAM_SECONDS)
        self.record("code", code, result.output, ok=result.status == "ok", seconds=result.seconds)
        return result.output

    async def search(self, query: str) -> str:
        """Search, and return what was found; a search that fails says so instead."""
        from langgraph_tumix.search import render

        search, started = self.equipped.search, time.monotonic()
        assert search is not None, "an agent without a search is never offered one"  # noqa: S101
        try:
            async with self.meter.tool(search.usd_per_query):
                found = await search.search(query, self.ask)
        except SearchError as error:
            output, sources = f"The search failed: {error}", []
        else:
            output, sources = render(found), [hit.url for hit in found.hits]
        self.record("search", query, output, ok=bool(sources), sources=sources, seconds=time.monotonic() - started)
        return output

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one of the agent's own LangChain tools and return its result as text.

        What the tool raises is told to the model, which may mend its call.
        """
        tool = next((tool for tool in self.equipped.agent.tools if tool.name == name), None)
        started, ok = time.monotonic(), False
        async with self.meter.tool():
            if tool is None:
                output = f"There is no tool {name!r}."
            else:
                try:
                    output, ok = clean(str(await tool.ainvoke(dict(arguments)))), True
                except GraphBubbleUp:
                    raise  # the tool interrupts the graph, for a person to decide
                except Exception as error:  # noqa: BLE001 - a user's tool may raise anything
                    output = f"The tool failed: {type(error).__name__}: {error}"
        self.record("tool", f"{name}({dict(arguments)})", output, ok=ok, seconds=time.monotonic() - started)
        return output

    def record(
        self, kind: Any, input_: str, output: str, *, ok: bool, seconds: float, sources: Sequence[str] = ()
    ) -> None:
        """Keep one step as evidence, and report it."""
        step = Evidence(kind=kind, input=input_, output=output, ok=ok, sources=list(sources), seconds=round(seconds, 3))
        self.evidence.append(step)
        self.report("step", tool=kind, input=input_, ok=ok, seconds=step["seconds"])

    def report(self, kind: str, **entries: Any) -> None:
        """Emit an event that says whose it is."""
        self.emit(event(kind, round=self.round, agent=self.equipped.agent.name, sample=self.sample, **entries))

    def note(self, end: Conclusion, *, saw: Sequence[str], seconds: float) -> Note:
        """Return the note that this run leaves."""
        name = self.equipped.agent.name
        return Note(
            id=note_id(self.round, name, self.sample),
            agent=name,
            round=self.round,
            sample=self.sample,
            status=end.status,
            cause=end.cause,
            reason=end.reason,
            answer=end.answer,
            text=end.text,
            evidence=self.evidence,
            saw=list(saw),
            model=self.equipped.model.name,
            usage=self.meter.ledger.spent,
            seconds=round(seconds, 3),
            finished=time.time(),
        )

    async def aclose(self) -> None:
        """End the session, if one was opened."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None
