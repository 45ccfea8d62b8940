"""Agents as JSON, and roster files: a list of agents spelt out, so that what was vetted is what runs."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.errors import ConfigError

FORMAT = "langgraph-tumix roster 1"
"""The first entry of a roster file; another number is another format."""

LARGEST_FILE = 10_000_000
"""Bytes; a roster file is some hundred lines."""

_FIELDS = ("name", "instruction", "steps", "code", "search", "guide", "max_tool_uses")
_MORE = {"check": "none", "checks": 1, "digest": False}  # written where they say something
_KNOWN = (*_FIELDS, *_MORE, "model")


def as_data(agent: Agent) -> dict[str, Any]:
    """Return an agent as JSON-safe data.

    Raises:
        ConfigError: It has tools or a model object, which no file can hold.

    >>> as_data(Agent(name="Sceptic", instruction="Look for the flaw first."))["max_tool_uses"]
    5
    """
    if agent.tools or not isinstance(agent.model, str | None):
        raise ConfigError(f"agent {agent.name!r} has tools or a model object of its own, which cannot be written down")
    return _described(agent) | ({"model": agent.model} if agent.model else {})


def _described(agent: Agent) -> dict[str, Any]:
    more = {field: getattr(agent, field) for field, usual in _MORE.items() if getattr(agent, field) != usual}
    return {field: getattr(agent, field) for field in _FIELDS} | {"steps": list(agent.steps)} | more


def from_data(data: object) -> Agent:
    """Return the agent that `as_data` wrote down.

    Raises:
        ConfigError: It does not describe an agent.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"an agent is an object with {', '.join(_KNOWN)}, not a {type(data).__name__}")
    unknown = sorted(set(map(str, data)) - {*_KNOWN})
    if unknown:
        raise ConfigError(f"an agent has no field {unknown[0]!r}: known are {', '.join(_KNOWN)}")
    kinds: dict[str, type] = {"steps": list, "max_tool_uses": int, "checks": int, "digest": bool}
    for field, value in data.items():
        kind = kinds.get(field, str)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ConfigError(f"{field} of an agent is a {type(value).__name__}")
    if not {"name", "instruction"} <= set(data):
        raise ConfigError("an agent needs a name and an instruction")
    return Agent(**data)


def fingerprint(agent: Agent) -> str:
    """Return what tells two specifications apart, names included."""
    data = _described(agent)
    data |= {"tools": [tool.name for tool in agent.tools], "model": str(agent.model)}
    return sha256(json.dumps(data, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:16]


def write_roster(path: Path, agents: Sequence[Agent], evidence: Mapping[str, Any]) -> None:
    """Write a roster file, with the evidence for it; readers of the roster pass over that.

    The file is replaced as a whole: whoever reads it meanwhile sees the old one or the new one.
    """
    content = {"format": FORMAT, "agents": [as_data(agent) for agent in agents], "evidence": evidence}
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    beside.replace(path)


def read_roster(path: Path) -> list[Agent]:
    """Return the agents of a roster file.

    Raises:
        ConfigError: There is no such file, or it is no roster.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigError(f"{path} is too large for a roster file")
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"the roster file {path} cannot be read: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("agents"), list):
        raise ConfigError(f"{path} is no roster file: its 'format' should be {FORMAT!r}; `tumix design` writes one")
    try:
        return [from_data(agent) for agent in content["agents"]]
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
