"""Tasks: questions to evaluate on, read from files. What cannot be read is named by its line, never dropped unsaid."""

import csv
import json
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph_tumix.core.keys import answer_key
from langgraph_tumix.errors import ConfigError

FIELDS = {
    "id": ("id", "task_id", "unique_id"),
    "question": ("question", "problem", "prompt"),
    "answer": ("answer", "gold", "target"),
    "choices": ("choices", "options"),
    "tests": ("tests", "test"),
    "topic": ("topic", "subject", "category", "kind"),
}
"""The names under which a file may hold each field, in any case of letters; the first that is there counts."""

MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Task:
    """A question to evaluate on.

    Attributes:
        id: Unique among the tasks.
        question: What the agents are asked, options included.
        answer: The right answer, a letter for multiple choice; None if nobody knows it.
        tests: For an answer that is a program: Python that runs after it and raises if it is wrong.
        topic: What it is about, for tables; empty if not said.
    """

    id: str
    question: str
    answer: str | None = None
    tests: str = ""
    topic: str = ""

    @property
    def scored(self) -> bool:
        """Whether it can be told if an answer is right."""
        return self.answer is not None or bool(self.tests)


class BadRow(Exception):
    """A row that holds no task, and why."""


@dataclass(frozen=True)
class Loaded:
    """What was read: the tasks, and what could not be read, a line each."""

    tasks: tuple[Task, ...]
    bad: tuple[str, ...]


def load_file(path: Path, *, skip_bad: bool = False) -> Loaded:
    """Read tasks from a JSON lines, CSV or Parquet file.

    Args:
        path: The file. Each row has a ``question``, and may have what else `FIELDS` names.
        skip_bad: Go on without rows that cannot be read.

    Raises:
        ConfigError: There is no such file, its kind is unknown, a row cannot be read, or there is no task at all.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}: give a .jsonl, .csv or .parquet file, or a data set's name")
    readers = {".jsonl": _json_lines, ".csv": _csv_rows, ".parquet": _parquet_rows}
    if path.suffix not in readers:
        raise ConfigError(f"{path} is no .jsonl, .csv or .parquet file: convert it to one of them")
    return collect(readers[path.suffix](path), str(path), skip_bad=skip_bad)


def collect(rows: Iterable[tuple[str, Any]], source: str, *, skip_bad: bool = False) -> Loaded:
    """Make tasks of rows.

    Args:
        rows: Where each row stands, and the row: a mapping, a ready `Task`, or the `BadRow` that it is.
        source: What to call their origin in messages.
        skip_bad: Go on without rows that cannot be read.

    Raises:
        ConfigError: A row cannot be read, or there is no task at all.
    """
    tasks: dict[str, Task] = {}
    bad = []
    for number, (place, row) in enumerate(rows, 1):
        try:
            task = row if isinstance(row, Task) else task_of(row, str(number))
            if task.id in tasks:
                raise BadRow(f"the id {task.id!r} occurs before")
            tasks[task.id] = task
        except BadRow as reason:
            bad.append(f"{place}: {reason}")
    if bad and not skip_bad:
        rest = f"; and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
        raise ConfigError(
            f"{source}: {'; '.join(bad[:MOST_NAMED])}{rest}: mend them, or leave them out with --skip-bad"
        )
    if not tasks:
        raise ConfigError(f"{source} holds no task: each row needs a question")
    return Loaded(tuple(tasks.values()), tuple(bad))


def task_of(row: Any, number: str) -> Task:
    """Make a task of a row.

    Args:
        row: The row's fields by name.
        number: Its id, should it have none.

    Raises:
        BadRow: It holds no task.

    >>> task_of({"Problem": "1 + 1 = ?", "Answer": 2}, "7")
    Task(id='7', question='1 + 1 = ?', answer='2', tests='', topic='')
    """
    if isinstance(row, BadRow):
        raise row
    if not isinstance(row, Mapping):
        raise BadRow("not an object with a question")
    fields = {field: _first(row, names) for field, names in FIELDS.items()}
    question = fields["question"]
    if not isinstance(question, str) or not question.strip():
        raise BadRow(f"no question: it is looked for under {', '.join(FIELDS['question'])}")
    answer = None if fields["answer"] is None else str(fields["answer"]).strip()
    if choices := fields["choices"]:
        question, answer = multiple_choice(question, choices, answer)
    if answer is not None and answer_key(answer) is None:
        raise BadRow("the answer is empty: leave the field out if it is not known")
    return Task(
        id=str(fields["id"] if fields["id"] is not None else number),
        question=question,
        answer=answer,
        tests=str(fields["tests"] or ""),
        topic=str(fields["topic"] or ""),
    )


def multiple_choice(question: str, choices: Any, answer: str | None) -> tuple[str, str | None]:
    r"""Return a question with its options in letters, and the letter of the answer.

    Args:
        question: The question without options.
        choices: Their texts.
        answer: A letter, the option's text, or its number from 0.

    Raises:
        BadRow: There are less than two or more than ten options, or the answer is none of them.

    >>> multiple_choice("Which is even?", ["3", "4"], "4")
    ('Which is even?\n\n(A) 3\n(B) 4', 'B')
    """
    if isinstance(choices, str):
        try:
            choices = json.loads(choices)
        except ValueError as error:
            raise BadRow("choices is a text and not a list") from error
    texts = [str(choice) for choice in choices] if isinstance(choices, Iterable) else []
    letters = string.ascii_uppercase[: len(texts)]
    if not 2 <= len(texts) <= 10:
        raise BadRow(f"{len(texts)} choices: there must be 2 to 10")
    listed = "\n".join(f"({letter}) {text}" for letter, text in zip(letters, texts, strict=True))
    return f"{question}\n\n{listed}", None if answer is None else _letter(answer, texts, letters)


def _letter(answer: str, texts: Sequence[str], letters: str) -> str:
    if answer in texts:
        return letters[texts.index(answer)]
    if (letter := answer.strip("() .").upper()) and letter in letters and len(letter) == 1:
        return letter
    if answer.isdigit() and int(answer) < len(texts):
        return letters[int(answer)]
    raise BadRow(f"the answer {answer[:40]!r} is none of the choices")


def _first(row: Mapping[Any, Any], names: tuple[str, ...]) -> Any:
    folded = {str(name).strip().casefold(): value for name, value in row.items()}
    return next((folded[name] for name in names if folded.get(name) not in (None, "")), None)


def _json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield f"line {number}", json.loads(line)
                except ValueError as error:
                    yield f"line {number}", BadRow(f"not JSON ({error})")


def _csv_rows(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if None in row:
                yield f"line {reader.line_num}", BadRow("more fields than the header names")
            else:
                yield f"line {reader.line_num}", row


def _parquet_rows(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise ConfigError("Parquet files need pyarrow: pip install 'langgraph-tumix[eval]'") from error
    try:
        table = parquet.read_table(path)
    except ArrowInvalid as error:
        raise ConfigError(f"{path} is not a Parquet file: {error}") from error
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"row {number}", row
