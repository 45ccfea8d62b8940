"""Allocators that divide the labour: work handed on from stage to stage, and experts recruited for each question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from langgraph_tumix.core.allocate import Allocator, Turn, ids
from langgraph_tumix.core.notes import of_round
from langgraph_tumix.core.stop import at_least
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class Stage:
    """One stage: its agents work side by side.

    Attributes:
        agents: Who works.
        reads: What each of them reads of the stage before: ``all`` notes, ``one``, that of the agent in the same place,
            or ``nothing``.
    """

    agents: tuple[str, ...]
    reads: Literal["all", "one", "nothing"] = "all"


@dataclass(frozen=True)
class Stages(Allocator):
    """Each stage works on what the one before left: solve, criticise, rewrite, as in X-Masters (arXiv 2507.05241).

    Where the agent in the same place was lost, its reader works on the question alone.
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if not self.stages or not all(stage.agents for stage in self.stages):
            raise ConfigError("Stages(stages): give at least one stage, and at least one agent in each")

    def plan(self, view: View) -> Sequence[Turn]:
        """Plan the next stage."""
        if view.round >= len(self.stages):
            return ()
        stage, before = self.stages[view.round], of_round(view.notes, view.round)
        match stage.reads if view.round else "nothing":
            case "all":
                return [Turn(agent, 0, ids(before)) for agent in stage.agents]
            case "nothing":
                return [Turn(agent) for agent in stage.agents]
        made, makers = {note["agent"]: note["id"] for note in before}, self.stages[view.round - 1].agents
        one = (made.get(makers[place % len(makers)]) for place in range(len(stage.agents)))
        return [Turn(agent, 0, (id_,) if id_ else ()) for agent, id_ in zip(stage.agents, one, strict=True)]


@dataclass(frozen=True)
class Recruit(Allocator):
    """Symbolic-MoE (arXiv 2503.05641): which skills does the question need, and who is best at them?

    First the recruiter alone, an agent that names skills and abstains from answering; then the `count` agents with the
    greatest sum of merits over the skills that stand in its note, each on its own. Where it named none, all skills
    count. The source measures merits on questions of a validation set.

    Attributes:
        merits: By skill, how good each agent is at it; an agent that is not named has none.
        count: How many are recruited.
        recruiter: The name of the agent that names skills.
    """

    merits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    count: int = 3
    recruiter: str = "Recruiter"

    def __post_init__(self) -> None:
        at_least("Recruit(count)", self.count, 1)
        if not any(self.merits.values()):
            raise ConfigError("Recruit(merits) names no agent: say for each skill how good the agents are at it")

    def plan(self, view: View) -> Sequence[Turn]:
        """Ask the recruiter, then the experts."""
        if view.round:
            return [Turn(agent) for agent in self._experts(view)] if view.round == 1 else ()
        return [Turn(self.recruiter)]

    def _experts(self, view: View) -> list[str]:
        named = self._named(" ".join(note["text"] for note in of_round(view.notes, 1)))
        merit = {agent: 0.0 for agent in view.roster if agent != self.recruiter}
        for skill in named or self.merits:
            for agent, value in self.merits[skill].items():
                if agent in merit:
                    merit[agent] += value
        return sorted(merit, key=lambda agent: -merit[agent])[: self.count]

    def _named(self, text: str) -> list[str]:
        return [skill for skill in self.merits if re.search(rf"\b{re.escape(skill)}\b", text, re.IGNORECASE)]
