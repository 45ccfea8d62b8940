"""Trying agents on questions: the real subgraph, the real tools, every run paid once and kept."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from langgraph.errors import GraphBubbleUp

from langgraph_tumix.agents.conclude import conclude, failure
from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.loop import AgentGraph, agent_graph
from langgraph_tumix.agents.prompt import Question, shared_part
from langgraph_tumix.agents.rosterfile import fingerprint
from langgraph_tumix.agents.run import Conclusion, Run
from langgraph_tumix.agents.walk import go_through
from langgraph_tumix.agents.work import opening
from langgraph_tumix.clock import now
from langgraph_tumix.core.notes import LOST, Note
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.models.meter import Meter

QUESTIONS_AT_ONCE = 4
"""Questions in work at one time. They are begun in order, so that money that runs out leaves whole questions behind."""


@dataclass(frozen=True)
class Probe:
    """A question to try agents on.

    Attributes:
        question: The question.
        gold: The right answer, None if nobody knows it. It is compared with answers here, and shown to no model.
    """

    question: str
    gold: str | None = field(default=None, repr=False)


Notes = Mapping[tuple[str, str], Note]
"""Notes by the name of the agent and the text of the question."""


@dataclass
class Bench:
    """Where agents are tried.

    Attributes:
        meter: Charges the runs, and says when all of them must be done.
        trials: Keeps each run that came to an end, so that it is never paid twice.
        agent_seconds: Wall time of one run at most.
        tick: Called after each run with how many are done, and how many there are.
        spent_out: Why no further run is begun; empty as long as there is money and time.
    """

    meter: Meter
    trials: Trials
    agent_seconds: float
    tick: Callable[[int, int], None] = lambda done, total: None
    spent_out: str = ""

    async def run(self, agents: Sequence[Equipped], questions: Sequence[str]) -> Notes:
        """Let each agent answer each question on its own, and return the notes.

        What budget or time cut off is missing: the others are whole.
        """
        slots, graphs = asyncio.Semaphore(QUESTIONS_AT_ONCE), [agent_graph(one.agent) for one in agents]
        done, total = 0, len(agents) * len(questions)
        notes: dict[tuple[str, str], Note] = {}

        async def one(equipped: Equipped, graph: AgentGraph, question: str) -> None:
            nonlocal done
            note = await self._note(equipped, graph, question)
            done += 1
            self.tick(done, total)
            if note is not None:
                notes[equipped.agent.name, question] = note

        async def all_on(question: str) -> None:
            async with slots, asyncio.TaskGroup() as group:
                for equipped, graph in zip(agents, graphs, strict=True):
                    group.create_task(one(equipped, graph, question))

        async with asyncio.TaskGroup() as questions_in_order:
            for question in questions:
                questions_in_order.create_task(all_on(question))
        return notes

    async def _note(self, equipped: Equipped, graph: AgentGraph, question: str) -> Note | None:
        key = f"{fingerprint(equipped.agent)}/{equipped.model.name}/{sha256(question.encode()).hexdigest()[:16]}"
        kept = self.trials.notes.get(key)
        if kept is not None or self.spent_out:
            return kept
        meter = self.meter.account(f"trial of {equipped.agent.name}")
        try:
            note = await self._tried(equipped, graph, question, meter)
        except asyncio.CancelledError:
            self.trials.charge(meter.ledger.spent)
            raise
        if note["cause"] in ("budget", "deadline"):
            self.spent_out = note["reason"]
            self.trials.charge(note["usage"])
            return None
        if note["status"] in LOST and note["status"] != "no_answer":
            self.trials.charge(note["usage"])  # a failure of the moment: it may work another time
        else:
            self.trials.keep(key, note)
        return note

    async def _tried(self, equipped: Equipped, graph: AgentGraph, question: str, meter: Meter) -> Note:
        asked = Question(
            id=secrets.token_hex(8),
            text=question,
            conversation="",
            images=[],
            marker=secrets.token_hex(6),
            asked=now(),
        )
        drawn = replace(equipped, model=equipped.model.drawn_by(equipped.agent.name))
        run = Run(drawn, asked, round=1, sample=0, meter=meter, temperature=None, emit=_unheard)
        begun, rest = time.monotonic(), self.agent_seconds
        if self.meter.due is not None:
            rest = min(rest, self.meter.due - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(max(0.0, rest)):
                start = opening(equipped.agent, shared_part(asked, [], limit=0, seed=0), [])
                ended = await go_through(graph, start, run, {})
                end = conclude(run, ended["messages"])
        except GraphBubbleUp:
            raise  # LangGraph's own business
        except TimeoutError:
            late = rest < self.agent_seconds
            why = "the time for the design is up" if late else f"not done within {self.agent_seconds:g} s"
            end = Conclusion("timed_out", "deadline" if late else "timeout", why)
        except Exception as error:  # noqa: BLE001 - one run that fails is a finding, not the end of the others
            end = failure(error)
        finally:
            await run.aclose()
        return run.note(end, saw=[], seconds=time.monotonic() - begun)


def _unheard(event: dict[str, Any]) -> None:
    """Take the events of a trial: what a stream shows is the question's own rounds."""
