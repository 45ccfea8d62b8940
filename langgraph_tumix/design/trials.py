"""What was paid for is kept: trials and proposals, in memory or in a file that is only ever added to."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.errors import ConfigError

FORMAT = "langgraph-tumix design journal 1"


class Trials:
    """The trials and proposals so far, and what they cost.

    With a path, each is written down before the next step is taken, and read when the path is opened again. A line
    that a crash left unfinished is passed over. Use it as a context manager, so that the file is closed.

    Attributes:
        notes: Notes of trials, by agent, model and question.
        proposals: What was proposed, by what the proposer was asked.
        spent: What all of it cost.

    Raises:
        ConfigError: The path holds something else, or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.notes: dict[str, Note] = {}
        self.proposals: dict[str, list[Any]] = {}
        self.spent: Usage = used()
        self._file: IO[str] | None = None
        if path is not None:
            self._open(path)

    def keep(self, key: str, note: Note) -> None:
        """Keep the note of a trial."""
        self.notes[key] = note
        self._write({"note": key, "is": note, "usage": note["usage"]})

    def keep_proposals(self, key: str, proposals: list[Any], usage: Usage) -> None:
        """Keep what a model proposed."""
        self.proposals[key] = proposals
        self._write({"proposals": key, "are": proposals, "usage": usage})

    def charge(self, usage: Usage) -> None:
        """Remember a cost that left nothing worth keeping."""
        self._write({"usage": usage})

    def __enter__(self) -> "Trials":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, entry: dict[str, Any]) -> None:
        self.spent = add_usage(self.spent, entry["usage"])
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def _open(self, path: Path) -> None:
        try:
            for entry in _entries(path) if path.exists() else ():
                self.spent = add_usage(self.spent, entry["usage"])
                if "note" in entry:
                    self.notes[entry["note"]] = entry["is"]
                elif "proposals" in entry:
                    self.proposals[entry["proposals"]] = entry["are"]
            self._file = path.open("a", encoding="utf-8")
        except (OSError, KeyError, TypeError) as error:
            raise ConfigError(f"the journal {path} cannot be used: {error!r}; name another, or remove it") from None
        # A line of its own for what follows, even if a crash left the last one unfinished.
        self._file.write((json.dumps({"format": FORMAT}) if self._file.tell() == 0 else "") + "\n")


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    read = [entry for line in lines if (entry := _read(line)) is not None]
    if lines and (not read or read[0].get("format") != FORMAT):
        raise ConfigError(f"{path} is no journal of `tumix design`: name another file")
    yield from read[1:]


def _read(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
