r"""Keys: when two answers mean the same.

A key is a readable, tagged string such as ``choice:A``, ``number:12 km`` or ``text:paris``; answers with one key count
as one. A wrong merge cannot be undone and a missed one can be mended by asking a model, so in doubt keys differ, and
`may_be_same` says which different ones are worth asking about.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache, partial
from itertools import permutations

from langgraph_tumix.core.answers import LONGEST_ANSWER
from langgraph_tumix.core.dates import read_date
from langgraph_tumix.core.formulas import LONGEST
from langgraph_tumix.core.notation import plain
from langgraph_tumix.core.numbers import read_number
from langgraph_tumix.core.structures import read_bracketed, read_either, read_relation, read_series
from langgraph_tumix.core.units import is_known

_DEEPEST = 4
_LONGEST_KEY = 400
_OPTION = r"(?:(?:option|choice|answer|letter)(?:\s+|(?=\()))?"
_CHOICE = re.compile(rf"{_OPTION}[(\[]?([A-J])[)\]]?[.:]?", re.IGNORECASE | re.ASCII)
_CHOICE_WITH_TEXT = re.compile(
    r"(?:(?i:option|choice)\s+([A-Ja-j])\s*[-:.,)]|(?i:option\s+|choice\s+)?\(([A-Ja-j])\)[:.]?|([A-Ja-j])\)[:.]?)"
    r"\s+(?!(?:and|or)\s)(?=[^\W_]|[-$\\\"'([{.]\S)(.+)",
    re.DOTALL,
)
_MAYBE_CHOICE = re.compile(r"([A-J])\s*[.:-]\s+(\S.*)", re.DOTALL)
_OTHER_CHOICE = re.compile(r"(?<![\w(])\(?[A-Ja-j]\)|^[A-Ja-j]$")
_PERCENT = re.compile(r"(?:%|per\s?cent|pct)\W*$", re.IGNORECASE)
_LONGEST_PERCENT = 20
_CHEMICAL = re.compile(r"(?=.*_)(?:\(?[A-Z][a-z]?\)?(?:_?\{?\d+\}?)?)+")

_RATIO = re.compile(r"(?<=\d) ?: ?(?=\d)")
_OPPOSITES = [{left, right} for left in ("yes", "true") for right in ("no", "false")]
_COLLECTIONS = frozenset({"set", "list", "interval", "union"})
_INEXACT = re.compile(r"text:|expression:|relation:|[≈/ ]")
_ATOM = re.compile(r"(?:number|choice|date):[^,{}()\[\]]+")
_ROUNDING = Fraction(2, 100)


def answer_key(answer: str) -> str | None:
    r"""Return the key of an answer, taken by itself; None if nothing is written but space and markup.

    >>> [answer_key(answer) for answer in ("(A) 42 apples", r"$\frac{1}{2}$", "50 %", "5 March 2024", "**Yes.**", " ")]
    ['choice:A', 'number:1/2', 'number:1/2', 'date:2024-03-05', 'text:yes', None]
    """
    return _text_key(answer) if len(answer) > LONGEST_ANSWER else _cached_key(answer)


@lru_cache(maxsize=4096)
def _cached_key(answer: str) -> str | None:
    return _key(answer, 0)


def _key(answer: str, depth: int) -> str | None:
    text = plain(answer)
    if len(text) > LONGEST or depth > _DEEPEST or _CHEMICAL.fullmatch(text):
        return _text_key(text)
    if choice := read_choice(text):
        return f"choice:{choice[0]}"
    if date := read_date(text):
        return f"date:{date}"
    part = partial(_key, depth=depth + 1)
    return (
        read_bracketed(text, part)
        or read_either(text, part)
        or read_relation(text, part)
        or read_number(text)
        or read_series(text, part)
        or _text_key(text)
    )


def read_choice(text: str) -> tuple[str, str] | None:
    """Return the letter, A to J, and the text of the option that is chosen; the text may be empty.

    ``a cat`` and ``E. coli`` choose nothing, ``(E) coli`` does; see `group_keys` for ``E. coli`` among letters.

    >>> read_choice("option b"), read_choice("(C) Paris"), read_choice("a cat")
    (('B', ''), ('C', 'Paris'), None)
    """
    if letter := _CHOICE.fullmatch(text):
        return letter[1].upper(), ""
    if (chosen := _CHOICE_WITH_TEXT.fullmatch(text)) and not _OTHER_CHOICE.search(chosen[4]):
        return (chosen[1] or chosen[2] or chosen[3]).upper(), chosen[4]
    return None


def _text_key(text: str) -> str | None:
    folded = _RATIO.sub(":", " ".join(text.casefold().split()))
    folded = folded.rstrip(".!?,;: ") or folded
    if "\\" in folded:
        folded = re.sub(r"\{(\w)\}", r"\1", folded.replace(" ", ""))
    elif _CHEMICAL.fullmatch(text):
        folded = re.sub("[_{}]", "", folded)
    if len(folded) > _LONGEST_KEY:
        folded = f"{folded[:60]}…{hashlib.sha256(folded.encode(errors='replace')).hexdigest()[:16]}"
    return f"text:{folded}" if folded else None


def group_keys(answers: Sequence[str]) -> list[str | None]:
    """Return the key of each answer in the light of the others, in the same order.

    Merged beyond `answer_key`, whatever the order of the answers:

    - a bare number with the same number and a unit, or with a per cent sign, if only one of these occurs;
    - ``B. Paris`` with ``B``, if somebody chose a letter B;
    - the text of an option with its letter, if an answer gives both and no other letter claims the text.

    >>> group_keys(["12", "12 km"]), group_keys(["12", "12 km", "12 m"])
    (['number:12 km', 'number:12 km'], ['number:12', 'number:12 km', 'number:12 m'])
    >>> group_keys(["(A) 42 apples", "A", "42 apples", "B"])
    ['choice:A', 'choice:A', 'choice:A', 'choice:B']
    """
    keys = _join_options(answers, [answer_key(answer) for answer in answers])
    return _join_units(answers, keys)


def _join_options(answers: Sequence[str], keys: list[str | None]) -> list[str | None]:
    joined, letters = list(keys), defaultdict[str | None, set[str]](set)
    for place, answer in enumerate(answers):
        text = plain(answer) if len(answer) <= LONGEST else ""
        option = read_choice(text)
        maybe = None if option else _MAYBE_CHOICE.fullmatch(text)
        if maybe and f"choice:{maybe[1]}" in keys and not _OTHER_CHOICE.search(maybe[2]):
            option = maybe[1], maybe[2]
        if option:
            joined[place] = f"choice:{option[0]}"
            letters[answer_key(option[1])].add(f"choice:{option[0]}")
    owner = {text: min(each) for text, each in letters.items() if text and len(each) == 1}
    return [key if key is None or key.startswith("choice:") else owner.get(key, key) for key in joined]


def _join_units(answers: Sequence[str], keys: list[str | None]) -> list[str | None]:
    with_unit, bare = defaultdict[str | None, set[str]](set), set[int]()
    for place, (answer, key) in enumerate(zip(answers, keys, strict=True)):
        number, _, unit = (key or "").partition(" ")
        if key is None or not number.startswith("number:"):
            continue
        if unit:
            with_unit[number].add(key)
        elif (
            _PERCENT.search(answer[-_LONGEST_PERCENT:])
            and (value := _rational(number.removeprefix("number:"))) is not None
        ):
            with_unit[f"number:{100 * value}"].add(key)
        else:
            bare.add(place)
    only = {number: min(each) for number, each in with_unit.items() if len(each) == 1}
    return [only.get(key, key) if place in bare else key for place, key in enumerate(keys)]


def may_be_same(first: str, second: str) -> bool:
    """Whether two keys could still mean the same, so that asking a model is worth its price.

    Never the same: two letters, two dates, two integers, two sets or lists of such, yes and no. Worth asking: texts,
    expressions, numbers within 2 % of each other (one may be rounded) or a hundredfold (one may be per cent),
    quantities in different units, a letter and what it may stand for.

    >>> may_be_same("number:1/3", "number:333/1000"), may_be_same("number:3", "number:4")
    (True, False)
    """
    kinds = {first.partition(":")[0], second.partition(":")[0]}
    if first == second:
        return True
    if kinds in ({"choice"}, {"date", "number"}):
        return False
    if kinds == {"date"}:
        return any(
            long.startswith(short) or long.endswith(short[1:]) for long, short in permutations(_bodies(first, second))
        )
    if kinds == {"number"}:
        return _may_be_same_number(*_bodies(first, second))
    if kinds == {"text"}:
        return set(_bodies(first, second)) not in _OPPOSITES
    if kinds & _COLLECTIONS and not _INEXACT.search(first + second):
        return set(_ATOM.findall(first)) == set(_ATOM.findall(second))
    return True


def _bodies(first: str, second: str) -> tuple[str, str]:
    return first.partition(":")[2], second.partition(":")[2]


def _may_be_same_number(first: str, second: str) -> bool:
    (number, _, unit), (other, _, other_unit) = first.partition(" "), second.partition(" ")
    if number == other:
        return not (unit and other_unit and is_known(unit) and is_known(other_unit))
    if unit and other_unit and unit != other_unit:
        return True
    value, other_value = _rational(number), _rational(other)
    if value is None or other_value is None:
        return "∞" not in first + second
    if value.denominator == other_value.denominator == 1:
        return False
    largest = max(abs(value), abs(other_value))
    return abs(value - other_value) <= largest * _ROUNDING or 100 * min(abs(value), abs(other_value)) == largest


def _rational(number: str) -> Fraction | None:
    """Return a number as it stands in a key as a fraction; None if it is complex or infinite."""
    try:
        return Fraction(number.removeprefix("≈"))
    except ValueError:
        return None
