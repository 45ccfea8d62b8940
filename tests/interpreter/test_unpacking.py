"""What a kernel's message may cost before it is looked at."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.interpreter.client import MOST_PIECES, unpacked
from langgraph_tumix.interpreter.program.messages import LONGEST_OBJECT, LONGEST_RICH
from langgraph_tumix.interpreter.zmtp import LARGEST_MESSAGE

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_json_is_unpacked(value: object) -> None:
    assert unpacked(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")) == value


@pytest.mark.parametrize(
    "value",
    [
        {"text": "[{,:" * (LONGEST_RICH // 4)},
        {"text": "0,\n" * 40_000},
        {"text": '"\\' * (LONGEST_RICH // 4)},
        {"text": "\x00" * (LARGEST_MESSAGE // 6 - 20)},
        {"data": [0.125] * (LONGEST_OBJECT // 7), "more": {str(i): [] for i in range(1000)}},
    ],
)
def test_what_honest_code_sends_is_unpacked_however_long(value: object) -> None:
    assert unpacked(json.dumps(value).encode()) == value


@pytest.mark.parametrize("piece", ["[],", "{},", "0,", '"",', '{"a":0},', "[[[[]]]],", "9" * 4000 + ","])
def test_what_would_take_long_is_refused_at_once(piece: str) -> None:
    text = ("[" + piece * (LARGEST_MESSAGE // len(piece)) + "0]").encode()
    begun = time.process_time()
    if piece.startswith("999"):  # few, and read as what needs no thought
        unpacked(text)
    else:
        with pytest.raises(ValueError, match="too many pieces"):
            unpacked(text)
    assert time.process_time() - begun < 0.05  # to unpack it all would take 0.1 s


def test_what_is_not_json_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[bytes] = [b"", b"{", b"\xff", b"[" * 100_000, b'"', b'"\\', b'"' * (2 * MOST_PIECES), b"nul"]
    for text in cases:
        with subtests.test(text=text[:20]), pytest.raises((ValueError, RecursionError)):
            unpacked(text)
