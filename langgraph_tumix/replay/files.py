"""Our own recordings: JSON lines, written as the run goes, readable after a crash.

The first line names format and version. Every other is one event of one question: that it was asked, a note, a verdict,
a reply to a request, its end. Gold answers stand in a file of their own beside it.
"""

import errno
import json
import os
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.recording import Answers, Gold, Recording, Run, Verdict

FORMAT, VERSION = "tumix-recording", 1

Key = tuple[str, str, int]
"""Group, question and repeat."""


class Recorder:
    """Appends to a recording. One line is one write, so a crash costs the line in work at the most.

    It writes to disk: on an event loop call it from a thread.

    Args:
        path: The file; one that exists is gone on with, and a line that a crash has left unfinished is cut off.

    Attributes:
        path: The file.
        mended: Bytes of an unfinished line that were cut off.

    Raises:
        RecordingError: The file is no recording of this version, or cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.mended = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size:
                self.mended = _mend(self.path)
            self._file = self.path.open("ab", buffering=0)
        except OSError as error:
            raise RecordingError(f"{path} cannot be written: {error.strerror or error}") from None
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)  # a graph that records is dropped, not closed
        if self.path.stat().st_size == 0:
            self._write({"format": FORMAT, "version": VERSION})

    @property
    def size(self) -> int:
        """Bytes written so far, by whomever."""
        return self.path.stat().st_size

    def asked(self, run: Key, text: str, roster: tuple[str, ...]) -> None:
        """Write that a question was asked."""
        self._write({"kind": "asked", "run": run, "text": text, "roster": roster})

    def note(self, run: Key, note: Note) -> None:
        """Write a note."""
        self._write({"kind": "note", "run": run, "note": note})

    def verdict(self, run: Key, round_: int, verdict: Verdict) -> None:
        """Write what the judge said."""
        self._write({"kind": "verdict", "run": run, "round": round_, "stop": verdict.stop, "usage": verdict.usage})

    def reply(self, run: Key, request: str, reply: Reply) -> None:
        """Write what a request came back with."""
        said = {"numbers": reply.numbers, "answer": reply.answer, "usage": reply.usage}
        self._write({"kind": "reply", "run": run, "request": request, **said})

    def end(self, run: Key, outcome: Mapping[str, Any] | None = None) -> None:
        """Write that a question is done, and see that all of it is on disk."""
        self._write({"kind": "end", "run": run, "outcome": outcome})
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        line = (json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
        with self._lock:
            written = self._file.write(line)
            if written < len(line):  # the disk is full: half a line must not spoil the next one
                self._file.truncate(self.size - written)
                raise OSError(errno.ENOSPC, f"{self.path}: no space left")


def _mend(path: Path) -> int:
    """Check the first line, and cut off a last one that is not whole."""
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole:
            _check_header(data[: data.find(b"\n")].decode("utf-8", "replace"), path)
        elif not f'{{"format": "{FORMAT}"'.encode().startswith(data[:10]):
            raise RecordingError(f"{path} is no recording; give another path")
        file.truncate(whole)
        return len(data) - whole


def _check_header(line: str, path: Path) -> None:
    try:
        header = json.loads(line)
        known, version = header["format"] == FORMAT, header["version"]
    except (ValueError, KeyError, TypeError):
        known, version = False, None
    if not known:
        raise RecordingError(f"{path} is no recording: its first line does not say {FORMAT!r}")
    if version != VERSION:
        raise RecordingError(
            f"{path} has format version {version!r}, this release reads {VERSION}: "
            "use the release that wrote it, or record again"
        )


@dataclass
class _Draft:
    text: str = ""
    roster: tuple[str, ...] = ()
    notes: dict[str, Note] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    ended: bool = False


def read_recording(path: str | Path, *, gold: str | Path | None = None) -> tuple[Recording, Gold]:
    """Read a recording of ours.

    A last line that a crash cut off, and questions that were not brought to an end, are left out and counted.

    Args:
        path: The file.
        gold: The file with the gold answers; `gold_path(path)` if not given.

    Raises:
        RecordingError: It is no recording, of another version, broken in the middle, or holds a note twice.
    """
    path = Path(path)
    left_out: Counter[str] = Counter()
    drafts: dict[Key, _Draft] = {}
    for number, event in _events(path, left_out):
        try:
            group, question, repeat = event["run"]
            _take(drafts.setdefault((group, question, repeat), _Draft()), event, left_out)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"{path}, line {number}: not an event of a recording ({error!r})") from None
        except RecordingError as error:
            raise RecordingError(f"{path}, line {number}: {error}") from None
    unfinished = sum(not draft.ended for draft in drafts.values())
    if unfinished:
        left_out["questions that were not brought to an end"] += unfinished
    runs = tuple(_whole(key, draft) for key, draft in drafts.items() if draft.ended)
    return Recording(runs, str(path), dict(left_out)), gold_file(gold_path(path) if gold is None else gold, runs)


def gold_file(path: str | Path, runs: Sequence[Run]) -> Gold:
    """Return the gold answers of a file.

    It may name a question by its text, for live each asking has a new id; and without a group, for all groups.
    """

    def read() -> Answers:
        right = read_gold(path)
        names = {run.id[:2]: [(run.group, run.text), ("", run.question), ("", run.text)] for run in runs}
        found = {id_: next((right[name] for name in of_run if name in right), None) for id_, of_run in names.items()}
        return {**{id_: answers for id_, answers in found.items() if answers is not None}, **right}

    return Gold(read)


def _events(path: Path, left_out: Counter[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = text.split("\n")
    _check_header(lines[0], path)
    last = lines.pop()
    if last:
        left_out["last line, cut off in writing"] += 1
    for number, line in enumerate(lines[1:], 2):
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise RecordingError(
                f"{path}, line {number}: not JSON ({error}); remove the line, or record again"
            ) from None


def _take(draft: _Draft, event: Mapping[str, Any], left_out: Counter[str]) -> None:
    match event["kind"]:
        case "asked":
            draft.text, draft.roster = event["text"], tuple(event["roster"])
        case "note":
            note: Note = event["note"]
            if draft.notes.get(note["id"], note) != note:
                raise RecordingError(f"note {note['id']} of question {event['run'][1]} is there twice and differs")
            if note["id"] in draft.notes:
                left_out["notes that were written again"] += 1
            draft.notes[note["id"]] = note
        case "verdict":
            draft.verdicts[int(event["round"])] = Verdict(bool(event["stop"]), event["usage"])
        case "reply":
            said = Reply(tuple(event["numbers"]), event["answer"], event["usage"])
            draft.replies[event["request"]] = said
        case "end":
            draft.ended = True
        case kind:
            raise RecordingError(f"unknown kind of event {kind!r}")


def _whole(key: Key, draft: _Draft) -> Run:
    group, question, repeat = key
    notes = sorted(draft.notes.values(), key=lambda note: (note["round"], note["agent"], note["sample"]))
    roster = draft.roster or tuple(dict.fromkeys(note["agent"] for note in notes))
    return Run(question, group, repeat, draft.text, roster, tuple(notes), draft.verdicts, draft.replies)


def gold_path(path: str | Path) -> Path:
    """Return where the gold answers of a recording stand.

    >>> gold_path("runs/aime.jsonl").name
    'aime.gold.jsonl'
    """
    path = Path(path)
    return path.with_name(f"{path.name.removesuffix('.jsonl')}.gold.jsonl")


def write_gold(path: str | Path, answers: Answers) -> None:
    """Write gold answers to a file of their own."""
    lines = [
        json.dumps({"group": group, "question": question, "gold": sorted(gold)}, ensure_ascii=False)
        for (group, question), gold in answers.items()
    ]
    Path(path).write_text("\n".join([*lines, ""]), encoding="utf-8")


def read_gold(path: str | Path) -> Answers:
    """Read gold answers: JSON lines with ``group``, ``question`` and ``gold``, one answer or several.

    Raises:
        RecordingError: The file cannot be read as such.
    """
    right: dict[tuple[str, str], frozenset[str]] = {}
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            gold = row["gold"]
            right[row.get("group", ""), str(row["question"])] = frozenset([gold] if isinstance(gold, str) else gold)
    except OSError as error:
        why = error.strerror or error
        raise RecordingError(f"no gold answers: {path} cannot be read ({why}); name their file with --gold") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path}: no gold answers ({error!r}); its lines hold question and gold") from None
    return right
