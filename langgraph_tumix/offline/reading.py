"""From the messages of a call to what they ask for: role, question, notes, tools offered, results so far.

The model is told who it is in words only, so it reads the words. What stands between fences is material; so is the
question, which may hold anything. What may be done is read from the task at the end, and from nowhere else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage

from langgraph_tumix.core.text import clean

Role = Literal["solver", "guide", "checker", "judge", "grouper", "designer"]
Kind = Literal["code", "search", ""]

_END = re.compile(r"^\[\[end · ([0-9a-f]*)\]\]$", re.MULTILINE)
_PLACE = re.compile("\x00(\\d+)\x00")  # no text can forge it: control characters are removed first


@dataclass(frozen=True)
class Turn:
    """One past turn: what the solver said, what it did, and the material that came back."""

    said: str
    kind: Kind
    got: str


@dataclass(frozen=True)
class Reading:
    """What a call asks for.

    Attributes:
        role: Who is asked.
        question: The question, as it stands.
        notes: The notes of the round before, in their order; for the grouper the list of answers.
        task: The agent's own instruction, with how to use tools and how to answer.
        turns: What the solver did so far.
        progress: For a guide or a checker: what the solver did so far.
        guidance: For a solver: what its guide advises now.
        step: For a solver that works in steps: what the step in work tells it, beyond the first.
        roster: For a designer: the agents in force.
        left: Tool uses left.
        native: Names of bound tools that take a program (``code``) or a query (``query``).
    """

    role: Role
    question: str
    notes: tuple[str, ...] = ()
    task: str = ""
    turns: tuple[Turn, ...] = ()
    progress: str = ""
    guidance: str = ""
    step: str = ""
    roster: str = ""
    left: int = 0
    native: Mapping[str, str] = field(default_factory=dict)

    @property
    def one_program(self) -> bool:
        """Whether the answer has to be one program whose output is not seen."""
        return "```python" in self.task and "will not see its output" in self.task

    @property
    def may_code(self) -> bool:
        """Whether programs can be run, and their output read."""
        return self.left > 0 and ("code" in self.native or ("```python" in self.task and not self.one_program))

    @property
    def may_search(self) -> bool:
        """Whether searches can be made."""
        return self.left > 0 and ("query" in self.native or "<search>" in self.task)

    def got(self, kind: str) -> list[str]:
        """Return what programs (``code``) or searches (``search``) brought so far."""
        return [turn.got for turn in self.turns if turn.kind == kind]


def read_messages(messages: Sequence[BaseMessage], native: Mapping[str, str] | None = None) -> Reading:
    """Read the messages of a call. Text without the usual sections is taken for a plain question."""
    said = [message for message in messages if not isinstance(message, SystemMessage)]
    told = [_unfenced(message.text) for message in said if not isinstance(message, AIMessage)] or [("", [])]
    text, material = told[0]
    shared, found, own = text.rpartition("\n# Your task\n")
    if not found:
        return Reading("solver", _filled(*told[-1]))
    latest = told[-1][0] if len(told) > 1 else own
    task, _, progress = own.partition("\n# Guidance\n")[0].partition("\n# Progress so far\n")
    shared = shared.partition("# Question\n")[2]
    question, notes = _parts(shared, "Answers" if _role(task) == "grouper" else r"Notes of round \d+")
    return Reading(
        role=_role(task),
        question=_filled(question, material),
        notes=tuple(material[int(place)] for place in _PLACE.findall(notes)),
        task=task.strip(),
        turns=tuple(_turns(said)),
        progress=_filled(progress, material),
        guidance=latest.partition("\n# Guidance\n")[2],
        step=next((said for said, _ in reversed(told[1:]) if said.startswith("# Step ")), ""),
        roster=text.partition("\n# The kind of question\n")[0] if _role(task) == "designer" else "",
        left=_left(latest),
        native=native or {},
    )


def _unfenced(text: str) -> tuple[str, list[str]]:
    """Take the fenced parts out of a text, and leave a place for each.

    The true marker is that of the last fence: what stands between fences cannot hold it, and what stands before them
    cannot know it.
    """
    text = clean(text)
    ends = _END.findall(text)
    if not ends:
        return text, []
    plain: list[str] = []
    material: list[str] = []
    inside: list[str] | None = None
    for line in text.split("\n"):
        if inside is None and line.startswith("[[") and line.endswith(f" · {ends[-1]}]]"):
            inside = []
        elif inside is None:
            plain.append(line)
        elif line == f"[[end · {ends[-1]}]]":
            plain.append(f"\x00{len(material)}\x00")
            material.append("\n".join(inside))
            inside = None
        else:
            inside.append(line)
    return "\n".join([*plain, *(inside or ())]), material


def _filled(text: str, material: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: material[int(place[1])], text).strip()


def _parts(shared: str, heading: str) -> tuple[str, str]:
    """Split the shared part at its last heading of a kind that has fenced material behind it."""
    *_, last = [None, *re.finditer(rf"\n# {heading}\n", shared)]
    if last is None or not _PLACE.search(shared, last.end()):
        return shared, ""
    return shared[: last.start()], shared[last.end() :]


def _role(task: str) -> Role:
    if "You are the judge" in task:
        return "judge"
    if "you guide the solver" in task:
        return "guide"
    if "You check the work of a solver" in task:
        return "checker"
    if "You design new agents" in task:
        return "designer"
    return "grouper" if "say the same thing" in task else "solver"


def _left(latest: str) -> int:
    number = re.search(r"Tool uses left: (\d{1,6})|at most (\d{1,6}) tool uses", latest)
    return int(number[1] or number[2]) if number else 0


def _turns(said: Sequence[BaseMessage]) -> Iterator[Turn]:
    """Pair each reply of the solver with what came back."""
    for reply, answer in pairwise(said):
        if not isinstance(reply, AIMessage) or isinstance(answer, AIMessage):
            continue
        text, material = _unfenced(answer.text)
        done = str(reply.tool_calls[0]["args"]) if reply.tool_calls else reply.text
        kind: Kind = (
            "code" if re.search("```python|'code':", done) else "search" if re.search("<search>|'query':", done) else ""
        )
        yield Turn(done, kind if material else "", material[0] if material else text)
