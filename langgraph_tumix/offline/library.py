"""The bundled articles about an invented world, and questions that can be answered with and without them."""

import json
import math
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple


class Article(NamedTuple):
    """An article of the corpus. The world it tells of is invented."""

    name: str
    title: str
    text: str


class SampleQuestion(NamedTuple):
    """A question with its right answer."""

    id: str
    kind: Literal["compute", "lookup", "mixed", "reasoning", "choice"]
    question: str
    answer: str


@cache
def articles() -> tuple[Article, ...]:
    """Return the articles, ordered by name."""
    folder = files("langgraph_tumix.offline").joinpath("corpus")
    sources = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    return tuple(_article(file.name.removesuffix(".md"), file.read_text("utf-8")) for file in sources)


def _article(name: str, source: str) -> Article:
    heading, _, text = source.partition("\n")
    return Article(name, heading.removeprefix("# ").strip(), text.strip())


@cache
def questions() -> tuple[SampleQuestion, ...]:
    """Return the sample questions."""
    lines = files("langgraph_tumix.offline").joinpath("questions.jsonl").read_text("utf-8").splitlines()
    return tuple(SampleQuestion(**json.loads(line)) for line in lines)


def ranked(query: str, most: int = 3) -> Sequence[Article]:
    """Return the articles that share telling words with a query, best first; words in titles count four times."""
    wanted = _words(query)
    bags = [(article, _words(article.title), _words(article.text)) for article in articles()]
    rarity = {word: math.log(len(bags) / (1 + sum(word in text for _, _, text in bags))) for word in wanted}
    scores = [
        (sum(rarity[w] * (4 * (w in title) + (w in text)) for w in wanted), article) for article, title, text in bags
    ]
    best = sorted((pair for pair in scores if pair[0] > 1), key=lambda pair: (-pair[0], pair[1].name))
    return [article for _, article in best[:most]]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]{2,}", text.lower()))
