"""What a kernel sends: nothing larger, and nothing longer, than a client can use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.interpreter.program.messages import LONGEST_RICH, LONGEST_TEXT, bounded, bounded_content, trimmed

HEADER = "Traceback (most recent call last):\n"
CELL = "  Cell In[3], line {} in f\n    f(0)\n"
LIBRARY = "  File /usr/lib/python3/json/decoder.py:337 in decode\n    obj, end = self.raw_decode(s)\n"
BETWEEN = "\nThe above exception was the direct cause of the following exception:\n"


@pytest.mark.parametrize(
    ("frames", "kept"),
    [
        ([HEADER, CELL, LIBRARY, LIBRARY, "ValueError: no\n"], [HEADER, CELL, "ValueError: no\n"]),
        (
            [HEADER, CELL, "KeyError: 1\n", BETWEEN, HEADER, CELL, LIBRARY, "E: 2\n"],
            [HEADER, CELL, "KeyError: 1\n", BETWEEN, HEADER, CELL, "E: 2\n"],
        ),
        (
            [HEADER, *(CELL.format(line) for line in range(100)), "RecursionError: deep\n"],
            [
                *(HEADER, *(CELL.format(line) for line in range(3))),
                "  [... 94 frames cut ...]\n",
                *(*(CELL.format(line) for line in range(97, 100)), "RecursionError: deep\n"),
            ],
        ),
        # A syntax error's message comes in the same piece as its place, even when the place is not in a cell.
        (["  File <unknown>:1\n    (\n    ^\nSyntaxError: '(' was never closed\n"],) * 2,
        (["An exception has occurred, use %tb to see the full traceback.\n", "SystemExit: 3\n"], ["SystemExit: 3\n"]),
        ([], []),
    ],
)
def test_tracebacks_keep_the_frames_of_cells(frames: list[str], kept: list[str]) -> None:
    assert trimmed(frames) == kept


@given(st.text(st.characters(codec=None)), st.integers(2, 50))
def test_bounded_text_is_valid_and_short(text: str, longest: int) -> None:
    sent = bounded(text, longest)
    sent.encode()
    assert sent == text or len(text) > longest or not text.isprintable()
    assert len(sent) <= 10 * longest + 60  # escapes for lone surrogates, and the word about the cut


def test_every_part_of_a_message_is_bounded() -> None:
    long = "x" * 10_000_000
    content = {
        "data": {"text/plain": long, "image/png": long, "text/html": long, "application/json": {"a": long}},
        "traceback": [long] * 3,
        "evalue": long,
        "code": long,
        "execution_count": 1,
    }
    sent = bounded_content(content)
    assert len(json.dumps(sent)) < 10 * LONGEST_TEXT
    assert [sent["data"][kind] for kind in ("image/png", "text/html", "application/json")] == [None] * 3
    assert sent["execution_count"] == 1
    assert bounded_content({"data": {"image/png": "x" * LONGEST_RICH}})["data"]["image/png"] == "x" * LONGEST_RICH
