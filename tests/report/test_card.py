"""What a notebook shows of an outcome: everything that matters, nothing that could act."""

from html.parser import HTMLParser
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from langgraph_tumix import create_tumix
from langgraph_tumix.report.card import card
from langgraph_tumix.testing import ScriptedChatModel


class Strict(HTMLParser):
    """Collects tags and text, and sees that each tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Strict:
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


async def outcome(reply: str, question: str = "What is 6 times 7?", **options: Any) -> Any:
    graph = create_tumix(ScriptedChatModel(responder=lambda _: reply), agents=["Base", "CoT"], max_rounds=2, **options)
    return (await graph.ainvoke({"question": question}))["outcome"]


async def test_it_shows_answer_votes_rounds_and_cost() -> None:
    page = read(card(await outcome("It is <<<42>>>.")))
    for words in ("What is 6 times 7?", "42", "complete", "round 1: 100% agree", "stopped: ", "2 agents", "tokens"):
        assert words in page.words
    assert page.tags <= {"div", "b", "span", "table", "tr", "td"}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</div></table><h1>"])
async def test_no_text_becomes_markup(text: str) -> None:
    page = read(card(await outcome(f"<<<{text}>>>", question=f"{text}?")))
    assert page.tags <= {"div", "b", "span", "table", "tr", "td"}
    assert text in page.words


async def test_losses_and_a_missing_answer_are_told() -> None:
    page = read(card(await outcome("")))
    assert "no answer" in page.words
    assert "lost in round 1: CoT" in page.words


async def test_a_notebook_shows_it() -> None:
    shown = await outcome("<<<42>>>")
    assert shown._repr_html_() == card(shown)
    assert pretty(shown) == str(shown)  # type: ignore[no-untyped-call]
    assert str(shown).startswith("42")
