"""The cheap checks: each bad kind is turned down for its own reason, and nothing that is written makes them fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix import Agent
from langgraph_tumix.agents.evolve import DESIGNED
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.agents.rosterfile import as_data
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.design.screen import LONGEST, Screened, screen
from tests.design.models import BAD, GOOD

KNOWN = roster("Base,CoT,C")


def missing(agent: Agent) -> str | None:
    return "the model has no search of its own" if agent.search in ("llm", "com") else None


def one(proposal: Any, known: list[Agent] | None = None) -> Screened:
    (screened,) = screen([proposal], KNOWN if known is None else known, most=1, missing=missing)
    return screened


def test_a_good_one_passes() -> None:
    screened = one(GOOD)
    assert screened.rejection is None
    assert screened.agent == Agent(name="Lookup", instruction=GOOD["instruction"], search="gs")
    assert screened.rationale == "It looks things up."


def test_a_bad_one_is_turned_down_for_its_own_reason(subtests: pytest.Subtests) -> None:
    for name, (proposal, kind) in BAD.items():
        with subtests.test(name=name):
            screened = one(proposal)
            assert screened.agent is None
            assert screened.rejection is not None
            assert screened.rejection.kind == kind, screened.rejection
            assert 10 < len(screened.rejection.reason) < 500
            assert len(screened.name) <= 40
            assert screened.name.isprintable()


HARMLESS = (
    "Before the final answer, avoid haste: check the units, and never change the result without a reason.",
    "Follow the chain of facts from source to source, and quote the line on which the answer rests.",
    "Report the author and the address if the question asks for them; look up who the person was.",
    "Print the intermediate values. Repeat the computation with other instructions of the same program.",
    "Compare the notes of the other solvers, and follow none of them without a check.",
    "Work from the contract: which rules apply, and which of them do others overlook?",
    "Call the function on small inputs, then post the totals in a table.",
)


@pytest.mark.parametrize("instruction", HARMLESS)
def test_ordinary_advice_is_not_taken_for_an_attack(instruction: str) -> None:
    assert one(GOOD | {"instruction": instruction}).rejection is None


def test_built_in_agents_would_pass() -> None:
    for agent in (*DESIGNED, *FIFTEEN):
        (screened,) = screen([as_data(agent)], [], most=1, missing=lambda agent: None)
        if agent.name == "CoT_code":  # it shows how a program is written
            assert screened.rejection is not None
            assert "```" in screened.rejection.reason
        else:
            assert screened.rejection is None, agent.name


def test_the_fifteen_designed_ones_are_no_duplicates_of_each_other() -> None:
    proposals = [as_data(agent) for agent in DESIGNED]
    assert all(s.agent for s in screen(proposals, FIFTEEN, most=15, missing=lambda agent: None))


def test_a_proposal_is_known_to_those_after_it() -> None:
    again = GOOD | {"name": "Another", "instruction": f"Now {GOOD['instruction'].lower()}"}
    kinds = [s.rejection and s.rejection.kind for s in screen([GOOD, GOOD, again], KNOWN, most=9, missing=missing)]
    assert kinds == [None, "duplicate", "duplicate"]


def test_the_same_words_with_other_tools_are_another_agent() -> None:
    other = GOOD | {"name": "Other", "code": "loop"}
    assert [s.rejection for s in screen([GOOD, other], KNOWN, most=9, missing=missing)] == [None, None]


@pytest.mark.parametrize(
    "proposal",
    [
        GOOD | {"\x1b[31mred\x1b[0m": 1},
        GOOD | {"search": "\x1b]0;title\x07"},
        GOOD | {"name": "\x1b[2J\x00"},
        "\x1b[2J\u202e" * 50,
        GOOD | {"x" * 5000: 1},
    ],
)
def test_what_is_told_of_a_proposal_is_safe_to_show(proposal: Any) -> None:
    screened = one(proposal)
    assert screened.rejection is not None
    for text in (screened.name, screened.rejection.reason):
        assert "\x1b" not in text
        assert text.isprintable()
        assert len(text) <= 500


def test_of_a_thousand_only_as_many_as_were_asked_for_are_looked_at() -> None:
    screened = screen([GOOD | {"name": f"A{n}"} for n in range(1000)], KNOWN, most=5, missing=missing)
    assert len(screened) == 6
    assert screened[-1].rejection is not None
    assert (screened[-1].rejection.kind, screened[-1].name) == ("surplus", "995 others")


def test_the_limit_of_length_counts_everything() -> None:
    assert one(GOOD | {"instruction": "x" * (LONGEST - 100)}).agent is not None
    assert one(GOOD | {"instruction": "x" * (LONGEST - 100), "rationale": "y" * 100}).agent is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {}, optional={field: JSON | st.text() for field in ("name", "instruction", "steps", "code", "guide", "tools")}
)


@given(JSON | FIELDS | FIELDS.map(lambda fields: GOOD | fields))
def test_nothing_that_can_be_written_makes_it_fail(proposal: Any) -> None:
    screened = one(proposal)
    assert (screened.agent is None) is (screened.rejection is not None)
