"""The agents and stages of the baselines, for `presets`; `docs/presets.md` says what each takes from its paper."""

from collections.abc import Mapping

from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.allocating.stages import Recruit, Stage, Stages

SETS = Agent(name="SETS", instruction=template("cot"), steps=(template("sets_verify"), template("sets_correct")))
"""One chain: an answer, its verification, its correction."""

DIVERSE = ("CoT", "C", "C+", "CS_gs", "CSG_gs")
"""DEI's candidates: agents that work differently."""

LAYER = ("Base", "CoT", "CoT_code", "C", "CS_gs", "CSG_gs")
"""MoA's proposers: as many as in its paper, agents in place of models."""

MERITS: Mapping[str, Mapping[str, float]] = {
    "calculation": {"C": 1.0, "CoT_code": 0.9, "C+": 0.8, "CSG_gs": 0.6},
    "enumeration": {"C+": 1.0, "C": 0.9, "CoT_code": 0.8, "CSG_gs": 0.5},
    "proof": {"CoT": 1.0, "C+": 0.7, "Base": 0.6, "C": 0.5},
    "logic": {"CoT": 1.0, "C": 0.8, "C+": 0.8, "Base": 0.6},
    "facts": {"CS_gs": 1.0, "CSG_gs": 1.0, "Base": 0.4, "CoT": 0.4},
    "science": {"CSG_gs": 1.0, "CoT": 0.9, "CS_gs": 0.9, "C": 0.5},
}
"""Who is good at what, before anything was measured: a guess from what each agent may use."""

EXPERTS = tuple(dict.fromkeys(agent for agents in MERITS.values() for agent in agents))

RECRUITER = Agent(name="Recruiter", instruction=template("recruiter").format(skills=", ".join(MERITS)))
RECRUITING = Recruit(MERITS, count=3, recruiter=RECRUITER.name)

TEAM = 5
"""Solvers, critics and rewriters each, as in X-Masters."""

SCIMASTER = tuple(
    Agent(name=name, instruction=template(file), code="loop")
    for name, file in (("Solver", "c"), ("Critic", "critic"), ("Rewriter", "rewriter"))
)


def _copies(name: str) -> tuple[str, ...]:
    """Return the names that so many copies of an agent get in a roster."""
    return tuple(name if number == 1 else f"{name}.{number}" for number in range(1, TEAM + 1))


SCIMASTER_STAGES = Stages(
    (Stage(_copies("Solver"), "nothing"), Stage(_copies("Critic"), "one"), Stage(_copies("Rewriter"), "all"))
)
