"""Agents by name, and rosters: who takes part."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from langgraph_tumix.agents.rosterfile import read_roster
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.errors import ConfigError


@cache
def _agents() -> dict[str, Agent]:
    """Return all agents by name. Their prompts are files, read when somebody first asks."""
    from langgraph_tumix.agents.evolve import DESIGNED
    from langgraph_tumix.agents.tumix import FIFTEEN

    return {agent.name: agent for agent in (*FIFTEEN, *DESIGNED)}


@cache
def _rosters() -> dict[str, tuple[str, ...]]:
    from langgraph_tumix.agents.evolve import EVOLVE
    from langgraph_tumix.agents.tumix import FIFTEEN

    return {
        "tumix": tuple(agent.name for agent in FIFTEEN),
        "tumix-evolve": EVOLVE,
        "tumix-single": ("CS_gs",) * 15,
        "tumix-three": ("CS_gs", "C+", "CSG_gs") * 5,
    }


def register(agent: Agent) -> Agent:
    """Make an agent known by its name, to `create_tumix` and to the command line.

    Raises:
        ConfigError: Another agent has this name.

    >>> _ = register(Agent(name="Sceptic", instruction="Look for the flaw first."))
    >>> [agent.name for agent in roster(["Sceptic", "CoT"])]
    ['Sceptic', 'CoT']
    """
    known = _agents().get(agent.name)
    if known is not None and known != agent:
        raise ConfigError(f"an agent named {agent.name!r} is registered already: choose another name")
    _agents()[agent.name] = agent
    return agent


def roster(agents: str | Sequence[str | Agent]) -> list[Agent]:
    """Return the agents that a user asked for.

    Args:
        agents: The name of a roster, names separated by commas, the path of a roster file that ends in ``.json``, or a
            list of agents, by name or as they are. An agent may be named several times.

    Raises:
        ConfigError: A name is unknown, there is no agent at all, two different agents share a name, or a file is no
            roster.
    """
    if isinstance(agents, str) and agents.endswith(".json"):
        agents = read_roster(Path(agents))
    elif isinstance(agents, str):
        agents = _rosters().get(agents) or _listed(agents)
    if isinstance(agents, Agent) or not isinstance(agents, Iterable | None):
        raise ConfigError(f"agents is a {type(agents).__name__}: give a roster's name, or a list of agents")
    if not agents:
        raise ConfigError("agents is empty: a roster needs at least one agent")
    return _numbered([agent if isinstance(agent, Agent) else _by_name(agent) for agent in agents])


def _listed(names: str) -> list[str]:
    listed = [name.strip() for name in names.split(",") if name.strip()]
    if len(listed) == 1 and listed[0] not in _agents():
        rosters, agents = ", ".join(_rosters()), ", ".join(_agents())
        raise ConfigError(f"no roster or agent is named {names!r}: rosters are {rosters}; agents are {agents}")
    return listed


def _by_name(name: object) -> Agent:
    if not isinstance(name, str) or name not in _agents():
        raise ConfigError(f"no agent is named {name!r}: known are {', '.join(_agents())}; register() adds others")
    return _agents()[name]


def _numbered(agents: Sequence[Agent]) -> list[Agent]:
    """Give the second and later copies of an agent a name of their own: ``C``, ``C.2``, ``C.3``."""
    seen: dict[str, list[Agent]] = {}
    for agent in agents:
        copies = seen.setdefault(agent.name, [])
        if copies and copies[0] != agent:
            raise ConfigError(f"two different agents are named {agent.name!r}: rename one")
        copies.append(agent)
    counts = dict.fromkeys(seen, 0)
    numbered = []
    for agent in agents:
        counts[agent.name] += 1
        count = counts[agent.name]
        numbered.append(agent if count == 1 else replace(agent, name=f"{agent.name}.{count}"))
    return numbered
