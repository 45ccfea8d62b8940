"""What a model may propose: a specification, as data; and how proposals are read from whatever it wrote."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from langgraph_tumix.agents.spec import Agent, Check, Code, SearchKind

MOST_STEPS = 4
MOST_TOOL_USES = 8
MOST_CHECKS = 3

LONGEST_REPLY = 400_000
"""Characters of a reply that are read at all."""

_MOST_ATTEMPTS = 200  # at places where an object may begin: a reply of nothing but brackets ends as well


class Proposal(BaseModel):
    """A new agent, as its proposer writes it down."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Letters, digits, spaces and _.+-, at most 40.")
    rationale: str = Field(default="", description="Why it will be right where the roster is wrong; a sentence or two.")
    instruction: str = Field(description="What the agent is told; the first of its steps if it has several.")
    steps: list[str] = Field(default=[], description=f"Further instructions, given in turn; at most {MOST_STEPS}.")
    code: Code = Field(default="none", description="none; once: one program whose last line is the answer; loop.")
    search: SearchKind = Field(default="none", description="none; gs: the web; llm: the model's own; com: both.")
    guide: str = Field(default="", description="The instruction of a second role that advises before each turn.")
    check: Check = Field(default="none", description="What follows an answer: none, recheck, wait, verify, pivot.")
    checks: int = Field(default=1, description=f"How often; 1 to {MOST_CHECKS}.")
    digest: bool = Field(default=False, description="Whether others read a digest instead of the final message.")
    max_tool_uses: int = Field(default=5, description=f"1 to {MOST_TOOL_USES}; few where a line of steps is enough.")

    def agent(self) -> Agent:
        """Return the agent that is specified.

        Raises:
            ConfigError: The parts do not fit together.
        """
        return Agent(**(self.model_dump(exclude={"rationale", "steps"}) | {"steps": tuple(self.steps)}))


class submit(BaseModel):
    """Hand in the new agents."""

    agents: list[Proposal]


def read_proposals(text: str) -> list[Any]:
    r"""Return the specifications in a reply, whatever stands around them; each may still be anything.

    A reply that breaks off gives those that are complete.

    >>> read_proposals('Here they are:\n{"agents": [{"name": "A"}, {"name": "B"}, {"na')
    [{'name': 'A'}, {'name': 'B'}]
    """
    found: list[Any] = []
    for value in _values(text[:LONGEST_REPLY]):
        found += value["agents"] if isinstance(value, dict) and isinstance(value.get("agents"), list) else [value]
    return found


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON objects that stand in a text, outermost first."""
    decoder, place = json.JSONDecoder(), 0
    for _ in range(_MOST_ATTEMPTS):
        start = re.compile(r"\{").search(text, place)
        if start is None:
            return
        try:
            value, place = decoder.raw_decode(text, start.start())
            yield value
        except (ValueError, RecursionError):
            place = start.end()
