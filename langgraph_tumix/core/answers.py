r"""The answer in an agent's reply: what stands between ``<<<`` and ``>>>``, or why there is none.

What counts as no answer is decided here, once. A phrase about the speaker or the search ("unknown", "I cannot
determine it", "no information found", "none of the sources say") abstains. A phrase about the question itself
("cannot be determined from the information given", "not enough information", "does not exist", "none") is an answer:
such options are common in multiple choice. So is ``ValueError: …``, which may be what a program prints; ``Error: …``
is what a tool says that failed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from langgraph_tumix.core.notation import plain
from langgraph_tumix.core.text import clean

LONGEST_ANSWER = 10_000
"""Characters; a longer answer abstains."""

Why = Literal[
    "empty reply",
    "no answer in the reply",
    "truncated answer",
    "empty answer",
    "placeholder",
    "refusal",
    "error text",
    "answer too long",
]


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a reply answers.

    Attributes:
        answer: The answer as the agent wrote it, without control characters; None if there is none.
        why: Why there is none; None if there is one.
    """

    answer: str | None
    why: Why | None = None


_MARK = re.compile("<{3,}|>{3,}")
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`>][^`]*$|$)|~{3,})")
_APART = re.compile(r"(?:^|\s)>|`{3}|~{3}")  # without it, no line is quoted and none fenced
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_STATED = re.compile(
    r".*\banswer(?:\s+(?:to|for)\s[^.:]{1,80})?[*_`]*\s*(?:\bis\b|=|:)[\s*_`:]*(?=\S)(.+)", re.IGNORECASE | re.DOTALL
)
_HEADING = re.compile(r"\W*(?:the\s+)?(?:final\s+)?answer\W*", re.IGNORECASE)
_EMPHASIS = "*_` "
_LONGEST_LINE = 2_000
_LONGEST_PHRASE = 300

_PLACEHOLDER = re.compile(
    r"(?:insert )?(?:the |your |my )?(?:final )?answer(?: goes)?(?: here)?|\.{3}|\?+|placeholder|tbd|to be determined"
)
_ERROR = re.compile(
    r"(?:an )?(?:(?:api|server|internal|network|runtime|execution|code|tool|search|model|system|fatal|unexpected) )*"
    r"error(?::|$| code\b| \d{3}\b)"
    r"|traceback \(most recent call last\)"
    r"|(?:http(?:/[\d.]+)?|status(?: code)?:?) ?(?:error )?[45]\d\d\b"
    r"|(?:429|50[0234])[: -]+(?:too many|internal|bad gateway|service|gateway)"
    r"|(?:api )?rate limit(?:ed)? (?:exceeded|reached|hit|error)|too many requests\b|internal server error\b"
    r"|service unavailable\b|bad gateway\b|connection (?:error|refused|reset)\b"
    r"|(?:(?:the|code|program|tool|model|search|request|execution|call|operation|has|was) )*timed out\b"
)
_VERBS = (
    "(?:know|answer|determine|find|say|tell|provide|give|solve|help|assist|confirm|verify|access|compute|complete|"
    "have (?:access|enough|any|the|a)|be (?:sure|certain)|continue|comply)"
)
_REFUSAL = re.compile(
    r"(?:unknown|not known|n/a|not available|no (?:final )?answer|no idea|idk|(?:i am |i'm )?(?:not sure|unsure)|"
    r"unanswerable)$"
    r"|(?:(?:i am |i'm )?(?:so )?sorry[,.;:]? (?:but )?|unfortunately,? |as an ai\b[^,]{0,40}, ?)?(?:i|we) "
    r"(?:(?:still |really |simply )?(?:do not|don't|cannot|can't|can not|could not|couldn't|did not|didn't)|"
    rf"(?:am|are|was|were) (?:not able|unable) to) (?:actually |reliably )?{_VERBS}\b"
    r"|(?:i am |i'm )?(?:so )?sorry[,.]?$"
    rf"|(?:unable|not able) to {_VERBS}\b"
    r"|i have no (?:idea|information|answer)\b"
    r"|no (?:relevant |reliable )?(?:information|results?|sources?|evidence)(?: (?:was|were|is|are|could be))? "
    r"(?:found|available)\b"
    r"|(?:the )?(?:answer|information) (?:could not|was not|cannot|can't|is not) (?:be )?(?:found|available)\b"
    r"|(?:could )?not (?:be )?found$"
    r"|(?:none|neither|nothing) (?:of|in) the (?:\w+ )?(?:sources|results|documents|notes|agents|pages|articles)\b"
)


def extract_answer(reply: str, *, final: bool = False) -> Extracted:
    r"""Read the answer of a reply.

    The last complete ``<<<…>>>`` counts. What stands in fenced code or in lines quoted with ``>`` does not, though an
    answer may itself hold code.

    Args:
        reply: The text of the reply.
        final: The agent gets no further turn. Without brackets, the last ``\boxed{…}`` counts, then a last line such
            as ``Final answer: 42``; and a reply that is a refusal or an error text as a whole is reported as such.

    >>> extract_answer("First I thought <<<41>>>, but it is <<<42>>>.")
    Extracted(answer='42', why=None)
    >>> extract_answer("I could not find it: <<<unknown>>>").why, extract_answer("It is <<<4").why
    ('refusal', 'truncated answer')
    >>> extract_answer("So the answer is 42.", final=True).answer
    '42'
    """
    if not reply.strip():
        return Extracted(None, "empty reply")
    shown = list(_visible(reply))
    found, is_open = _bracketed(reply, shown)
    if found is not None:
        return _judge(found)
    if is_open:
        return Extracted(None, "truncated answer")
    return _unbracketed("".join(text for _, text in shown)) if final else Extracted(None, "no answer in the reply")


def _visible(reply: str) -> Iterator[tuple[int, str]]:
    """Yield place and text of what is neither in fenced code nor quoted: line by line, or all at once."""
    if not _APART.search(reply):
        yield 0, reply
        return
    fence, start = "", 0
    for line in reply.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and mark[1] == line.strip():
                fence = ""
        elif mark:
            fence = mark[1]
        elif not _is_quoted(line.lstrip()):
            yield start, line
        start += len(line)


def _is_quoted(line: str) -> bool:
    """Whether a line is quoted; one that only closes a bracket is not."""
    return line.startswith(">") and (not line.startswith(">>>") or "<<<" in line)


def _bracketed(reply: str, shown: list[tuple[int, str]]) -> tuple[str | None, bool]:
    """Return the content of the last complete bracket, and whether one was left open after it."""
    found, opened = None, -1
    for start, text in shown:
        for mark in _MARK.finditer(text):
            if mark[0][0] == "<":
                opened = start + mark.start() + 3
            elif opened >= 0:
                content = reply[opened : start + mark.start()]
                unclosed = max(0, content.count("<") - content.count(">"))  # List<int>>>> ends with one of its own
                found = content + ">" * min(len(mark[0]) - 3, unclosed)
                opened = -1
    return found, opened >= 0


def _unbracketed(text: str) -> Extracted:
    if (at := text.rfind("\\boxed{")) >= 0:
        boxed = _braced(text[at + len("\\boxed{") :])
        return Extracted(None, "truncated answer") if boxed is None else _judge(boxed)
    ending = [line.strip() for line in text.splitlines() if line.strip()][-2:]
    if ending and len(ending[-1]) <= _LONGEST_LINE:
        if stated := _STATED.fullmatch(ending[-1]):
            return _judge(re.sub(r"(?<!\.)\.$", "", stated[1].strip(_EMPHASIS)).strip(_EMPHASIS))
        if len(ending) == 2 and _HEADING.fullmatch(ending[0][:_LONGEST_LINE]):
            return _judge(ending[1])
    why = _why_not(text)
    return Extracted(None, why if why in ("refusal", "error text") else "no answer in the reply")


def _braced(text: str) -> str | None:
    """Return what stands before the brace that closes one opened earlier; None if none does."""
    depth = 1
    for brace in _BRACE.finditer(text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return text[: brace.start()]
    return None


def _judge(content: str) -> Extracted:
    answer = clean(content).strip()
    why = _why_not(answer)
    return Extracted(None, why) if why else Extracted(answer)


def _why_not(answer: str) -> Why | None:
    if len(answer) > LONGEST_ANSWER:
        return "answer too long"
    phrase = plain(answer[:_LONGEST_PHRASE]).casefold()
    if not phrase:
        return "empty answer"
    if _PLACEHOLDER.fullmatch(phrase):
        return "placeholder"
    if _ERROR.match(phrase):
        return "error text"
    return "refusal" if _REFUSAL.match(phrase.rstrip("!. ")) else None
