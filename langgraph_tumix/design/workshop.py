"""A design from beginning to end: ask a model, vet what it proposes, admit what helps."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.rosterfile import fingerprint
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.design.bench import Bench
from langgraph_tumix.design.designer import Designer
from langgraph_tumix.design.propose import Brief, propose
from langgraph_tumix.design.report import Report
from langgraph_tumix.design.sheet import Sheet
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.design.vet import Candidate, Vetting
from langgraph_tumix.design.worth import LEAST_LABELLED, detectable
from langgraph_tumix.errors import ModelError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model
from langgraph_tumix.toolbox import Toolbox


@dataclass(kw_only=True)
class Workshop:
    """What a design works with.

    Attributes:
        roster: The agents in force.
        proposer: The model that proposes.
        model: The model that candidates run on.
        toolbox: What is at hand for them.
        meter: Charges all calls, within the caps of whoever asked.
        trials: Keeps what was paid for.
        agent_seconds: Wall time of one trial at most.
        tell: Takes what happens: a word, and entries.
        tick: Called as trials end, with how many are done of how many.
    """

    roster: Sequence[Equipped]
    proposer: Model
    model: Model
    toolbox: Toolbox
    meter: Meter
    trials: Trials = field(default_factory=Trials)
    agent_seconds: float = 900.0
    tell: Callable[..., None] = lambda what, **entries: None
    tick: Callable[[int, int], None] = lambda done, total: None

    def vetting(self, designer: Designer) -> Vetting:
        """Return a vetting that is paid from the designer's budget within this workshop's."""
        seconds = designer.budget.seconds
        due = None if seconds is None else asyncio.get_running_loop().time() + seconds
        meter = self.meter.account("designer", designer.budget, due=due)
        bench = Bench(meter, self.trials, self.agent_seconds, self.tick)
        return Vetting(self.roster, self.model, self.toolbox, bench, self._turned_down)

    def _turned_down(self, candidate: Candidate) -> None:
        rejection = candidate.rejection
        assert rejection is not None, "only candidates that are turned down are told of"  # noqa: S101
        self.tell("rejected", name=candidate.name, why=rejection.kind, reason=rejection.reason)


async def design(designer: Designer, workshop: Workshop, asked: str = "") -> Report:
    """Propose, vet, and admit what helps the roster in force.

    Args:
        designer: What to design for.
        workshop: What to work with.
        asked: The question in work, to try candidates on if the designer has none.

    Raises:
        ModelError: The proposer gave no reply.
        BudgetExceeded: Not even the proposal could be paid.
    """
    vetting, sheet, said = await vetted(designer, workshop, asked)
    await vetting.admit(most=designer.keep, confidence=designer.confidence)
    for candidate in vetting.alive:
        workshop.tell("admitted", name=candidate.name, worth=str(candidate.worth))
    return reported(designer, workshop, vetting, sheet, said)


async def vetted(designer: Designer, workshop: Workshop, asked: str = "") -> tuple[Vetting, Sheet, list[str]]:
    """Propose and vet: return the vetting, what candidates and roster answered, and what limits the evidence.

    Raises:
        ModelError: The proposer gave no reply.
        BudgetExceeded: Not even the proposal could be paid.
    """
    shown, held = designer.split(asked)
    vetting = workshop.vetting(designer)
    proposals = await proposed(designer, workshop, vetting, shown)
    vetting.read(proposals, most=designer.proposals)
    await vetting.dry_run(held[: designer.probes])
    agents = [*(one.agent for one in workshop.roster), *(one.agent for one in vetting.alive if one.agent)]
    most = len(held) * sum(agent.most_model_calls for agent in agents)
    workshop.tell("trying", agents=len(agents), questions=len(held), most_model_calls=most)
    sheet = await vetting.measure(held)
    return vetting, sheet, warnings(designer, proposals, sheet, vetting)


async def proposed(designer: Designer, workshop: Workshop, vetting: Vetting, shown: Sequence[str]) -> list[Any]:
    """Return what a model proposes, or what it proposed when it was asked the same before.

    Raises:
        ModelError: The proposer gave no reply.
        BudgetExceeded: It could not be paid.
    """
    agents = [equipped.agent for equipped in workshop.roster]
    brief = Brief(
        roster=agents,
        task=designer.task,
        questions=shown,
        notes=designer.notes,
        tools=_tools(vetting),
        count=designer.proposals,
        marker=secrets.token_hex(6),
    )
    key = _brief_key(brief, workshop.proposer)
    kept = workshop.trials.proposals.get(key)
    if kept is None:
        meter = vetting.bench.meter.account("proposer")
        try:
            async with asyncio.timeout_at(meter.due):
                kept = await propose(brief, workshop.proposer, meter)
        except TimeoutError:
            workshop.trials.charge(meter.ledger.spent)
            raise ModelError("timeout", "the proposer took longer than the time for the design") from None
        except BaseException:
            workshop.trials.charge(meter.ledger.spent)
            raise
        workshop.trials.keep_proposals(key, kept, meter.ledger.spent)
    workshop.tell("proposed", count=len(kept))
    return kept


def _brief_key(brief: Brief, model: Model) -> str:
    told = [brief.task, *brief.questions, *brief.notes, brief.tools, brief.count, model.name]
    told += [fingerprint(agent) for agent in brief.roster]
    return hashlib.sha256(json.dumps(told).encode("utf-8", "replace")).hexdigest()[:16]


def _tools(vetting: Vetting) -> str:
    trials = {
        "code": Agent(name="code", instruction="-", code="loop"),
        **{f"search {kind}": Agent(name=kind, instruction="-", search=kind) for kind in ("gs", "llm", "com")},
    }
    return ", ".join(name for name, agent in trials.items() if vetting.missing(agent) is None) or "no tools"


def warnings(designer: Designer, proposals: Sequence[Any], sheet: Sheet, vetting: Vetting) -> list[str]:
    """Say what limits the evidence of a design."""
    labelled, tried = len(sheet.labelled.keys), len(sheet.keys)
    said = [] if proposals else ["the proposer's reply held no specification"]
    if vetting.bench.spent_out:
        said.append(f"not everything was tried: {vetting.bench.spent_out}")
    said += [vetting.gaps] if vetting.gaps else []
    if not tried:
        said.append("no question was tried with all agents")
    elif not labelled:
        said.append(
            "no right answers are known to questions that the proposer has not seen: agreement and diversity do not "
            "show whether a candidate helps"
        )
    else:
        least = detectable([0.0] * labelled, confidence=designer.confidence)
        if labelled < tried:
            said.append(f"the right answer is known to {labelled} of {tried} questions; only these count")
        if labelled < LEAST_LABELLED:
            said.append(f"{labelled} questions with a right answer are too few to decide; {LEAST_LABELLED} are needed")
        said.append(f"{labelled} questions show a gain of {least:.0%} or more, four times in five")
    return said


def reported(designer: Designer, workshop: Workshop, vetting: Vetting, sheet: Sheet, said: Sequence[str]) -> Report:
    """Return the report of a vetting that has ended."""
    return Report(
        key=designer.task_key([equipped.agent for equipped in workshop.roster]),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=workshop.proposer.name,
        simulated=workshop.proposer.simulated or workshop.model.simulated,
        questions={"tried": len(sheet.keys), "labelled": len(sheet.labelled.keys)},
        candidates=[candidate.as_data() for candidate in vetting.candidates],
        warnings=list(said),
        usage=vetting.bench.meter.ledger.spent,
    )
