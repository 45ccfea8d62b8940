"""How families of questions are recognised.

A family is a function with the phrasings that it understands. In a phrasing, ``<a:int>`` stands for a value: its name
and its kind (see `_KINDS`); the rest is a regular expression. Lead-ins (“What is”, “Please compute”) and closing
requests (“Give only the number.”) are taken off before, so that most phrasings are plain noun phrases.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from langgraph_tumix.offline import expression
from langgraph_tumix.offline.problem import Problem

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
"""The numbers that are spelt out, by their value."""

_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def _ints(text: str) -> list[int]:
    return [_int(number) for number in re.findall(_DIGITS, text)]


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def _small(text: str) -> int:
    return SMALL.index(text.lower()) if text.lower() in SMALL else _int(text)


def _ordinal(text: str) -> int:
    return _ORDINALS.index(text.lower()) if text.lower() in _ORDINALS else _int(text[:-2])


def _date(text: str) -> date:
    month = next((n for n, name in enumerate(_MONTHS, 1) if name in text.lower()), 0)
    if not month:
        return date.fromisoformat(text)
    day, year = map(int, re.findall(r"\d+", text))
    return date(year, month, day)


def _strict(text: str) -> bool:
    return text.lower() in ("below", "less than", "smaller than", "under")


_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_MONTH, _DAY = rf"(?:{'|'.join(_MONTHS)})", r"\d{1,2}(?:st|nd|rd|th)?"
_KINDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "int": (rf"-?{_DIGITS}", _int),
    "num": (rf"-?{_DIGITS}(?:\.\d+)?", _fraction),
    "ints": (rf"{_DIGITS}(?:,? and {_DIGITS}|, {_DIGITS})+", _ints),
    "small": (rf"{_DIGITS}|{'|'.join(SMALL)}", _small),
    "ordinal": (rf"{_DIGITS}(?:st|nd|rd|th)|{'|'.join(_ORDINALS)}", _ordinal),
    "date": (rf"\d{{4}}-\d\d-\d\d|{_DAY}(?: of)? {_MONTH},? \d{{4}}|{_MONTH} {_DAY},? \d{{4}}", _date),
    "strict": (r"below|less than|smaller than|under|up to|at most|not exceeding|not greater than", _strict),
    "word": (r"[\"'“‘]?[A-Za-z]+[\"'”’]?", lambda text: text.strip("\"'“‘”’")),
    "name": (r"[A-Za-z]+", str.capitalize),
    "expr": (r"[^<>=?]+?", expression.parse),
    "text": (r"[^<>?]+?", str),
}

_Family = tuple[re.Pattern[str], Mapping[str, Callable[[str], Any]], Callable[..., Problem]]
_families: list[_Family] = []


def family(*phrasings: str) -> Callable[[Callable[..., Problem]], Callable[..., Problem]]:
    """Register a function as a family of questions, under all its phrasings.

    The function gets the values of the phrasing as arguments. It raises `ValueError` or `ArithmeticError` where they
    make no question.
    """

    def register(build: Callable[..., Problem]) -> Callable[..., Problem]:
        for phrasing in phrasings:
            kinds = dict(re.findall(r"<(\w+):(\w+)>", phrasing))
            pattern = re.sub(r"<(\w+):(\w+)>", lambda slot: f"(?P<{slot[1]}>{_KINDS[slot[2]][0]})", phrasing)
            converters = {name: _KINDS[kind][1] for name, kind in kinds.items()}
            _families.append((re.compile(pattern, re.IGNORECASE), converters, build))
        return build

    return register


_OPENING = re.compile(
    r"^(?:(?:please|can you|could you|would you|so|and|now|then|well|okay|ok|hello|hi|hey)[,.!]? "
    r"|(?:tell me|do you know|i(?:'d like| want) to know)[,:]? )+",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"(?:(?:(?:what|how much|who) (?:is|are|was)|what's|compute|calculate|find|determine|evaluate|work out|give):? )?"
    r"(?:the (?:exact )?(?:value|result) of )?(?:the )?",
    re.IGNORECASE,
)
_CLOSING_REQUEST = re.compile(
    r"(?<=[.?!]) (?:answer|give|reply|state|write|just)\b[^.?!]*[.!]?$|[,.?!]? (?:please|thanks|thank you)[.?!]*$",
    re.IGNORECASE,
)


def matter(question: str) -> str:
    """Take off words of courtesy and how the answer should look, and put the rest on one line.

    >>> matter("And now, please compute the digit sum of 2^10.  Give only the number.")
    'compute the digit sum of 2^10'
    """
    return _CLOSING_REQUEST.sub("", _OPENING.sub("", " ".join(question.split()))).rstrip("?. ")


def read(question: str) -> Problem | None:
    """Read a question, of which only the matter is left; None if it is of no family."""
    phrase = _LEAD_IN.sub("", question, count=1)
    for pattern, converters, build in _families:
        if (match := pattern.fullmatch(phrase)) is None:
            continue
        values = {name: text for name, text in match.groupdict().items() if text is not None}
        try:
            return build(**{name: converters.get(name, str)(text) for name, text in values.items()})
        except (ArithmeticError, ValueError):
            continue  # what the words say makes no question of this family
    return None
