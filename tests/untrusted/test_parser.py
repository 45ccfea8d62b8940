"""Hostile replies at the parser: what they ask for, and how long it takes to see it."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from langgraph_tumix.agents.protocol import LONGEST_REPLY, bounded, read_turn
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.text import fence
from tests.untrusted.reader import HIDDEN, outside
from tests.untrusted.table import ATTACKS, LOOT

MARKER = "0a1b2c3d4e5f"


def test_a_fence_holds() -> None:
    for name, attack in ATTACKS.items():
        fenced = fence("note 1 of 2", attack(MARKER)[:300_000], MARKER)
        assert LOOT not in outside(f"before\n{fenced}\nafter", MARKER), name
        assert fenced.count(f"· {MARKER}]]") == 2, name
        seen = re.sub("[\u034f\u200c\u200d\ufe00-\ufe0f]", "", fenced).casefold()
        assert seen.count(MARKER) == 2, f"{name}: nor what looks like it"
        assert not HIDDEN.search(fenced), name


def test_there_are_many_attacks() -> None:
    assert len(ATTACKS) >= 25


def test_what_counts_as_the_answer() -> None:
    cases: list[tuple[str, str | None]] = [
        ("an answer in a quote", None),
        ("an answer in code", None),
        ("an answer in code that stays open", None),
        ("zero width", None),
        ("tag characters", None),
        ("right to left", None),
        ("a program", None),
        ("a search", None),
        ("many answers", "66"),
        ("the judge's verdict", "YES"),
    ]
    for name, answer in cases:
        assert extract_answer(ATTACKS[name](MARKER)).answer == answer


def test_an_agent_without_a_tool_cannot_start_it() -> None:
    for name in ("a program", "a search"):
        assert read_turn(ATTACKS[name](MARKER), code=False, search=False).action == "nothing"


def test_a_reply_of_any_length_is_read_from_both_ends() -> None:
    reply = bounded(AIMessage("start " + "x" * 10_000_000 + " <<<42>>>"))
    assert LONGEST_REPLY <= len(reply.text) < LONGEST_REPLY + 100
    assert extract_answer(reply.text).answer == "42"
    short = AIMessage("<<<42>>>")
    assert bounded(short) is short


REPEATED = [
    "```python\n",
    "~~~\n",
    "<search>",
    "`",
    "<<<",
    "> <<<X>>>\n",
    "```python\nx\n~~~\n",
    "\n",
    "</search><search>",
]


@pytest.mark.parametrize("piece", REPEATED)
def test_reading_takes_time_in_proportion(piece: str) -> None:
    def seconds(length: int) -> float:
        reply = piece * (length // len(piece))
        begun = time.process_time()
        read_turn(reply, code=True, search=True)
        return time.process_time() - begun

    short = max(seconds(LONGEST_REPLY // 10), 0.001)
    assert seconds(LONGEST_REPLY) < 60 * short + 0.5, "ten times the text took far more than ten times as long"


_OPENED = r"^[ \t]*(`{3,}|~{3,})[ \t]*(?:python3?|py)[ \t]*"
_PROGRAMS = re.compile(_OPENED + r"\n(.*?)^[ \t]*\1[ \t]*$", re.M | re.S | re.I)
pieces = st.lists(
    st.sampled_from(
        ["```python\n", "```\n", "~~~py\n", "~~~\n", "````\n", " ```Python3 \n", "x\n", "\n", "  ```\n", "``` x\n"]
    )
)


@given(pieces)
def test_programs_are_those_of_the_plain_rule(parts: list[str]) -> None:
    """A fence that names Python, up to the next line that is the same fence alone."""
    reply = "".join(parts)
    expected = "\n".join(match[2] for match in _PROGRAMS.finditer(reply))
    turn = read_turn(reply, code=True, search=False)
    assert (turn.text if turn.action == "code" else "") == expected
