"""What was found, as text for a prompt."""

import re

from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.text import clean
from langgraph_tumix.search import Found, Hit, render

TEXT = st.text(max_size=300)
FOUND = st.builds(Found, TEXT, st.lists(st.builds(Hit, TEXT, TEXT, TEXT), max_size=8).map(tuple), summary=TEXT)


def test_summary_and_sources() -> None:
    hits = (Hit("One", "https://one.org", "First line.\n\nSecond line."), Hit("", "corpus:two", ""))
    assert render(Found("q", hits, "In short.")) == (
        "In short.\n\n[1] One\n    https://one.org\n    First line.\n    Second line.\n\n[2] untitled\n    corpus:two"
    )


def test_nothing_found_is_said() -> None:
    assert render(Found("who\nis\x00 it?", ())) == 'Nothing was found for "who is it?".'


def test_a_passage_that_the_summary_holds_is_not_repeated() -> None:
    found = Found("q", (Hit("A", "https://a.org", "A is so."),), "Well.\nA is so.")
    assert render(found).count("A is so.") == 1


def test_a_cut_is_said() -> None:
    found = Found("q", tuple(Hit(f"Page {i}", f"https://{i}.org", "word " * 100) for i in range(20)))
    text = render(found, limit=1000)
    whole = render(found, limit=10**6)
    kept, notice = text.rsplit("\n", 1)
    assert whole.startswith(kept)
    assert len(kept) <= 1000
    assert notice == f"[cut: {len(whole) - len(kept)} of {len(whole)} characters are left out]"
    assert len(render(found)) < 6100


@given(FOUND)
def test_no_source_passes_for_another(found: Found) -> None:
    text = render(Found(found.query, found.hits))
    numbers = re.findall(r"^\[(\d+)\]", text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(found.hits) + 1)]


@given(FOUND, st.integers(1, 500))
def test_no_control_character_and_no_more_than_the_limit(found: Found, limit: int) -> None:
    text = render(found, limit=limit)
    assert clean(text) == text
    assert len(text) <= max(limit + 80, 300)
