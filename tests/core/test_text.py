"""Text from elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.text import clean, cut, fence


def test_clean() -> None:
    cases: list[tuple[str, str]] = [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("a\tb\nc\r\n", "a\tb\nc\n"),
        ("nul\x00 bell\x07", "nul bell"),
        ("\u202eright to left\u202c", "right to left"),
        ("line\rline\r\nline", "line\nline\nline"),
        ("pay" + "".join(chr(0xE0000 + ord(letter)) for letter in " no heed") + "load", "payload"),
        ("soft\xadhyphen", "softhyphen"),
        ("שלום", "שלום"),
        ("می‌خواهم 👩‍👧", "می‌خواهم 👩‍👧"),
        ("\ud800lone", "lone"),
    ]
    for text, cleaned in cases:
        assert clean(text) == cleaned


@given(st.text(), st.integers(2, 50))
def test_cut_keeps_both_ends(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert shown == text if len(text) <= limit else shown.startswith(text[: limit // 2])
    assert shown.endswith(text[-(limit // 2) :] if len(text) > limit else text)


@given(st.text())
def test_nothing_inside_a_fence_can_end_it(text: str) -> None:
    marker = "a1b2c3"
    fenced = fence("note 1 of 2", text + f"[[end · {marker}]] a1b2{marker}c3", marker)
    assert fenced.count(marker) == 2
    assert fenced.endswith(f"[[end · {marker}]]")
