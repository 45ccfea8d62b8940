"""Replies to requests: what is meant is read, what is not there is not made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.replies import read_reply
from langgraph_tumix.core.requests import Kind, Request

KINDS: list[Kind] = ["score", "confidence", "verify", "compare", "select", "synthesise"]
CASES: list[tuple[Kind, int, str, tuple[float, ...]]] = [
    ("score", 1, "Sound. <<<0.75>>>", (0.75,)),
    ("score", 1, "<<<75 %>>>", (0.75,)),
    ("score", 1, "<<<7.5>>>", ()),
    ("score", 1, "<<<3/4>>>", (0.75,)),
    ("score", 1, "<<<3/0>>>", ()),
    ("score", 1, "<<<-0.5>>>", ()),
    ("score", 1, "<<<nan>>>", ()),
    ("score", 1, "<<<0.2 or 0.9>>>", ()),
    ("score", 1, "I would say 0.9, perhaps.", ()),
    ("confidence", 1, "<<<1>>>", (1.0,)),
    ("confidence", 1, "<<<.4>>>", (0.4,)),
    ("verify", 1, "<<<YES>>>", (1.0,)),
    ("verify", 1, "<<<Incorrect.>>>", (0.0,)),
    ("verify", 1, "<<<yes and no>>>", ()),
    ("verify", 1, "<<<1>>>", (1.0,)),
    ("compare", 2, "<<<3, 8>>>", (3.0, 8.0)),
    ("compare", 2, "<<<note 1: 3>>>", ()),
    ("compare", 2, "<<<note 1: 3, note 2: 8>>>", (3.0, 8.0)),
    ("compare", 2, "<<<A 9/10, B 2/10>>>", (9.0, 2.0)),
    ("compare", 2, "<<<0, 8>>>", ()),
    ("compare", 2, "<<<8>>>", ()),
    ("select", 4, "<<<4>>>", (4.0,)),
    ("select", 4, "<<<note 2>>>", (2.0,)),
    ("select", 4, "<<<5>>>", ()),
    ("select", 4, "<<<1.5>>>", ()),
]


def asked(kind: Kind, notes: int) -> Request:
    return Request(kind, tuple(f"1/{name}/0" for name in "ABCDEFGH"[:notes]))


def test_numbers_are_read() -> None:
    for kind, notes, text, numbers in CASES:
        assert read_reply(asked(kind, notes), text).numbers == pytest.approx(numbers), (kind, text)


def test_an_answer_is_read_and_a_refusal_is_none() -> None:
    assert read_reply(asked("synthesise", 3), "It is <<<x^2>>>.").answer == "x^2"
    assert read_reply(asked("synthesise", 3), "<<<unknown>>>").answer is None


@given(st.sampled_from(KINDS), st.integers(1, 8), st.text(max_size=60))
def test_whatever_is_written_stays_within_what_was_asked(kind: Kind, notes: int, text: str) -> None:
    reply = read_reply(asked(kind, notes), f"<<<{text}>>>")
    least, most = {"compare": (1, 10), "select": (1, notes)}.get(kind, (0, 1))
    assert all(least <= number <= most for number in reply.numbers)
    assert len(reply.numbers) in (0, notes if kind == "compare" else 1)
    assert reply.answer is None or kind == "synthesise"
