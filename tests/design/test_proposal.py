"""Reading what a proposer wrote: whatever it is, in bounded time, and nothing is lost that is complete."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.agents.evolve import DESIGNED
from langgraph_tumix.agents.rosterfile import as_data
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.design.proposal import LONGEST_REPLY, Proposal, read_proposals

ONE, TWO = {"name": "One"}, {"name": "Two", "steps": ["{", "}"]}
BOTH = json.dumps({"agents": [ONE, TWO]})

READ: dict[str, tuple[str, list[Any]]] = {
    "an object": (BOTH, [ONE, TWO]),
    "a list": (json.dumps([ONE, TWO]), [ONE, TWO]),
    "in prose": (f"Here they are, {{so to speak}}:\n{BOTH}\nGood luck.", [ONE, TWO]),
    "in a fence": (f"```json\n{json.dumps([ONE, TWO], indent=2)}\n```", [ONE, TWO]),
    "line by line": (f"{json.dumps(ONE)}\n{json.dumps(TWO)}", [ONE, TWO]),
    "broken off": (BOTH[:-20], [ONE]),
    "broken off within a name": ('{"agents": [{"name": "On', []),
    "nothing": ("", []),
    "no JSON": ("I would rather not.", []),
    "an empty list": ('{"agents": []}', []),
    "agents that are no list": ('{"agents": 7}', [{"agents": 7}]),
    "something else in the list": ('{"agents": [7, null, "x"]}', [7, None, "x"]),
}


def test_what_is_complete_is_read() -> None:
    for text, found in READ.values():
        assert read_proposals(text) == found


@pytest.mark.parametrize(
    "text",
    ["{" * LONGEST_REPLY, '{"a":' * 80_000, '{"a":[' * 60_000, "[" * LONGEST_REPLY, '{"' * 200_000, "{}" * 200_000],
    ids=["braces", "nested", "mixed", "brackets", "quotes", "empty objects"],
)
def test_a_hostile_reply_is_read_in_bounded_time(text: str) -> None:
    begun = time.process_time()
    assert len(read_proposals(text)) <= 200
    assert time.process_time() - begun < 10, "some hundred times what it takes"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(read_proposals(text), list)


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())), max_size=5))
def test_what_was_written_as_json_is_found_again(proposals: list[Any]) -> None:
    assert read_proposals(json.dumps({"agents": proposals})) == proposals


CHECKED = [
    Agent(name="Waits", instruction="Think.", check="wait", checks=2, digest=True),
    Agent(name="Pivots", instruction="Think.", check="pivot", checks=3, code="loop"),
]


def test_every_built_in_agent_can_be_said_in_the_language() -> None:
    for agent in (*DESIGNED, *FIFTEEN, *CHECKED):
        assert Proposal.model_validate(as_data(agent), strict=True).agent() == agent
