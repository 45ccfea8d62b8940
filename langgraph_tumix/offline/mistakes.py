"""Mistakes as people and programs make them, so that agents disagree and there is something to settle."""

import random
import re
from collections.abc import Callable

from langgraph_tumix.offline.problem import Problem, show


def slip(right: str, problem: Problem, rng: random.Random) -> str:
    """Return a plausible wrong result: the question misread, or a slip of the pen."""
    misread = [value for misreading in problem.misreadings if (value := _shown(misreading)) not in (None, right)]
    if misread and (rng.random() < 0.5 or not re.search(r"\d", right)):
        return rng.choice(misread)
    return miswritten(right, rng)


def _shown(misreading: Callable[[], object]) -> str | None:
    try:
        return show(misreading())
    except (ArithmeticError, ValueError):
        return None


def miswritten(right: str, rng: random.Random) -> str:
    """Return a text with a number, or else a letter, gone wrong.

    >>> miswritten("yes", random.Random(0)), miswritten("2^3 * 5", random.Random(1)) == "2^3 * 5"
    ('no', False)
    """
    if right in ("yes", "no"):
        return "no" if right == "yes" else "yes"
    numbers = list(re.finditer(r"\d+", right))
    if numbers:
        spot = rng.choice(numbers)
        return right[: spot.start()] + _other_number(spot[0], rng) + right[spot.end() :]
    turns = [n for n in range(len(right) - 1) if right[n] != right[n + 1]]
    if not turns:
        return right + right[-1:]
    n = rng.choice(turns)
    return right[:n] + right[n + 1] + right[n] + right[n + 2 :]


def _other_number(digits: str, rng: random.Random) -> str:
    if len(digits) < 4:
        return str(abs(int(digits) + rng.choice((1, -1, 10))))
    place = rng.randrange(1, len(digits))
    other = (int(digits[place]) + rng.choice((1, 2, 9))) % 10
    return f"{digits[:place]}{other}{digits[place + 1 :]}"


def buggy(program: str, rng: random.Random) -> str:
    """Return a program with a bug: a mistyped name, which raises, or one off."""
    if rng.random() < 0.5:
        return program.replace("result", "reslut", 1)
    if " + 1)" in program:
        return program.replace(" + 1)", ")", 1)
    return f"{program}\nresult = result + 1"
