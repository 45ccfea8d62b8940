"""Published data sets by name, through Hugging Face's `datasets` library.

Each is read from its own shape; nothing of it is kept here. Their licences are their authors'; GPQA and HLE ask for a
login and for their questions not to be published.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.tasks import BadRow, Loaded, Task, collect, load_file, multiple_choice, task_of

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Where a data set lies, and how a row of it is read."""

    path: str
    split: str
    read: Callable[[Row, int], Task]
    configuration: str | None = None


def load(name: str, *, skip_bad: bool = False, hub: Path | None = None) -> Loaded:
    """Read tasks from a file, the bundled questions, or a published data set.

    Args:
        name: A file's path, ``offline`` for the bundled questions, or a name of `SOURCES`.
        skip_bad: Go on without rows that cannot be read.
        hub: A folder that holds copies of the published sets, each under its own path; without it, and without a
            network, what `datasets` has in its cache is used.

    Raises:
        ConfigError: There is no such file or set, it cannot be had, or a row cannot be read.

    >>> len(load("offline").tasks)
    70
    """
    if name == "offline":
        return _bundled()
    if name not in SOURCES:
        if "." in name or "/" in name:
            return load_file(Path(name), skip_bad=skip_bad)
        raise ConfigError(f"no tasks are named {name!r}: give a file, or one of offline, {', '.join(SOURCES)}")
    return collect(_rows(name, SOURCES[name], hub), name, skip_bad=skip_bad)


def _bundled() -> Loaded:
    from langgraph_tumix.offline import questions

    return Loaded(tuple(Task(id=q.id, question=q.question, answer=q.answer, topic=q.kind) for q in questions()), ())


def _rows(name: str, source: Source, hub: Path | None) -> Iterator[tuple[str, Any]]:
    try:
        import datasets
    except ImportError as error:
        raise ConfigError(f"{name} needs the datasets library: pip install 'langgraph-tumix[eval]'") from error
    path = source.path if hub is None else str(hub / source.path)
    try:
        rows = datasets.load_dataset(path, source.configuration, split=source.split)
    except Exception as error:  # the library raises whatever its HTTP client, cache or parser raises
        raise ConfigError(
            f"{name} ({source.path}) could not be loaded: {type(error).__name__}: {str(error)[:200]}: "
            "it needs a network, a copy in the cache of `datasets`, and for some sets a login (huggingface-cli login)"
        ) from error
    for number, row in enumerate(rows):
        try:
            yield f"row {number}", source.read(row, number)
        except (KeyError, TypeError) as error:
            yield f"row {number}", BadRow(f"not the shape of {name}: {error}")
        except BadRow as reason:
            yield f"row {number}", reason


def _aime(row: Row, number: int) -> Task:
    return task_of({"id": row.get("id", number), "question": row["problem"], "answer": row["answer"]}, str(number))


def _math(row: Row, number: int) -> Task:
    fields = {"id": row["unique_id"], "question": row["problem"], "answer": row["answer"], "topic": row["subject"]}
    return task_of(fields, str(number))


def _gpqa(row: Row, number: int) -> Task:
    """Read a row of GPQA, whose right option always stands first: the options are shuffled, the same for everyone."""
    right = row["Correct Answer"].strip()
    options = [right, *(row[f"Incorrect Answer {place}"].strip() for place in (1, 2, 3))]
    random.Random(row["Record ID"]).shuffle(options)
    question, answer = multiple_choice(row["Question"].strip(), options, right)
    return Task(id=row["Record ID"], question=question, answer=answer, topic=row.get("High-level domain") or "")


def _hle(row: Row, number: int) -> Task:
    if row.get("image"):
        raise BadRow("it has an image, which tasks do not carry")
    return Task(id=row["id"], question=row["question"], answer=row["answer"], topic=row.get("category") or "")


SOURCES: dict[str, Source] = {
    "aime24": Source("HuggingFaceH4/aime_2024", "train", _aime),
    "aime25": Source("math-ai/aime25", "test", _aime),
    "math-500": Source("HuggingFaceH4/MATH-500", "test", _math),
    "gpqa-diamond": Source("Idavidrein/gpqa", "train", _gpqa, "gpqa_diamond"),
    "hle": Source("cais/hle", "test", _hle),
}
"""The published sets that are known by name."""
