"""A question that can be computed: how to work it out, and how to write its answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from langgraph_tumix.offline.expression import decimal

UNITS = r"(?:(?:square )?(?:kilo|centi)?metres?|km²|km|cm|m)"


@dataclass(frozen=True)
class Problem:
    """How to work out an answer, in words and by program.

    Attributes:
        method: How one goes about it in words, short of the result.
        solve: The right result, as patience with pen and paper gives it. It raises `ArithmeticError` where there is
            no result, or where pen and paper would not do.
        programs: Python programs, each computing in a way of its own, that leave the answer in ``result``.
        hardness: How easily the work in words goes wrong; 0 never, 1 as often as the model's error rate says.
        misreadings: Wrong results that come of misreading a condition.
    """

    method: str
    solve: Callable[[], object]
    programs: tuple[str, ...]
    hardness: float
    misreadings: tuple[Callable[[], object], ...] = ()


def require(sensible: bool) -> None:
    """Give up on numbers or words that make no question.

    Raises:
        ValueError: They make none.
    """
    if not sensible:
        raise ValueError("this makes no question")


def within(limit: int, n: int) -> int:
    """Return `n` if pen and paper can deal with it.

    Raises:
        OverflowError: It is above `limit`.
    """
    if n > limit:
        raise OverflowError("it is too long for pen and paper")
    return n


def show(value: object) -> str:
    """Write a result as a person would.

    >>> show(Fraction(5, 2)), show(Fraction(6, 3)), show(Fraction(22, 7)), show(True)
    ('2.5', '2', '22/7', 'yes')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case Fraction():
            return decimal(value)
        case _:
            return str(value)


_NUMBER = re.compile(
    rf"(-?\d+/0*[1-9]\d*|-?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?) ?(?:%|{UNITS}|years?|days?|hours?)?"
)


def key(answer: str) -> str:
    """Return what an answer says, whatever its notation: equal for answers that are the same.

    >>> key("1,000 m") == key("1000.0"), key("2.5") == key("5/2"), key("The Lantern Bridge.")
    (True, True, 'lantern bridge')
    """
    text = " ".join(answer[:5000].casefold().split()).strip(".,;:!'\"“”").removeprefix("the ")
    number = _NUMBER.fullmatch(text)
    return text if number is None or len(text) > 1000 else str(Fraction(number[1].replace(",", "")))
