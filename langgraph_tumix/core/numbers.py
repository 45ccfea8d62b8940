"""Numbers, quantities and expressions: digits, words or formulas, with or without a unit."""

import re
from contextlib import suppress
from fractions import Fraction
from itertools import zip_longest

from langgraph_tumix.core.formulas import read
from langgraph_tumix.core.notation import FUNCTIONS
from langgraph_tumix.core.units import is_known, read_unit
from langgraph_tumix.core.values import Unreadable, apply, is_constant, write

_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_TO_NINETEEN.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "halves": 2, "thirds": 3, "quarters": 4, "fifths": 5}

_ABOUT = re.compile(r"^(?:[≈~]|(?:about|approximately|approx\.?|around|roughly)\s)\s*", re.IGNORECASE)
_PERCENT = re.compile(r"(?<=[\d.)}])\s*(?:per\s?cent|pct)$", re.IGNORECASE)
_CURRENCY = re.compile(r"^([+-]?)\s*(US\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CNY)\s)\s*(?=[+-]?[\d.])")
_SCALE = re.compile(r"(hundred|thousand|million|billion|trillion)\b\s*", re.IGNORECASE)
_UNIT_STARTS = re.compile(r"(?:(?<=[\d)}π!])|(?<=\d\.))\s*(?=[A-Za-z°$€£¥₹¢μΩ])|(?<=\d) (?=/ ?[A-Za-z])")
_NUMERAL = re.compile(r"[\dπ]")
_INFINITY = re.compile(r"^\+?(-?)(?:∞|inf|infinity)$", re.IGNORECASE)
_NOT_NUMBERS = re.compile(
    r"^\d[\d.,]*\s*-\s*\d[\d.,]*$"  # a range or a score
    r"|^\d+(?:([/-])\d+)(?:\1\d+)+$"  # a date that could be two, a telephone number
    r"|^(?:[A-Z][A-Za-z]*|[a-z]{2,})-\d+$"  # a name such as F-16
    r"|^\d+(?:st|nd|rd|th)\b"
)
_PI = re.compile(r"(?<![A-Za-z\\])pi(?![A-Za-z])")
_ANGLE = re.compile(r"sin|cos|tan|cot|sec|csc")
_MATHEMATICAL = re.compile(rf"[\d^+*=π]|\\[a-z]|\b(?:{'|'.join(sorted(FUNCTIONS))})(?:\(| \w\b)")
_OF_LETTERS = re.compile(r"^(?:[A-Za-z]\s*[-/]\s*[A-Za-z]|[A-Za-z]!|[A-Za-z]\s*/\s*\(.*\)|\|.*\|)$")
_MOST_SPLITS = 8


def read_number(text: str) -> str | None:
    r"""Return the key of a number, a quantity or an expression; None if `text` is neither.

    Rationals are exact; other constants have 18 digits; an expression in symbols is written as its two samples.
    A range (``3-5``), an ordinal (``1st``), a name (``F-16``) and what could be a date are no numbers.

    >>> read_number("five kilometers"), read_number("50 %"), read_number("$1.5 million"), read_number("2π m")
    ('number:5 km', 'number:1/2', 'number:1500000 USD', 'number:≈6.28318530717958648 m')
    """
    text = _ABOUT.sub("", text)
    if infinity := _INFINITY.match(text):
        return f"number:{infinity[1]}∞"
    if _NOT_NUMBERS.match(text):
        return None
    text = _PI.sub("π", _PERCENT.sub("%", _from_words(text)))
    if quantity := _quantity(text):
        return f"number:{quantity}"
    if not _MATHEMATICAL.search(text) and not _OF_LETTERS.match(text):
        return None
    with suppress(Unreadable):
        value = read(text)
        return ("number:" if is_constant(value) else "expression:") + write(value)
    return None


def _quantity(text: str) -> str | None:
    """Return number and unit, split at the first place where both sides can be read."""
    if not _NUMERAL.search(text):
        return None
    currency = ""
    if money := _CURRENCY.match(text):
        text, currency = money[1] + text[money.end() :], money[2]
    starts = [match.span() for match, _ in zip(_UNIT_STARTS.finditer(text), range(_MOST_SPLITS), strict=False)]
    for end, start in [*starts, (len(text), len(text))]:
        scale = _SCALE.match(text, start)
        tail = text[scale.end() if scale else start :]
        unit = read_unit(f"{currency} {tail}")
        if unit is None or not (unit or scale) or (unit == "°" and _ANGLE.search(text)):
            continue
        if tail and end == start and not scale and not is_known(unit):
            continue  # 3abc is a product, 3 abc may be a count
        factor = Fraction(_SCALES[scale[1].lower()] if scale else 1)
        with suppress(Unreadable):
            value = apply("*", read(text[:end]), factor)
            if is_constant(value):
                return f"{write(value)} {unit}".strip()
    return None


def _from_words(text: str) -> str:
    """Write the number words that `text` begins with in digits.

    >>> _from_words("twenty-one apples"), _from_words("minus two thirds"), _from_words("one two")
    ('21 apples', '-2/3', 'one two')
    """
    sign, words = "", text.replace("-", " ").split()
    if words and words[0].lower() in ("minus", "negative"):
        sign, words = "-", words[1:]
    if words and words[0].lower() == "half":
        return f"{sign}1/2 {' '.join(words[1:])}".strip()
    number, used = _count([word.lower() for word in words])
    if not used:
        return text
    denominator, rest = "", words[used:]
    if rest and (part := rest[0].lower()) in _PARTS and part.endswith("s") == (number != 1):
        denominator, rest = f"/{_PARTS[part]}", rest[1:]
    return " ".join([f"{sign}{number}{denominator}", *rest])


def _count(words: list[str]) -> tuple[int, int]:
    """Return the number that the first of `words` say, and how many of them say it; none if they say two."""
    total, group, used = 0, 0, 0
    for word, following in zip_longest(words, words[1:]):
        small = _SMALL.get(word)
        if small is not None and (group % 100 == 0 or (small < 10 <= 20 <= group % 100 and group % 10 == 0)):
            group += small
        elif word in _SCALES and used:
            group *= _SCALES[word]
            if word != "hundred":
                total, group = total + group, 0
        elif not (word == "and" and used and following in _SMALL):
            break
        used += 1
    return (0, 0) if words[used:] and words[used] in _SMALL else (total + group, used)
