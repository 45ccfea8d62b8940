"""The text protocol: what a reply asks for. A program, a search or an answer; one action in a turn."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from langchain_core.messages import AIMessage

from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.text import cut

LONGEST_REPLY = 200_000
"""Characters of a reply that are read; of a longer one, the beginning and the end."""

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_PROGRAM = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(?:python3?|py)[ \t]*$", re.IGNORECASE)
_QUERY = re.compile(r"<search>(.*?)</search>", re.DOTALL | re.IGNORECASE)
_QUERY_END = re.compile(r"</search>", re.IGNORECASE)

Action = Literal["answer", "code", "search", "nothing", "two actions", "unclosed"]


@dataclass(frozen=True)
class Turn:
    """What one reply asks for.

    Attributes:
        action: What is to be done. ``nothing``, ``two actions`` and ``unclosed`` are malformed turns.
        text: The answer, the program or the query.
    """

    action: Action
    text: str = ""


def read_turn(reply: str, *, code: bool, search: bool) -> Turn:
    """Read a reply of an agent that may run programs (`code`) and search (`search`).

    An answer ends the work even if an action stands beside it, as in the paper's algorithm 2. Several programs in
    one turn are one program. An action that is not offered is no action.

    >>> read_turn("Let me compute. <search>height of Mount Ava</search>", code=True, search=True)
    Turn(action='search', text='height of Mount Ava')
    >>> read_turn("I believe it is <<<12>>>.", code=True, search=True)
    Turn(action='answer', text='12')
    """
    answer = extract_answer(reply)
    if answer.answer is not None or answer.why == "refusal":
        return Turn("answer", answer.answer or "")
    lines = reply.replace("\r\n", "\n").split("\n")
    programs = ["".join(f"{line}\n" for line in lines[begin + 1 : end]) for begin, end in _blocks(lines, _PROGRAM)]
    programs = programs if code else []
    rest = _unfenced(lines)
    queries = _queries(rest) if search else []
    if programs and queries:
        return Turn("two actions")
    if programs:
        return Turn("code", "\n".join(programs))
    if queries:
        return Turn("search", queries[0])
    return Turn("unclosed" if _breaks_off(rest, answer.why, code=code, search=search) else "nothing")


def bounded(reply: AIMessage) -> AIMessage:
    """Return a reply without the middle of a text that no one could read in time."""
    if len(reply.text) <= LONGEST_REPLY:
        return reply
    return reply.model_copy(update={"content": cut(reply.text, LONGEST_REPLY)})


def _blocks(lines: list[str], opening: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of fenced blocks, in time that grows with the number of lines only."""
    marked = [(number, line) for number, line in enumerate(lines) if "```" in line or "~~~" in line]
    closing: dict[str, list[int]] = {}
    for number, line in marked:
        fence = line.strip(" \t")
        if fence == fence[0] * len(fence):
            closing.setdefault(fence, []).append(number)
    after = 0
    for number, line in marked:
        if number < after or not (mark := opening.match(line)):
            continue
        ends = closing.get(mark[1], [])
        if (place := bisect_right(ends, number)) < len(ends):
            after = ends[place] + 1
            yield number, ends[place]


def _unfenced(lines: list[str]) -> str:
    kept, after = [], 0
    for begin, end in _blocks(lines, _FENCE):
        kept += lines[after:begin]
        after = end + 1
    return "\n".join(kept + lines[after:])


def _queries(text: str) -> list[str]:
    ends = [match.end() for match in _QUERY_END.finditer(text)]
    found = [match[1].strip() for match in _QUERY.finditer(text, 0, ends[-1])] if ends else []
    return [query for query in found if query]


def _breaks_off(rest: str, why: str | None, *, code: bool, search: bool) -> bool:
    open_program = code and any(_PROGRAM.match(line) for line in rest.split("\n"))
    open_query = search and "<search>" in rest.lower()
    return open_program or open_query or why == "truncated answer"
