"""Facts that can be looked up: how they are asked for, how they are named in a longer question, how a text tells them.

Attributes are regular: an *event* has verbs and nouns (“opened”, “the opening of”), so has a *maker* (“designed”, “the
designer of”), and a *measure* has a noun, an adjective and units (“the length of”, “how long”). All phrasings follow
from these few words. In them, ``<s>`` is the thing that the fact is about.
"""

import re
from dataclasses import dataclass
from functools import cache

from langgraph_tumix.offline.phrasing import SMALL
from langgraph_tumix.offline.problem import UNITS

NAME = r"(?:[Tt]he )?[A-Z][\w’'-]*(?:(?: of the| of| the)? [A-Z][\w’'-]*)*"
"""A proper name as it stands in a question: “the Lantern Bridge”, “Museum of Tides”."""

_LOWER = r"[a-z][^A-Z<>`?!^*/+=%]{1,59}?"  # a name without capitals, where nothing else can be meant
_NO_NAME = r"(?!(?:The|This|In|At|On|By|It|Its|From|After|Before|When|As|But|He|She|His|Her|Their|There)\b)"
_PERSON = rf"{_NO_NAME}[A-Z][\w’'-]+ [A-Z][\w’'-]+"
_PLACE = rf"{_NO_NAME}[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?"
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
_YEAR = r"\b(?P<v>1\d{3}|20\d\d)\b"


@dataclass(frozen=True)
class Attribute:
    """What can be known of a thing.

    Attributes:
        noun: Its name, as in “the *length* of the River Tesk”.
        asked: Questions for it.
        named: Ways to name it inside a question.
        told: How a text tells it; group ``v`` is the value, ``u`` its unit.
        cue: Words that the value stands near, where what it looks like does not say enough.
        guess: Between which numbers somebody would guess who does not know; None: would not guess.
    """

    noun: str
    asked: tuple[str, ...]
    named: tuple[str, ...]
    told: tuple[str, ...]
    cue: str = ""
    guess: tuple[int, int] | None = None


@dataclass(frozen=True)
class Fact:
    """A fact that is wanted: an attribute of a thing."""

    attribute: Attribute
    subject: str

    def __str__(self) -> str:
        return f"the {self.attribute.noun} of {self.subject}"


def _event(verbs: str, nouns: str) -> Attribute:
    return Attribute(
        noun=nouns.partition("|")[0],
        asked=(rf"(?:in (?:which|what) year|when) (?:was|were|did) <s> (?:first )?(?:be )?(?:{verbs})(?: \w+){{0,4}}",),
        named=(
            rf"the (?:year of (?:the )?)?(?:{nouns}) of <s>",
            rf"the year (?:in which |when |that )?<s> (?:was |were )?(?:first )?(?:{verbs})",
        ),
        told=(_YEAR,),
        cue=rf"\b(?:{verbs}|{nouns})\b",
        guess=(1650, 1950),
    )


def _maker(verbs: str, nouns: str, works: str = "work|plans|design") -> Attribute:
    return Attribute(
        noun=nouns.partition("|")[0],
        asked=(rf"(?:who|which \w+) (?:first )?(?:{verbs}) <s>", rf"by whom was <s> (?:first )?(?:{verbs})"),
        named=(rf"the (?:{nouns}) of <s>", rf"the (?:woman|man|person|one) who (?:first )?(?:{verbs}) <s>"),
        told=(
            rf"\b(?:{verbs})\b[^.;:]{{0,60}}?\bby (?:[a-z]+ ){{0,4}}(?P<v>{_PERSON})",
            rf"(?P<v>{_PERSON})(?:, [^,.;]{{3,80}},)?(?: \w+){{0,2}}? (?:{verbs})\b",
            rf"\b(?:{nouns}),? (?:was |is )?(?:[a-z]+ ){{0,4}}(?P<v>{_PERSON})",
            rf"\b(?:{works}) (?:\w+ ){{0,4}}?by (?:[a-z]+ ){{0,4}}(?P<v>{_PERSON})",
        ),
    )


def _measure(noun: str, adjectives: str, units: str, cue: str) -> Attribute:
    return Attribute(
        noun=noun,
        asked=(
            rf"how (?:{adjectives})(?:,? in {UNITS},?)? (?:is|are|was) <s>(?:,? in {UNITS})?",
            rf"how many {UNITS} (?:{adjectives}) is <s>",
        ),
        named=(rf"the {noun}(?: in {UNITS})? of <s>(?: in {UNITS}\b)?",),
        told=(rf"(?P<v>{_NUMBER})[ -](?P<u>{units})\b",),
        cue=rf"\b(?:{cue})\b",
        guess=(20, 900),
    )


_WHERE = r"(?:where|(?:in|at|near) (?:which|what) (?:town|city|place|village))"
_STANDS = r"(?:stands|lies|is|sits|situated|housed|located|found)"


def _place(noun: str, asked: tuple[str, ...], told: tuple[str, ...]) -> Attribute:
    return Attribute(
        noun, asked, (rf"the {noun} of <s>",), tuple(t.replace("<v>", rf"(?:the )?(?P<v>{_PLACE})") for t in told)
    )


ATTRIBUTES = (
    _event("founded|established|set up", "founding|foundation|establishment"),
    _event("opened|open|inaugurated", "opening|inauguration"),
    _event("completed|finished|built|erected|constructed", "completion|construction"),
    _event("born", "birth"),
    _event("died|die", "death"),
    _event("published|printed|appeared|appear", "publication"),
    _event("signed|concluded|sealed", "signing"),
    _event("invented|patented", "invention"),
    _event("discovered|described", "discovery|first description"),
    _event("climbed|conquered", "first ascent"),
    _event("performed|premiered|staged", "first performance|premiere"),
    _event("lit", "first lighting"),
    _event("introduced|minted", "introduction"),
    _event("held|celebrated", "first celebration"),
    _event("protected", "protection"),
    _maker("designed|planned|drew|built", "designer|architect|engineer|builder"),
    _maker("founded|established|set up", "founder"),
    _maker("wrote|written", "author|writer", "novel|book|poem|story"),
    _maker("composed", "composer", "opera|song|mass|music"),
    _maker("invented|patented", "inventor"),
    _maker("discovered|described", "discoverer"),
    _maker("climbed", "first climber"),
    _measure("length", "long", "kilometres|metres|km|m", "long|length|runs|flows|course|covers|end to end"),
    _measure("height", "high|tall", "metres|m", "high|height|tall|rises|stands|above|altitude"),
    _measure("depth", "deep", "metres|m", "deep|depth|deepest"),
    _measure("area", "large|big", "square kilometres|km²", "area|covers|square|large"),
    Attribute(
        noun="population",
        asked=(r"how many (?:people|inhabitants|residents) (?:live in|does|has|are there in|inhabit) <s>(?: have)?",),
        named=(r"the (?:population|number of (?:people|inhabitants)) (?:of|in) <s>",),
        told=(rf"(?P<v>{_NUMBER})",),
        cue=r"\b(?:population|inhabitants|people|residents)\b",
        guess=(2_000, 90_000),
    ),
    _place(
        "birthplace",
        (r"(?:where|in (?:which|what) (?:town|city|place)) was <s> born",),
        (r"\bborn\b[^.;]{0,50}?\b(?:in|at|on) <v>", r"\bnative of <v>"),
    ),
    _place(
        "capital",
        (r"which (?:town|city) is the capital of <s>",),
        (r"\bcapital,? (?:is |was )?<v>", r"<v>,? (?:is )?the capital\b"),
    ),
    _place(
        "river",
        (r"(?:which|what) river does <s> (?:cross|span)", r"over (?:which|what) river does <s> (?:lead|go)"),
        (r"\b(?:crosses|spans|crossing|spanning|over|across)(?: the \w+ of)? <v>",),
    ),
    _place(
        "mouth",
        (
            r"(?:into )?(?:which|what) (?:sea|lake|river) does <s> (?:flow|empty|run)(?: into)?",
            r"where does <s> (?:flow into|end)",
        ),
        (r"\b(?:flows?|empties|runs|pours)\b[^.;]{0,40}? into <v>", r"\b(?:joins|meets|reaches) <v>"),
    ),
    _place(
        "place",
        (rf"{_WHERE}(?: is| stands| lies)? <s>", rf"{_WHERE} (?:is|does|did) <s> (?:stand|lie|located|situated)"),
        (rf"\b{_STANDS}\b[^.;]{{0,40}}? (?:in|at|above|near|outside) <v>", r"\b(?:in|of|at) <v>"),
    ),
)


@cache
def _count(noun: str) -> Attribute:
    """Return how many of something a thing has: “how many arches has the Lantern Bridge?”."""
    stem = noun.removesuffix("s")
    return Attribute(
        noun=f"number of {noun}",
        asked=(),
        named=(),
        told=(rf"\b(?P<v>{_NUMBER}|{'|'.join(SMALL)})(?:[ -][a-z]+){{0,2}}? {stem}",),
        guess=(2, 40),
    )


_COUNTED = r"(?P<noun>[a-z]+(?: [a-z]+)?)"
_COUNT_ASKED = (
    rf"how many {_COUNTED} (?:does|do|did|has|have) <s>(?: have| had| own| count| number)?",
    rf"how many {_COUNTED} are (?:there )?(?:in|on|at|of) <s>",
)
_COUNT_NAMED = (rf"the number of {_COUNTED} (?:of|in|on|at) <s>",)

_Patterns = list[tuple[re.Pattern[str], Attribute | None]]


@cache
def _compiled() -> tuple[_Patterns, _Patterns]:
    """Return the patterns of all questions and of all names of facts; those of counts have no attribute yet."""

    def compiled(phrasing: str, subject: str = NAME) -> re.Pattern[str]:
        before, after = phrasing.split("<s>")
        return re.compile(rf"(?i:{before})(?P<s>{subject})(?i:{after})")

    asked: _Patterns = []
    named: _Patterns = []
    for attribute in (*ATTRIBUTES, None):
        names = attribute.named if attribute else _COUNT_NAMED
        questions = attribute.asked if attribute else _COUNT_ASKED
        questions += tuple(rf"(?:what|who|which) (?:is|are|was|were) {name}" for name in names)
        asked += [(compiled(phrasing, rf"{NAME}|{_LOWER}"), attribute) for phrasing in questions]
        named += [(compiled(rf"\b{name}"), attribute) for name in names]
    return asked, named


def _fact(match: re.Match[str], attribute: Attribute | None) -> Fact:
    return Fact(attribute or _count(match["noun"].lower()), match["s"])


def asked_for(question: str) -> Fact | None:
    """Return the fact that a question asks for and nothing else.

    >>> str(asked_for("In which year was the Lantern Bridge opened"))
    'the opening of the Lantern Bridge'
    """
    for pattern, attribute in _compiled()[0]:
        if match := pattern.fullmatch(question):
            return _fact(match, attribute)
    return None


def named_in(question: str) -> tuple[re.Match[str], Fact] | None:
    """Return the first fact that is named inside a question, and where.

    >>> match, fact = named_in("What is the digit sum of the height in metres of Mount Vorr?")
    >>> match[0]
    'the height in metres of Mount Vorr'
    """
    found = [(match, _fact(match, a)) for pattern, a in _compiled()[1] if (match := pattern.search(question))]
    return min(found, key=lambda pair: pair[0].start(), default=None)
