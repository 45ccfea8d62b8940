"""What a model wrote in reply to a request, read as the numbers or the answer that were asked for."""

import re

from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.requests import Reply, Request

_LABEL = re.compile(r"\d+\s*[:=]")
_NUMBER = re.compile(r"(?<![\w.-])(\d{1,6}(?:\.\d+)?|\.\d+)(?:\s*/\s*(\d{1,6}))?\s*(%?)")
_RIGHT = dict.fromkeys(("yes", "right", "correct", "true"), 1.0)
_RIGHT |= dict.fromkeys(("no", "wrong", "incorrect", "false"), 0.0)


def read_reply(request: Request, text: str) -> Reply:
    """Read a reply; what cannot be read, or is out of range, is a reply without a number or an answer.

    Args:
        request: What was asked.
        text: What the model wrote; what counts stands between ``<<<`` and ``>>>``.

    >>> read_reply(Request("score", ("1/A/0",)), "Sound, but one step is missing: <<<85 %>>>").numbers
    (0.85,)
    >>> read_reply(Request("compare", ("1/A/0", "1/B/0")), "<<<A: 9, B: 4/10>>>").numbers
    (9.0, 4.0)
    >>> read_reply(Request("select", ("1/A/0", "1/B/0")), "<<<7>>>").numbers
    ()
    """
    said = extract_answer(text, final=True).answer
    if said is None:
        return Reply()
    numbers = list(_NUMBER.finditer(_LABEL.sub("", said)))
    match request.kind:
        case "synthesise":
            return Reply(answer=said)
        case "verify" if (word := said.strip(" .!*").lower()) in _RIGHT:
            return Reply((_RIGHT[word],))
        case "compare":
            return Reply(_within([float(number[1]) for number in numbers], 1, 10, len(request.notes)))
        case "select":
            places = [float(number[1]) for number in numbers]
            return Reply(_within([place for place in places if place.is_integer()], 1, len(request.notes), 1))
    return Reply(_within([_share(number) for number in numbers], 0, 1, 1))


def _within(numbers: list[float], least: float, most: float, count: int) -> tuple[float, ...]:
    """Return the numbers, if there are as many as asked for, and all within the range."""
    fits = len(numbers) == count and all(least <= number <= most for number in numbers)
    return tuple(numbers) if fits else ()


def _share(number: re.Match[str]) -> float:
    """Return a number as a share of 1: ``0.8``, ``80 %`` and ``8/10`` are the same."""
    whole = float(number[2]) if number[2] else 100.0 if number[3] else 1.0
    return float(number[1]) / whole if whole else -1.0
