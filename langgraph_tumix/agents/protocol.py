"""The text protocol: what a reply asks for. A program, a search or an answer; one action in a turn."""

import re
from dataclasses import dataclass
from typing import Literal

from langgraph_tumix.core.answers import extract_answer

_OPENED = r"^[ \t]*(`{3,}|~{3,})[ \t]*(?:python3?|py)[ \t]*"
_PROGRAM = re.compile(_OPENED + r"\n(.*?)^[ \t]*\1[ \t]*$", re.M | re.S | re.I)
_OPEN_PROGRAM = re.compile(_OPENED + "$", re.M | re.I)
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n.*?^[ \t]*\1[ \t]*$", re.M | re.S)
_QUERY = re.compile(r"<search>(.*?)</search>", re.S | re.I)

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
    programs = [match[2] for match in _PROGRAM.finditer(reply)] if code else []
    queries = [match[1].strip() for match in _QUERY.finditer(_FENCED.sub("", reply))] if search else []
    queries = [query for query in queries if query]
    if programs and queries:
        return Turn("two actions")
    if programs:
        return Turn("code", "\n".join(programs))
    if queries:
        return Turn("search", queries[0])
    return Turn("unclosed" if _breaks_off(reply, answer.why, code=code, search=search) else "nothing")


def _breaks_off(reply: str, why: str | None, *, code: bool, search: bool) -> bool:
    rest = _FENCED.sub("", reply)
    open_program = code and _OPEN_PROGRAM.search(rest) is not None
    open_query = search and "<search>" in rest.lower()
    return open_program or open_query or why == "truncated answer"
