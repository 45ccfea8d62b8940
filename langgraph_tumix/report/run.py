"""A run's folder as an evaluation leaves it, read while it may still be written to.

::

    run.json        what was evaluated; its format is `FORMAT`
    tasks.jsonl     {"id", "question", "topic"} a line
    gold.jsonl      {"id", "answer", "tests"} a line; without it nothing is scored
    results.jsonl   {"preset", "task", "repeat", "outcome", "notes", "score"} a line, appended as questions end
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.outcome import OutcomeStatus
from langgraph_tumix.state import RoundReport

if TYPE_CHECKING:
    from langgraph_tumix.export import Frames
    from langgraph_tumix.replay.recording import Gold as Known
    from langgraph_tumix.replay.recording import Recording

FORMAT = 1

_Line = TypeVar("_Line")


class About(TypedDict):
    """What was evaluated: the entries of run.json."""

    format: int
    created: str
    version: str
    commit: NotRequired[str | None]
    model: str
    simulated: bool
    tasks: str
    presets: list[str]
    questions: Annotated[int, Field(ge=0)]
    repeats: Annotated[int, Field(ge=1)]
    matched: NotRequired[dict[str, dict[str, str]]]


class Asked(TypedDict):
    """A question."""

    id: str
    question: str
    topic: NotRequired[str]


class Gold(TypedDict):
    """What is known about the right answer to a question."""

    id: str
    answer: NotRequired[str | None]
    tests: NotRequired[str]


class Told(TypedDict):
    """What a report reads of an `Outcome`."""

    question: str
    answer: str | None
    confidence: float
    status: OutcomeStatus
    stop_reason: str
    simulated: bool
    agents: int
    rounds: list[RoundReport]
    decided_in: int | None
    votes: dict[str, int]
    tie: bool
    usage: Usage
    by_agent: dict[str, Usage]
    by_round: dict[str, Usage]
    lost: list[dict[str, Any]]
    left_out: dict[str, str]
    warnings: list[str]
    seconds: float


class Scored(TypedDict):
    """Whether the answer is right (None: cannot be told), and how that was found."""

    correct: bool | None
    by: Literal["key", "tests", "model", "none"]
    why: str


class Result(TypedDict):
    """What one preset made of one question in one repeat."""

    preset: str
    task: str
    repeat: Annotated[int, Field(ge=0)]
    outcome: Told
    notes: NotRequired[list[Note]]
    score: Scored


@dataclass(frozen=True, repr=False)
class Run:
    """A run as far as it has come; a notebook shows it as a card.

    Attributes:
        name: The folder's name.
        about: What was evaluated.
        tasks: The questions by id, in their order; those that only a result knows come last.
        gold: What is known of the right answers, by question id.
        results: One for each preset, question and repeat that has ended.
        problems: What could not be read or is missing, in words for a person.
    """

    name: str
    about: About
    tasks: dict[str, Asked]
    gold: dict[str, Gold]
    results: tuple[Result, ...]
    problems: tuple[str, ...]

    @cached_property
    def presets(self) -> list[str]:
        """The presets' names: those announced, then others that have results."""
        return list(dict.fromkeys([*self.about["presets"], *(result["preset"] for result in self.results)]))

    def of_preset(self, preset: str) -> list[Result]:
        """Return the results of one preset."""
        return [result for result in self.results if result["preset"] == preset]

    def frames(self) -> "Frames":
        """Return it as pandas frames: see `export.frames`."""
        from langgraph_tumix.export import frames

        return frames(self)

    def recording(self, preset: str | None = None) -> "tuple[Recording, Known]":
        """Return what a preset's agents left, the first one's if none is named, for `replay.replay`: see `recorded`.

        Raises:
            ConfigError: There is no such preset.
        """
        from langgraph_tumix.report.recorded import recording

        preset = self.presets[0] if preset is None else preset
        if preset not in self.presets:
            raise ConfigError(f"{self.name} has no preset {preset!r}: it has {', '.join(self.presets)}")
        return recording(self, preset)

    def __repr__(self) -> str:
        from langgraph_tumix.report.glance import text

        return text(self)

    def _repr_html_(self) -> str:
        from langgraph_tumix.report.glance import glance

        return glance(self)


def read_run(folder: Path | str) -> Run:
    """Read a run's folder.

    Args:
        folder: Where `tumix eval` writes, or wrote.

    Raises:
        ConfigError: It is no run's folder, or of a format that this version does not read.
    """
    folder = Path(folder)
    about = _about(folder)
    problems: list[str] = []
    tasks = {task["id"]: task for task in _lines(folder / "tasks.jsonl", Asked, problems)}
    gold = {entry["id"]: entry for entry in _lines(folder / "gold.jsonl", Gold, problems)}
    read = list(_lines(folder / "results.jsonl", Result, problems))
    results = {(result["preset"], result["task"], result["repeat"]): result for result in read}
    if len(results) < len(read):
        problems.append(f"{len(read) - len(results)} results stand there twice: the later one counts")
    for result in results.values():
        if result["task"] not in tasks:
            tasks[result["task"]] = Asked(id=result["task"], question=result["outcome"]["question"])
    problems += _missing(tasks, gold, list(results.values()))
    return Run(folder.resolve().name, about, tasks, gold, tuple(results.values()), tuple(problems))


def _about(folder: Path) -> About:
    path = folder / "run.json"
    if not path.is_file():
        raise ConfigError(f"{folder} is no run's folder: there is no run.json; give a folder that `tumix eval` wrote")
    try:
        entries = _parse(path.read_bytes())
        if isinstance(entries, dict) and entries.get("format") != FORMAT:
            raise ConfigError(
                f"{path} is of format {entries.get('format')!r}, this version reads {FORMAT}: "
                "use the version of langgraph-tumix that wrote it, or evaluate again"
            )
        return TypeAdapter(About).validate_python(entries)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {_short(error)}: evaluate again into a new folder") from error


def _lines(path: Path, shape: type[_Line], problems: list[str]) -> Iterator[_Line]:
    """Yield a file's lines; what cannot be read is said in `problems`. A run normally ends in a half-written line."""
    if not path.is_file():
        return
    adapter, bad = TypeAdapter(shape), []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield adapter.validate_python(_parse(line))
            except (ValueError, RecursionError) as error:
                if line.endswith(b"\n"):
                    bad.append(f"line {number}: {_short(error)}")
                else:
                    problems.append(f"the last line of {path.name} is half-written and was left out")
    if bad:
        what, were = ("1 line", "was") if len(bad) == 1 else (f"{len(bad)} lines", "were")
        problems.append(f"{what} of {path.name} cannot be read and {were} left out ({bad[0]})")


def _parse(text: bytes) -> Any:
    """Read JSON. Half a character, which a model may write and JSON can spell, is no reason to lose a result.

    Raises:
        ValueError: It is not JSON, or holds numbers that JSON does not know.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        if rb"\ud" not in text.lower():
            raise
        return from_json(json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace"), allow_inf_nan=False)


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _missing(tasks: dict[str, Asked], gold: dict[str, Gold], results: list[Result]) -> Iterator[str]:
    unknown = sum(not is_known(gold.get(task)) for task in tasks)
    if tasks and unknown == len(tasks):
        yield "the right answers are not known, so there is no accuracy"
    elif unknown:
        yield f"the right answer to {unknown} of {len(tasks)} questions is not known: they do not count in the accuracy"
    silent = sum(not result.get("notes") for result in results)
    if silent:
        yield f"{silent} of {len(results)} results hold no notes: what their agents did is not known"
    unpriced = sum(result["outcome"]["usage"]["usd"] is None for result in results)
    if unpriced:
        yield f"the price of {unpriced} of {len(results)} results is not known: their sums in dollars are not either"


def is_known(gold: Gold | None) -> bool:
    """Whether answers to a question can be scored."""
    return gold is not None and (gold.get("answer") is not None or bool(gold.get("tests")))
