"""A roster for a kind of question: vetted candidates and the agents in force, and the best group of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.design.designer import Designer
from langgraph_tumix.design.groups import Choice, choose
from langgraph_tumix.design.report import Report
from langgraph_tumix.design.screen import Rejection
from langgraph_tumix.design.sheet import Sheet
from langgraph_tumix.design.vet import Vetting
from langgraph_tumix.design.workshop import Workshop, reported, vetted
from langgraph_tumix.design.worth import worth


@dataclass(frozen=True)
class Designed:
    """The roster that a design came to.

    Attributes:
        agents: Its agents.
        report: What was proposed, and what was found.
        choice: How the group was chosen; None where no right answers were known to choose by.
        cut_short: Why not everything was tried; empty if it was.
    """

    agents: list[Agent]
    report: Report
    choice: Choice | None
    cut_short: str

    @property
    def evidence(self) -> dict[str, Any]:
        """What stands in the roster file beside the agents."""
        return {"report": self.report, "choice": asdict(self.choice) if self.choice else None}


async def design_roster(designer: Designer, workshop: Workshop, size: int) -> Designed:
    """Design a roster of at most `size` agents from those in force and from new ones.

    The labelled questions that the proposer has not seen are halved: the group is chosen on one half, and compared
    with the roster in force on the other.

    Raises:
        ConfigError: numpy is missing.
        ModelError: The proposer gave no reply.
        BudgetExceeded: Not even the proposal could be paid.
    """
    vetting, sheet, said = await vetted(designer, workshop)
    labelled = sheet.labelled
    if len(labelled.keys) < 2 or not vetting.alive:
        await vetting.admit(most=max(0, size - len(vetting.names)), confidence=designer.confidence)
        choice, names = None, [*vetting.names, *(candidate.name for candidate in vetting.alive)]
        why = "without right answers no group is chosen" if vetting.alive else "no candidate is left"
        said.append(f"{why}: the roster in force stays, with whoever was admitted")
    else:
        choice = _chosen(designer, vetting, labelled, size)
        names = list(choice.agents)
        said.append(f"the group was chosen on {len(labelled.keys) - choice.questions} questions, and {choice}")
    report = reported(designer, workshop, vetting, sheet, said)
    return Designed(_agents(vetting, names), report, choice, vetting.bench.spent_out)


def _chosen(designer: Designer, vetting: Vetting, labelled: Sheet, size: int) -> Choice:
    first, second = (labelled.rows(range(start, len(labelled.keys), 2)) for start in (0, 1))
    size, confidence = min(size, len(labelled.agents)), designer.confidence
    choice = choose(first, second, vetting.names, size, confidence=confidence, seed=designer.seed)
    for candidate in vetting.alive:
        candidate.worth = worth(labelled, candidate.name, vetting.names, vetting.names, confidence=confidence)
        if candidate.name not in choice.agents:
            why = "not in the best group" if candidate.name not in choice.best.agents else "the current roster is kept"
            candidate.rejection = Rejection("surplus", f"{why}: {candidate.worth}")
    return choice


def _agents(vetting: Vetting, names: Sequence[str]) -> list[Agent]:
    agents = [equipped.agent for equipped in vetting.roster]
    agents += [candidate.agent for candidate in vetting.candidates if candidate.agent]
    by_name = {agent.name: agent for agent in agents}
    return [by_name[name] for name in names]
