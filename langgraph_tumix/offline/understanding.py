"""What a question comes down to: a problem to compute, a fact to look up, or the one after the other.

A question is rewritten step by step: a fact that is named in it (“the height of Mount Vorr”) is replaced by its value
once that is known, until what is left is a plain problem (“the digit sum of 2684”) or asks for a fact itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import langgraph_tumix.offline.families  # noqa: F401 - its modules register themselves
from langgraph_tumix.offline.facts import NAME, Fact, asked_for, named_in
from langgraph_tumix.offline.passages import Found, find
from langgraph_tumix.offline.phrasing import matter, read
from langgraph_tumix.offline.problem import UNITS, Problem, key

LONGEST = 1000
"""Characters of a question that is read at all; what is longer is of no kind known here."""

_MOST_FACTS = 6


@dataclass(frozen=True)
class Missing:
    """A fact that has to be looked up; `direct` if it is all that the question asks for."""

    fact: Fact
    direct: bool = False


@dataclass(frozen=True)
class Known:
    """The question asks for a fact, and it is known."""

    fact: Fact
    found: Found
    answer: str


@dataclass(frozen=True)
class Understood:
    """A question, understood.

    Attributes:
        matter: What is left to do; None if the question is of no known kind.
        options: Letters and texts of the choices, if there are any.
        facts: What was looked up on the way.
    """

    matter: Problem | Missing | Known | None
    options: dict[str, str]
    facts: tuple[Found, ...] = ()

    def letter(self, value: str) -> str:
        """Return the letter of the choice that says `value`; `value` itself if there are no choices.

        Raises:
            ValueError: None of the choices says it.
        """
        if not self.options:
            return value
        for letter, text in self.options.items():
            if key(text) == key(value):
                return letter
        raise ValueError(f"none of the choices is {value}")


@lru_cache(maxsize=256)  # every agent of every round is asked the same
def understand(question: str, known: tuple[str, ...] = ()) -> Understood:
    """Understand a question with the help of texts that may tell facts.

    >>> understand("What is 3 + 4? A) 6 B) 7").options
    {'A': '6', 'B': '7'}
    >>> understand("How long is the River Tesk?").matter.fact.subject
    'the River Tesk'
    """
    if len(question) > LONGEST:
        return Understood(None, {})
    stem, options = _choices(matter(question))
    stem = _regular(matter(stem))
    facts: list[Found] = []
    for _ in range(_MOST_FACTS):
        if (problem := read(stem)) is not None:
            return Understood(problem, options, tuple(facts))
        if (fact := asked_for(stem)) is not None:
            return Understood(_lookup(fact, known, question), options, tuple(facts))
        if (named := named_in(stem)) is None:
            break
        match, fact = named
        if (found := find(fact, known)) is None:
            return Understood(Missing(fact), options, tuple(facts))
        facts.append(found)
        # “the population of A divided by that of B”: what stood before A stands for “that of”
        rest = stem[match.end() :].replace("that of ", match[0][: match.start("s") - match.start()])
        stem = f"{stem[: match.start()]}{found.value}{rest}"
    return Understood(None, options)


def _lookup(fact: Fact, known: Sequence[str], question: str) -> Missing | Known:
    found = find(fact, known)
    if found is None:
        return Missing(fact, direct=True)
    plain = re.search(rf"\b(?:in|many|of) {UNITS}\b", question) or not found.unit
    return Known(fact, found, found.value if plain else f"{found.value} {found.unit}")


_NOUNS = {"longer": "length", "higher": "height", "taller": "height", "deeper": "depth", "larger": "area"}
_REGULAR = (
    (rf"(?i:how (?:much|many {UNITS}) (longer|higher|taller|deeper|larger) is) ({NAME}) than ({NAME})(?: in {UNITS})?",
     lambda m: f"what is the {_NOUNS[m[1].lower()]} of {m[2]} minus the {_NOUNS[m[1].lower()]} of {m[3]}"),
    (rf"(?i:how old was) ({NAME}) when ({NAME}) ([a-z ]+)", r"what is the year \2 \3 minus the year \1 was born"),
    (rf"(?i:how old did) ({NAME}) (?:become|get|grow)", r"what is the death of \1 minus the birth of \1"),
    (rf"(?i:how many years (after|before)) (the [a-z ]+ of {NAME}) (?:was|did) ({NAME}) ([a-z ]+)",
     r"how many years \1 \2 was the year \3 \4"),
    (rf"\bthe (\w+)s of ({NAME}) and(?: of)? ({NAME})", r"the \1 of \2 and the \1 of \3"),
)  # fmt: skip


def _regular(stem: str) -> str:
    """Put what is said in a short way, as “how much longer is A than B”, in the regular, longer one."""
    for pattern, longer in _REGULAR:
        stem = re.sub(pattern, longer, stem)
    return stem


def _choices(question: str) -> tuple[str, dict[str, str]]:
    """Split a multiple-choice question into its stem and its choices, lettered from A on."""
    found: list[re.Match[str]] = []
    for label in re.finditer(r"(?:^|(?<=[\s?.,;:]))\(?([A-J])[).:]\s+", question):
        if label[1] == chr(ord("A") + len(found)):
            found.append(label)
    if len(found) < 2:
        return question, {}
    ends = [label.start() for label in found[1:]] + [len(question)]
    texts = [question[label.end() : end].strip(" \n;,.") for label, end in zip(found, ends, strict=True)]
    return question[: found[0].start()].rstrip(), {label[1]: text for label, text in zip(found, texts, strict=True)}
