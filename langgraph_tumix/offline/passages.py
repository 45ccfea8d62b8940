"""Finding a fact in text: the passage that is about the thing, the sentence that tells it, the number by the verb."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from langgraph_tumix.offline.facts import NAME, Fact
from langgraph_tumix.offline.phrasing import SMALL

_HEADING = 100
"""Characters: a line that is shorter and does not end like a sentence is a title or an address."""


@dataclass(frozen=True)
class Found:
    """A fact as a text tells it.

    Attributes:
        value: The year, number or name; numbers in digits, without separators.
        unit: The unit that the text gives with it, or empty.
        sentence: Where it stands.
        others: What else in the same text could be taken for it.
    """

    value: str
    unit: str
    sentence: str
    others: tuple[str, ...]


def find(fact: Fact, texts: Iterable[str]) -> Found | None:
    """Find a fact in texts such as search results; None if they do not tell it."""
    found = chain.from_iterable(_candidates(fact, text) for text in texts)
    candidates = sorted(found, key=lambda candidate: candidate[0])
    if not candidates:
        return None
    _, value, unit, sentence = candidates[0]
    others = dict.fromkeys(other for _, other, _, _ in candidates if other != value)
    return Found(value, unit, sentence, tuple(others))


def _candidates(fact: Fact, text: str) -> Iterator[tuple[tuple[int, int], str, str, str]]:
    """Yield every value that could be meant, with its rank: the less foreign the passage, the nearer the cue."""
    subject = _words(fact.subject)
    for topic, sentences in _passages(text) if subject else ():
        about = _words(topic)
        for sentence in sentences:
            if subject <= about:
                foreign = len(about - subject) + 10 * _of_another(sentence, subject)
            elif subject <= _words(sentence):
                foreign = 50
            else:
                continue
            for distance, value, unit in _values(fact, sentence):
                if not _words(value) or not _words(value) <= subject:
                    yield (foreign if distance < 100 else foreign + 10, distance), value, unit, sentence


def _values(fact: Fact, sentence: str) -> Iterator[tuple[int, str, str]]:
    cues = [match.span() for match in re.finditer(fact.attribute.cue, sentence, re.I)] if fact.attribute.cue else []
    if fact.attribute.cue and not cues:
        return
    for place, told in enumerate(fact.attribute.told):
        for match in re.finditer(told, sentence):
            value, unit = match["v"].replace(",", ""), match.groupdict().get("u") or ""
            number = str(SMALL.index(value.lower())) if value.lower() in SMALL else value
            yield 10 * place + min((_distance(sentence, cue, match.span("v")) for cue in cues), default=0), number, unit


def _distance(sentence: str, cue: tuple[int, int], value: tuple[int, int]) -> int:
    """Return how far a value stands from a word, in characters; another clause is far away."""
    between = sentence[cue[1] : value[0]] if cue[1] <= value[0] else sentence[value[1] : cue[0]]
    clauses = len(re.findall(r"[,;:()]| and | but | while ", between))
    return len(between) + 100 * clauses + (0 if cue[1] <= value[0] else 5)


def _passages(text: str) -> Iterator[tuple[str, list[str]]]:
    """Split a text into passages, each with what it is about: a name before a colon, or its headings, or its start."""
    headings: list[str] = []
    fresh = True
    for line in map(str.strip, text.splitlines()):
        if not line:
            fresh = False
        elif len(line) < _HEADING and not line.endswith((".", "!", "?", ".”", '."')):
            headings = [*headings, line] if fresh else [line]
            fresh = True
        else:
            fresh = False
            named = re.match(rf"({NAME}): ", line)
            topic = named[1] if named else " ".join(headings) or " ".join(line.split()[:6])
            yield topic, re.split(r"(?<=[.!?])\s+(?=[A-Z“\"])", line)


def _of_another(sentence: str, subject: set[str]) -> bool:
    """Whether a sentence begins with the name of something else. One word alone is no name: all sentences have it."""
    opening = re.match(NAME, sentence)
    if opening is None or " " not in opening[0]:
        return False
    named = _words(opening[0])
    return not (named <= subject or subject <= named)


def _words(text: str) -> set[str]:
    """Return the telling words of a name or title, without numbers and addresses."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"\S+:\S+", "", text.lower()).replace("’s", "").replace("'s", ""))
    return {word for word in words if word not in ("the", "of", "a", "an", "s")}
