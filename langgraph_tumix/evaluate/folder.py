"""A run's folder: what is evaluated, and one line for each question that was answered, written as it happens.

::

    run.json        what is evaluated: model, presets, seed, version; and what presets at matched cost came to
    tasks.jsonl     the questions
    gold.jsonl      what is known about their answers; nothing that answers questions reads it
    results.jsonl   outcome, notes and score of each question, preset and repeat, appended when it is done
    threads.sqlite  questions under way: what they have paid for is not paid again after a crash
    recordings/     what `tumix replay` reads, a file for each preset, with the right answers beside it

`report.run` reads it.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.matching import Match
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.report.run import FORMAT

_GOLD = ("answer", "tests")
_OF_THE_DAY = frozenset({"created", "version"})
"""What may differ when an evaluation goes on."""


class RunFolder:
    """The folder of one evaluation; two processes cannot write into it at a time.

    Args:
        path: Where it is; `begin` makes it, or goes on with it.

    Attributes:
        matched: By the names of presets at matched cost, what these came to, as far as that is known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.matched: dict[str, str] = {}

    @property
    def threads(self) -> Path:
        """The database of the questions under way."""
        return self.path / "threads.sqlite"

    def recording(self, preset: str) -> Path:
        """Return where a preset records."""
        return self.path / "recordings" / f"{preset.replace(':', '-')}.jsonl"

    @contextlib.contextmanager
    def begin(self, about: Mapping[str, Any], tasks: Sequence[Task]) -> Iterator[list[dict[str, Any]]]:
        """Hold the folder for writing, and give the results that it has already, without their notes.

        Args:
            about: What is evaluated, JSON-safe. A folder that is there must be about the same.
            tasks: The questions.

        Raises:
            ConfigError: It is about something else, of another format, cannot be read, or is in use.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "results.jsonl").open("a+b") as self._results:
            _lock(self._results, self.path)
            self._settle(about, tasks)
            yield list(self._recovered())

    def append(self, result: Mapping[str, Any]) -> None:
        """Write a result; it is on the disk when this returns. It blocks, so an event loop calls it in a thread."""
        self._results.write(_line(result))
        self._results.flush()
        os.fsync(self._results.fileno())

    def match(self, found: Mapping[str, Match]) -> None:
        """Keep what presets at matched cost came to, so that it stays the same when the evaluation goes on."""
        self.matched = {name: match.preset for name, match in found.items()}
        file = self.path / "run.json"
        _write(file, {**_read(file), "matched": {name: asdict(match) for name, match in found.items()}})

    def _settle(self, about: Mapping[str, Any], tasks: Sequence[Task]) -> None:
        """Write what the run is about, or see that it is the same as before."""
        file, rows = self.path / "run.json", [asdict(task) for task in tasks]
        digest = hashlib.sha256(b"".join(map(_line, rows))).hexdigest()
        stated = {"format": FORMAT, **about, "questions": len(tasks), "digest": digest}
        if file.exists():
            known = _read(file)
            if changed := sorted(key for key in stated if key not in _OF_THE_DAY and known.get(key) != stated[key]):
                raise ConfigError(
                    f"{self.path} holds another evaluation (it differs in {', '.join(changed)}): go on with the same "
                    "settings, or name another folder"
                )
            self.matched = {name: match["preset"] for name, match in known.get("matched", {}).items()}
            return
        for name, fields in (("tasks", ("id", "question", "topic")), ("gold", ("id", *_GOLD))):
            lines = (_line({field: row[field] for field in fields}) for row in rows)
            (self.path / f"{name}.jsonl").write_bytes(b"".join(lines))
        _write(file, stated)  # last: what has a run.json is a whole run

    def _recovered(self) -> Iterator[dict[str, Any]]:
        """Read the results, and cut off what a crash left of a last line."""
        self._results.seek(0)
        end = 0
        for number, line in enumerate(self._results, 1):
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                row = json.loads(line)
                yield {key: row[key] for key in ("preset", "task", "repeat", "outcome", "score", "grading")}
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{self.path / 'results.jsonl'}, line {number} cannot be read ({error!r}): "
                    "remove the line, and its question is asked again"
                ) from None
        self._results.truncate(end)


def _line(row: Mapping[str, Any]) -> bytes:
    # Half a character, which a model may write, is spelt as JSON can.
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _write(file: Path, about: Mapping[str, Any]) -> None:
    """Write it at once or not at all."""
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)


def _read(file: Path) -> dict[str, Any]:
    try:
        about = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file} cannot be read ({error}): name another folder") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ConfigError(
            f"{file} is of another format than {FORMAT}: go on with the version of langgraph-tumix that wrote it, "
            "or name another folder"
        )
    return about


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: nothing keeps two processes apart there
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"{path} is in use by another evaluation: wait for it, or name another folder") from error
