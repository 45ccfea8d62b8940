"""The cheap half of vetting: what can be told from a specification by reading it.

The patterns catch what a misled or careless proposer writes. They are no wall against a clever one, and need not be:
a specification is data, the code that an agent writes runs in the sandbox, and a person can be asked to approve.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.text import clean
from langgraph_tumix.design.proposal import MOST_CHECKS, MOST_STEPS, MOST_TOOL_USES, Proposal
from langgraph_tumix.errors import ConfigError

Kind = Literal[
    "schema", "too_long", "limits", "tool", "unsafe", "duplicate",  # read off the specification
    "failed", "no_answer", "behaviour", "budget",  # seen in the dry run
    "worse", "no_gain", "surplus", "declined",  # by its worth, by number, by a person
]  # fmt: skip

LONGEST = 6_000
"""Characters of an agent's texts together; the longest built-in agent has a quarter of that."""

ALIKE = 0.6
"""The share of common word triples from which two agents with the same tools are the same agent."""

RESERVED = frozenset({"judge", "aggregator", "designer", "intake", "dispatch", "collect", "aggregate", "design"})

_PHRASES: Mapping[str, str] = {
    "it leaves the protocol": r"<{3}|>{3}|```|~~~|</?search|"
    r"\b(?:without|instead of|do not use|don't use|never use|avoid|ignore|skip|omit|change)\b[^.]{0,60}"
    r"\b(?:brackets?|protocol|answer format|output format)\b",
    "it meddles with fences": r"\[\[|\]\]|"
    r"\b(?:obey|follow|execute|carry out|comply with)\b[^.]{0,40}\b(?:instructions?|requests?|commands?|orders?|"
    r"whatever|anything|everything)\b[^.]{0,40}\b(?:in|inside|of|within|from) (?:the |any |other )*"
    r"(?:notes?|fences?|materials?|search results?|sources?|web ?pages?)\b|"
    r"\b(?:ignore|disregard|forget|override)\b[^.]{0,60}"
    r"\b(?:instructions?|rules?|fences?|fencing|system|harness|prompts?)\b",
    "it reveals what is not for others": r"\b(?:reveal|repeat|print|show|quote|disclose|leak|copy|dump|write out)\b"
    r"[^.]{0,60}\b(?:system (?:prompt|message)|your (?:prompt|instructions?)|prompts? verbatim)\b|"
    r"\b(?:environment variables?|environ\b|api[ _-]?keys?|passwords?|credentials?|secrets?|access tokens?|"
    r"/etc/|/proc/|~/|\.ssh\b|\.env\b)",
    "it contacts someone": r"\b(?:https?|ftp|wss?)://|\bwww\.|\b[\w.+-]+@[\w-]+\.\w|"
    r"\b(?:e-?mails?|webhooks?|sockets?|upload|curl|wget|urllib|httpx|requests\.\w+|subprocess|os\.system|"
    r"pip install)\b|"
    r"\b(?:post|send|submit|report|transmit)\b[^.]{0,40}\bto (?:the |an? |any |your |my |our )?"
    r"(?:server|address|url|endpoint|person|someone|author|operator|user|outside)\b",
    "it asks for the right answers": r"\b(?:answer key|gold (?:answers?|labels?)|ground truth)\b",
}
_UNSAFE = {why: re.compile(pattern) for why, pattern in _PHRASES.items()}


@dataclass(frozen=True)
class Rejection:
    """Why a specification is not admitted: in a word for counting, and in a sentence for people."""

    kind: Kind
    reason: str

    def __post_init__(self) -> None:
        # It quotes what a model or a provider wrote, and ends up in terminals.
        object.__setattr__(self, "reason", clean(self.reason)[:_LONGEST_REASON])


_LONGEST_REASON = 500


@dataclass(frozen=True)
class Screened:
    """A specification that passed, or why it did not."""

    name: str
    rationale: str = ""
    agent: Agent | None = None
    rejection: Rejection | None = None


Check = Callable[[Agent], str | None]


def screen(proposals: Sequence[Any], known: Sequence[Agent], *, most: int, missing: Check) -> list[Screened]:
    """Read proposals, in order; one that passes is known to those after it.

    Args:
        proposals: What a model wrote.
        known: The agents that there are.
        most: How many are looked at; the rest is surplus.
        missing: Says which tool an agent asks for that it may not have, if any.
    """
    screened: list[Screened] = []
    known = list(known)
    for proposal in proposals[:most]:
        one = screen_one(proposal, known, missing)
        known += [one.agent] if one.agent else []
        screened.append(one)
    surplus = len(proposals) - most
    if surplus > 0:
        reason = f"{surplus} more than the {most} that are looked at"
        screened.append(Screened(f"{surplus} others", rejection=Rejection("surplus", reason)))
    return screened


def screen_one(proposal: Any, known: Sequence[Agent], missing: Check) -> Screened:
    """Read one proposal."""
    name = _shown(proposal.get("name") if isinstance(proposal, Mapping) else proposal)
    try:
        read = _read(proposal)
        agent = read.agent()
    except _Rejected as rejected:
        return Screened(name, rejection=rejected.why)
    except ConfigError as error:
        return Screened(name, rejection=Rejection("schema", str(error)))
    why = _refused(agent, known, missing)
    return Screened(name, clean(read.rationale)[:500], None if why else agent, why)


class _Rejected(Exception):
    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.why = Rejection(kind, reason)


def _shown(name: object) -> str:
    return " ".join(clean(str(name)[:200]).split())[:40] if isinstance(name, str) and name.strip() else "(no name)"


def _read(proposal: Any) -> Proposal:
    if not isinstance(proposal, Mapping):
        raise _Rejected("schema", f"it is a {type(proposal).__name__}, not an object with name and instruction")
    length = sum(_length(value) for value in proposal.values())
    if length > LONGEST:
        raise _Rejected("too_long", f"it has {length:,} characters, and {LONGEST:,} are allowed")
    try:
        return Proposal.model_validate(dict(proposal), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field, message = ".".join(map(str, first["loc"])), first["msg"]
        asked = str(proposal.get(field))[:60]
        if field in ("code", "search", "tools"):
            raise _Rejected("tool", f"it asks for a tool that there is not: {field} = {asked}") from None
        raise _Rejected("schema", f"{field[:60]}: {message}") from None


def _length(value: object) -> int:
    if isinstance(value, list | tuple):
        return sum(_length(entry) for entry in value[:LONGEST]) + len(value)
    return len(value) if isinstance(value, str) else len(str(value))


def _refused(agent: Agent, known: Sequence[Agent], missing: Check) -> Rejection | None:
    asked = (len(agent.steps), agent.most_checks, agent.max_tool_uses)
    if any(count > most for count, most in zip(asked, (MOST_STEPS, MOST_CHECKS, MOST_TOOL_USES), strict=True)):
        return Rejection(
            "limits",
            f"{asked[0]} further steps, {asked[1]} checks and {asked[2]} tool uses: at most {MOST_STEPS}, "
            f"{MOST_CHECKS} and {MOST_TOOL_USES} are allowed",
        )
    lacking = missing(agent)
    if lacking:
        return Rejection("tool", lacking)
    wrong = _unsafe(agent)
    if wrong:
        return Rejection("unsafe", wrong)
    return _duplicate(agent, known)


def _unsafe(agent: Agent) -> str | None:
    for text in (agent.name, agent.instruction, *agent.steps, agent.guide):
        if clean(text) != text.replace("\r\n", "\n").replace("\r", "\n"):
            return "it holds characters that a reader does not see"
        plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        for why, pattern in _UNSAFE.items():
            if found := pattern.search(plain):
                return f"{why}: “{found[0][:80]}”"
    return None


def _duplicate(agent: Agent, known: Sequence[Agent]) -> Rejection | None:
    if agent.name.casefold() in RESERVED | {other.name.casefold() for other in known}:
        return Rejection("duplicate", f"the name {agent.name!r} is taken")
    words = _triples(agent)
    for other in known:
        if (agent.code, agent.search) != (other.code, other.search):
            continue
        theirs = _triples(other)
        alike = len(words & theirs) / max(1, min(len(words), len(theirs)))
        if alike >= ALIKE:
            return Rejection("duplicate", f"its text is that of {other.name!r}: {alike:.0%} of the word triples")
    return None


def _triples(agent: Agent) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", " ".join((agent.instruction, *agent.steps, agent.guide)).casefold())
    return {tuple(words[n : n + 3]) for n in range(max(1, len(words) - 2))}
