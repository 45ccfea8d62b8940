"""Numbers, quantities and expressions: digits, words or formulas, with or without a unit."""

import re
from fractions import Fraction

from langgraph_tumix.core.formulas import read
from langgraph_tumix.core.units import is_known, read_unit
from langgraph_tumix.core.values import Unreadable, apply, is_constant, write

_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "halves": 2, "thirds": 3, "quarters": 4, "fifths": 5}

_ABOUT = re.compile(r"^(?:[≈~]|(?:about|approximately|approx\.?|around|roughly)\s)\s*", re.IGNORECASE)
_PERCENT = re.compile(r"(?<=[\d.)}])\s*(?:per\s?cent|pct)$", re.IGNORECASE)
_CURRENCY = re.compile(r"^([+-]?)\s*(US\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CNY)\s)\s*(?=[+-]?[\d.])")
_SCALE = re.compile(r"^(hundred|thousand|million|billion|trillion)\b\s*", re.IGNORECASE)
_UNIT_STARTS = re.compile(r"(?:(?<=[\d)}π!])|(?<=\d\.))\s*(?=[A-Za-z°$€£¥₹¢μΩ])")
_NUMERAL = re.compile(r"[\dπ]")
_INFINITY = re.compile(r"^\+?(-?)(?:∞|inf|infinity)$", re.IGNORECASE)
_NOT_NUMBERS = re.compile(
    r"^\d[\d.,]*\s*-\s*\d[\d.,]*$"  # a range or a score
    r"|^\d+(?:([/-])\d+)(?:\1\d+)+$"  # a date that could be two, a telephone number
    r"|^(?:[A-Z][A-Za-z]*|[a-z]{2,})-\d+$"  # a name such as F-16
    r"|^\d+(?:st|nd|rd|th)\b"
)
_MATHEMATICAL = re.compile(r"[\d^+*=π]|\\[a-z]|\b(?:pi\b|[a-z]{2,6}\()")
_OF_LETTERS = re.compile(r"^(?:[A-Za-z]\s*[-/]\s*[A-Za-z]|[A-Za-z]!|[A-Za-z]\s*/\s*\(.*\)|\|.*\|)$")
_MOST_SPLITS = 8


def read_number(text: str) -> str | None:
    r"""Return the key of a number, a quantity or an expression; None if `text` is neither.

    Rationals are exact; other constants have 18 digits; an expression in symbols is written as its two samples.
    A range (``3-5``), an ordinal (``1st``), a name (``F-16``) and what could be a date are no numbers.

    >>> read_number("five kilometers"), read_number("50 %"), read_number("$1.5 million"), read_number("2\\sqrt{2} m")
    ('number:5 km', 'number:1/2', 'number:1500000 USD', 'number:≈2.82842712474619010 m')
    """
    text = _ABOUT.sub("", text)
    if infinity := _INFINITY.match(text):
        return f"number:{infinity[1]}∞"
    if _NOT_NUMBERS.match(text):
        return None
    text = _PERCENT.sub("%", _from_words(text))
    if quantity := _quantity(text):
        return f"number:{quantity}"
    if not _MATHEMATICAL.search(text) and not _OF_LETTERS.match(text):
        return None
    try:
        value = read(text)
    except Unreadable:
        return None
    return ("number:" if is_constant(value) else "expression:") + write(value)


def _quantity(text: str) -> str | None:
    """Return number and unit, split at the first place where both sides can be read."""
    if not _NUMERAL.search(text):
        return None
    currency = ""
    if money := _CURRENCY.match(text):
        text, currency = money[1] + text[money.end() :], money[2]
    places = [match.span() for match, _ in zip(_UNIT_STARTS.finditer(text), range(_MOST_SPLITS), strict=False)]
    for end, start in [*places, (len(text), len(text))]:
        scale = _SCALE.match(text[start:])
        tail = f"{currency} {text[start + (scale.end() if scale else 0) :]}".strip()
        unit = read_unit(tail) if tail else ""
        if unit is None or not (unit or scale) or (end == start < len(text) and not scale and not is_known(unit)):
            continue
        factor = _SCALES[scale[1].lower()] if scale else 1
        try:
            value = apply("*", read(text[:end]), Fraction(factor))
        except Unreadable:
            continue
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
    total, group, used = 0, 0, 0
    for place, word in enumerate(words):
        small, scale = _SMALL.get(word.lower()), _SCALES.get(word.lower(), 0)
        if small is not None and (group % 100 == 0 or (small < 10 <= 20 <= group % 100 and group % 10 == 0)):
            group += small
        elif scale and used:
            group *= scale
            if scale > 100:
                total, group = total + group, 0
        elif not (used and word.lower() == "and" and place + 1 < len(words) and words[place + 1].lower() in _SMALL):
            break
        used = place + 1
    if not used or (used < len(words) and words[used].lower() in _SMALL):
        return text
    number, rest = f"{sign}{total + group}", words[used:]
    if rest and rest[0].lower() in _PARTS and rest[0].lower().endswith("s") == (total + group != 1):
        number, rest = f"{number}/{_PARTS[rest[0].lower()]}", rest[1:]
    return " ".join([number, *rest])
