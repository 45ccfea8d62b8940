"""Vetting, cheap first: read the specification, try it on a few questions, then measure its worth."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.rosterfile import as_data
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.notes import Note
from langgraph_tumix.design.bench import Bench, Probe
from langgraph_tumix.design.screen import Rejection, Screened, screen
from langgraph_tumix.design.sheet import Sheet, not_run
from langgraph_tumix.design.worth import Worth, refused, worth
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.model import Model
from langgraph_tumix.toolbox import Toolbox

LEAST_CONTESTED = 3
"""Questions on which the roster disagrees, below which equal answers do not make two agents the same."""

Tell = Callable[["Candidate"], None]


@dataclass
class Candidate:
    """A proposed agent on its way.

    Attributes:
        name: As it was proposed, made safe to show.
        rationale: Why its proposer thinks that it helps.
        agent: The specification; None if it could not be read.
        rejection: Why it is not admitted; None as long as nothing speaks against it.
        worth: What it was measured to be worth.
    """

    name: str
    rationale: str = ""
    agent: Agent | None = None
    rejection: Rejection | None = None
    worth: Worth | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-safe data."""
        return {
            "name": self.name,
            "rationale": self.rationale,
            "agent": as_data(self.agent) if self.agent else None,
            "status": "rejected" if self.rejection else "admitted",
            "kind": self.rejection.kind if self.rejection else "",
            "reason": self.rejection.reason if self.rejection else str(self.worth or ""),
            "worth": self.worth.as_data() if self.worth else None,
        }


@dataclass
class Vetting:
    """Candidates and the roster that they are vetted against.

    Attributes:
        roster: The agents that candidates are measured against.
        model: The model that candidates run on.
        toolbox: What is at hand for them.
        bench: Where they are tried.
        tell: Called with each candidate that is turned down.
        others: Further agents that a candidate may not repeat.
        candidates: All candidates, in the order of their proposal.
        notes: What roster and candidates answered to the questions tried.
        measured: The questions on which worth is measured.
    """

    roster: Sequence[Equipped]
    model: Model
    toolbox: Toolbox
    bench: Bench
    tell: Tell = lambda candidate: None
    others: Sequence[Agent] = ()
    candidates: list[Candidate] = field(default_factory=list)
    notes: dict[tuple[str, str], Note] = field(default_factory=dict)
    measured: Sequence[Probe] = ()

    @property
    def names(self) -> list[str]:
        """The names of the roster."""
        return [equipped.agent.name for equipped in self.roster]

    @property
    def alive(self) -> list[Candidate]:
        """The candidates against which nothing speaks so far."""
        return [candidate for candidate in self.candidates if candidate.rejection is None]

    def read(self, proposals: Sequence[Any], *, most: int) -> None:
        """Take in what a model proposed, and turn down what can be told from reading it."""
        known = [*self.others, *(equipped.agent for equipped in self.roster)]
        known += [candidate.agent for candidate in self.candidates if candidate.agent]
        for screened in screen(proposals, known, most=most, missing=self.missing):
            self._take(screened)

    def missing(self, agent: Agent) -> str | None:
        """Return why an agent's tools cannot be had, None if they can."""
        try:
            self.toolbox.equip(agent, self.model)
        except ConfigError as error:
            return str(error)
        return None

    async def dry_run(self, probes: Sequence[Probe]) -> None:
        """Try the candidates on a few questions: do they answer, in protocol, within limits, in a way of their own?"""
        await self._try(probes)
        for candidate in self.alive:
            self._turn_down(candidate, self._failed(candidate, probes) or self._same(candidate, probes))

    async def measure(self, probes: Sequence[Probe]) -> Sheet:
        """Try the candidates that are left on all questions, and return what they and the roster answered."""
        await self._try(probes)
        self.measured = probes
        for candidate in self.alive:
            self._turn_down(candidate, self._failed(candidate, probes))
        return await asyncio.to_thread(self._sheet, probes)

    @property
    def gaps(self) -> str:
        """Say which questions could not be measured as an agent failed on them; empty if none."""
        agents = [*self.names, *(candidate.name for candidate in self.alive)]
        of_all = [self.notes.get((agent, probe.question)) for agent in agents for probe in self.measured]
        failed = [note for note in of_all if note is not None and not_run(note["status"])]
        if not failed:
            return ""
        names = ", ".join(dict.fromkeys(note["agent"] for note in failed))
        reason = " ".join(failed[0]["reason"].split())
        return f"questions on which {names} failed are left out ({reason})"

    async def admit(self, *, most: int, confidence: float) -> None:
        """Admit candidates by what was measured, the most promising first, each beside those before it."""
        for candidate, reason in await asyncio.to_thread(self._judged, most, confidence):
            self._turn_down(candidate, reason)

    def _judged(self, most: int, confidence: float) -> list[tuple[Candidate, Rejection | None]]:
        """Say of each candidate what becomes of it; the intervals take their time."""
        roster, judged = list(self.names), list[tuple[Candidate, Rejection | None]]()
        for candidate in sorted(self.alive, key=self._promise, reverse=True):
            # A sheet of its own: a question on which another candidate could not be run counts here.
            sheet = Sheet.of(self.notes, [*roster, candidate.name], self.measured)
            candidate.worth = worth(sheet, candidate.name, self.names, roster, confidence=confidence)
            lowest = min((sheet.agreeing(name, self.names) for name in self.names), default=0.0)
            reason = refused(candidate.worth, lowest)
            if reason is None and len(roster) - len(self.names) >= most:
                others = "another is" if most == 1 else f"{most} others are"
                reason = Rejection("surplus", f"{others} admitted, and promised more")
            judged.append((candidate, reason))
            roster += [candidate.name] if reason is None else []
        return judged

    def _promise(self, candidate: Candidate) -> float:
        return Sheet.of(self.notes, [*self.names, candidate.name], self.measured).promise(candidate.name, self.names)

    def _sheet(self, probes: Sequence[Probe]) -> Sheet:
        return Sheet.of(self.notes, [*self.names, *(candidate.name for candidate in self.alive)], probes)

    def _take(self, screened: Screened) -> None:
        candidate = Candidate(screened.name, screened.rationale, screened.agent)
        self.candidates.append(candidate)
        self._turn_down(candidate, screened.rejection)

    def _turn_down(self, candidate: Candidate, rejection: Rejection | None) -> None:
        if rejection is not None:
            candidate.rejection = rejection
            self.tell(candidate)

    async def _try(self, probes: Sequence[Probe]) -> None:
        candidates = [self.toolbox.equip(candidate.agent, self.model) for candidate in self.alive if candidate.agent]
        agents = [*self.roster, *candidates] if candidates else []
        self.notes |= await self.bench.run(agents, [probe.question for probe in probes])

    def _failed(self, candidate: Candidate, probes: Sequence[Probe]) -> Rejection | None:
        of_all = [self.notes.get((candidate.name, probe.question)) for probe in probes]
        notes = [note for note in of_all if note is not None]
        if not notes:
            return Rejection("budget", f"not tried: {self.bench.spent_out or 'there is no question to try it on'}")
        broken = [note for note in notes if note["status"] in ("failed", "timed_out", "cancelled")]
        if 3 * len(broken) > len(notes):
            return Rejection("failed", f"its run failed on {len(broken)} of {len(notes)}: {broken[0]['reason']}")
        silent = [note for note in notes if note["status"] == "no_answer"]
        if 2 * len(silent) > len(notes):
            return Rejection("no_answer", f"no valid answer to {len(silent)} of {len(notes)}: {silent[0]['reason']}")
        if not any(note["status"] == "ok" for note in notes):
            return Rejection("no_answer", f"it says of all {len(notes)} that it cannot tell")
        return None

    def _same(self, candidate: Candidate, probes: Sequence[Probe]) -> Rejection | None:
        sheet = Sheet.of(self.notes, [*self.names, candidate.name], probes)
        for member in self.names:
            same, contested = sheet.alike(candidate.name, member, self.names)
            if same == contested >= LEAST_CONTESTED:
                return Rejection(
                    "behaviour", f"it answers as {member!r} does on all {contested} questions that divide the roster"
                )
        return None
