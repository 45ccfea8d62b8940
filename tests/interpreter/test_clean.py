"""Output as text: what is removed, what is kept, what is cut."""

import re
import time
import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.interpreter.clean import LONGEST_LINE, LONGEST_PIECE, Output, describe, shorten, shown

# Text with much of what the cleaning is about, in lines short enough to be held back until they are whole.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(["\r", "\n", "\r\n", "\x1b[31m", "\x1b[", "0m", "\x1b]0;t\x07", "\x1b\\", "\x9b2J", "\ud800"]),
        st.text(max_size=8),
    ),
    max_size=40,
)


def test_shown() -> None:
    cases: list[tuple[str, str]] = [
        ("plain\ttext\n", "plain\ttext\n"),
        ("ñ 你好 🙂 ½ \u00a0|", "ñ 你好 🙂 ½ \u00a0|"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue colour\x1b[K", "true colour"),
        ("\x9b31mC1\x9b0m", "C1"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;https://a.b\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\x\x1b_app\x9cy", "xy"),
        ("\x1b]0;never ended\nshown", "\nshown"),
        ("\x1bc\x1b(Bx\x1b7", "x"),
        ("end\x1b", "end"),
        ("\x00\x07a\x08\x0b\x0c\x7f\x85", "a"),
        ("a\u202eb\u2066c\u200f", "abc"),
        ("\ufeffa\ud800b\udfff", "ab"),
        ("a\U000e0041\U000e007f", "a"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("0%\r50%\r100%", "100%"),
        ("0%\r100%\r", "100%"),
        ("0%\r100%\x1b[0m\r\n", "100%\n"),
        ("bar\r\x1b[K", "bar"),
        ("kept\n1\r2\nkept", "kept\n2\nkept"),
    ]
    for raw, text in cases:
        assert shown(raw) == text


@given(PIECES.map("".join))
def test_cleaned_text_has_nothing_left_to_clean(raw: str) -> None:
    text = shown(raw)
    assert shown(text) == text
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert not re.search("[\u061c\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]", text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("piece", ["\x1b[", "\x1b]x", "\x1b[0;", "\x9b0", "a\r", "\r\n", "\x1b[0 ", "\x1b", "x"])
def test_cleaning_takes_time_in_proportion(piece: str) -> None:
    begun = time.process_time()
    shown(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 2


@given(PIECES, st.integers(2, 60))
def test_pieces_give_what_the_whole_gives(pieces: list[str], limit: int) -> None:
    output = Output(limit)
    for piece in pieces:
        output.write(piece)
    whole = shown("".join(pieces))
    if len(whole) <= 2 * (limit // 2):
        assert output.text() == whole
    else:
        head, tail = whole[: limit // 2], whole[-(limit // 2) :]
        cut = len(whole) - 2 * (limit // 2)
        assert output.text() == f"{head}\n[... {cut:,} characters cut ...]\n{tail}"
    assert output.received == sum(map(len, pieces))


def test_a_flood_takes_no_memory() -> None:
    output = Output(8000)
    tracemalloc.start()
    for _ in range(500):
        output.write("x" * 20_000)  # 10 MB, and never the end of a line
        output.write("\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    text = output.text()
    assert peak < 500_000
    assert "[... 9,992,500 characters cut ...]" in text
    assert len(text) < 8100


def test_of_a_long_piece_only_both_ends_are_looked_at() -> None:
    output = Output(1000)
    output.write("begin\n" + "\x9b" * 10_000_000 + "\nend")
    assert output.text() == f"begin\n\n[... {10_000_000 + 10 - LONGEST_PIECE:,} characters cut ...]\n\nend"
    output = Output(1000)
    output.write_block("x" * 10_000_000)
    output.write("last")
    text = output.text()
    assert text.startswith("x" * 500 + "\n[... 9,999,")
    assert text.endswith("x" * 495 + "\nlast")


def test_a_progress_bar_takes_one_line_however_long_it_runs() -> None:
    output = Output(1000)
    for step in range(LONGEST_LINE):
        output.write(f"\r{step} of {LONGEST_LINE}")
    output.write("\ndone\n")
    assert output.text() == f"{LONGEST_LINE - 1} of {LONGEST_LINE}\ndone\n"


def test_blocks_have_lines_of_their_own() -> None:
    output = Output(1000)
    output.write_block("first")
    output.write("no newline")
    output.write_block("second\n\n")
    output.write("last")
    assert output.text() == "first\nno newline\nsecond\nlast"


def test_describe() -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"text/plain": "7"}, "7"),
        ({"text/plain": "x**2", "text/latex": "$x^2$"}, "x**2"),
        ({"text/plain": "<Markdown object>", "text/markdown": "# T"}, "# T"),
        ({"text/latex": "$x$"}, "$x$"),
        ({"text/plain": "  a\n0 1", "text/html": "<table>" * 300}, "  a\n0 1\n[text/html, 2 kB, not shown]"),
        ({"image/png": "A" * 16_000}, "[image/png, 12 kB, not shown]"),
        ({"image/svg+xml": "<svg/>"}, "[image/svg+xml, 6 B, not shown]"),
        ({"image/png": None}, "[image/png, too large to send, not shown]"),
        ({"application/json": {"a": 1}}, "[application/json, 8 B, not shown]"),
        ({}, ""),
    ]
    for data, text in cases:
        assert describe(data) == text


def test_shorten_leaves_short_text_alone() -> None:
    assert shorten("0123456789", 10) == "0123456789"
