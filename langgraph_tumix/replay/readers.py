"""Readers of foreign recordings: AutoTTS's replay files, the common schema of published traces, plain tables."""

import csv
import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from langgraph_tumix.core.notes import Note, note_id
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.files import gold_file, read_recording
from langgraph_tumix.replay.recording import Answers, Gold, Probes, Recording, Run, sample_note

Row = Mapping[str, Any]


def read_any(path: str | Path, *, gold: str | Path | None = None) -> tuple[Recording, Gold]:
    """Read a recording in any of the formats that are known, told apart by how the file begins.

    Args:
        path: A recording of ours, a replay file of AutoTTS, traces in the common schema, or a plain table.
        gold: The file with the gold answers; those that belong to the recording if not given.

    Raises:
        RecordingError: It cannot be read; the message says what it was taken for.
    """
    path = Path(path)
    try:
        with _open(path) as file:
            line = file.readline(100_000).lstrip("\ufeff \t")
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from None
    if not line.strip():
        raise RecordingError(f"{path} is empty, or begins with an empty line")
    if line.startswith("[") and ".csv" not in path.name:
        found = read_autotts(path)
    elif line.startswith("{") and '"format"' in line:
        return read_recording(path, gold=gold)
    elif line.startswith("{") and '"dataset"' in line:
        found = read_traces(path)
    else:
        found = read_table(path)
    return found if gold is None else (found[0], gold_file(gold, found[0].runs))


def read_autotts(path: str | Path, *, group: str | None = None) -> tuple[Recording, Gold]:
    """Read a replay file as AutoTTS (arXiv 2605.08083) publishes it: samples with the answers of their probes.

    Args:
        path: A JSON list of questions with ``question``, ``gold_answer``, ``probe_freq`` and ``each_branch``, whose
            items are ``[probe answers, tokens, final answer]``; may be gzipped.
        group: What the runs are grouped under; the path's last two parts if not given.

    Raises:
        RecordingError: The file cannot be read as such.
    """
    path = Path(path)
    name = group or f"{path.parent.name}/{path.name.partition('.')[0]}"
    try:
        with _open(path) as file:
            questions = json.load(file)
        if not isinstance(questions, list) or not questions:
            raise ValueError("not a list of questions")
        runs = tuple(_autotts_run(name, number, question) for number, question in enumerate(questions))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path}: not a replay file of AutoTTS ({type(error).__name__}: {error}); it is a JSON list of questions "
            "with each_branch, probe_freq and gold_answer"
        ) from None
    return Recording(runs, str(path)), Gold(lambda: _autotts_gold(path, name))


def _autotts_run(group: str, number: int, question: Row) -> Run:
    agent = group.rpartition("/")[0] or group
    branches = question["each_branch"]
    notes = tuple(
        sample_note(agent, place, str(answer), tokens=_whole(length, f"question {number}, branch {place}"))
        for place, (_, length, answer) in enumerate(branches)
    )
    every = _whole(question["probe_freq"], f"question {number}, probe_freq")
    probes = {
        note["id"]: Probes(every, tuple(map(str, answers)))
        for note, (answers, _, _) in zip(notes, branches, strict=True)
    }
    text = str(question.get("question", ""))
    return Run(str(number), group, text=text, roster=(agent,), notes=notes, probes=probes, keys=verbatim)


def _autotts_gold(path: Path, group: str) -> Answers:
    with _open(path) as file:
        return {
            (group, str(number)): frozenset({str(question["gold_answer"])})
            for number, question in enumerate(json.load(file))
        }


def read_traces(
    path: str | Path, *, where: Callable[[Row], bool] = lambda row: True, group: Callable[[Row], str] | None = None
) -> tuple[Recording, Gold]:
    """Read traces in the common schema: one JSON object a line, gzipped or not.

    The fields are ``dataset``, ``question_id``, ``question`` (on a question's first row), ``gold``, ``agent``,
    ``sample``, ``round``, ``answer``, ``correct``, ``tokens``, and perhaps ``probes`` with ``probe_every``. Answers
    were normalised by whoever made the file, so equal strings are equal votes. A debate's rounds are taken to have
    seen the whole round before.

    Args:
        path: The file.
        where: Which rows are read.
        group: The group of a row; by default its data set.

    Raises:
        RecordingError: A line is no such row; rows are doubled.
    """
    rows = list(_rows(Path(path), where))
    runs, left_out = _runs(rows, group or (lambda row: str(row["dataset"])), str(path))
    return Recording(runs, str(path), left_out), Gold(lambda: _gold(_rows(Path(path), where), group))


def read_table(path: str | Path, *, group: str = "") -> tuple[Recording, Gold]:
    """Read a plain table: CSV with a header, or JSON lines.

    The columns are ``question``, ``agent``, ``sample``, ``round``, ``answer``, ``correct``, ``tokens``; all but
    ``question``, ``agent`` and ``answer`` may be missing. An empty answer is an abstention. Without ``correct``
    nothing is known to be right, and the question is left out of the scores.

    Raises:
        RecordingError: A column is missing, a value cannot be read, or rows are doubled.
    """
    path = Path(path)

    def read() -> Iterator[Row]:
        with _open(path) as file:
            rows = _lines(path, file) if ".json" in path.name else csv.DictReader(file)
            for line, row in enumerate(rows, 2):
                yield _table_row(row, group, f"{path}, line {line}")

    rows = list(read())
    runs, left_out = _runs(rows, lambda row: group, str(path))
    return Recording(runs, str(path), left_out), Gold(lambda: _gold(read(), None))


def _table_row(row: Row, group: str, place: str) -> Row:
    missing = [name for name in ("question", "agent", "answer") if name not in row]
    if missing:
        raise RecordingError(f"{place}: there is no column {missing[0]!r}; question, agent and answer are needed")
    correct = str(row.get("correct", "")).strip().lower()
    if correct not in ("", "none", "0", "1", "true", "false"):
        raise RecordingError(f"{place}: correct is {row['correct']!r}; give true or false, 1 or 0, or nothing")
    return {
        "dataset": group,
        "question_id": row["question"],
        "question": row["question"],
        "agent": row["agent"],
        "sample": row.get("sample") or 0,
        "round": row.get("round") or None,
        "answer": row["answer"] or None,
        "correct": None if correct in ("", "none") else correct in ("1", "true"),
        "tokens": row.get("tokens") or None,
    }


def _rows(path: Path, where: Callable[[Row], bool]) -> Iterator[Row]:
    with _open(path) as file:
        yield from (row for row in _lines(path, file) if where(row))


def _lines(path: Path, file: TextIO) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RecordingError(f"{path}, line {number}: not JSON ({error}); mend or remove the line") from None
        if not isinstance(row, dict):
            raise RecordingError(f"{path}, line {number}: not an object; each line is one row")
        yield row


def _runs(rows: Iterable[Row], group: Callable[[Row], str], source: str) -> tuple[tuple[Run, ...], Mapping[str, int]]:
    questions: dict[tuple[str, str], list[Row]] = defaultdict(list)
    texts: dict[tuple[str, str], str] = {}
    for row in rows:
        try:
            key = str(row["question_id"])
            questions[group(row), key].append(row)
            if row.get("question"):
                texts[str(row["dataset"]), key] = str(row["question"])
        except KeyError as error:
            raise RecordingError(f"{source}: a row has no field {error}; see read_traces for what is needed") from None
    if not questions:
        raise RecordingError(f"{source}: no row is left to read; check the file and the condition")
    left_out: Counter[str] = Counter()
    runs = tuple(
        _run(key, rows, texts.get((str(rows[0]["dataset"]), key[1]), ""), source, left_out)
        for key, rows in questions.items()
    )
    return runs, dict(left_out)


def _run(key: tuple[str, str], rows: list[Row], text: str, source: str, left_out: Counter[str]) -> Run:
    group, question = key
    place = f"{source}, question {question}"
    by_round: dict[int, list[str]] = defaultdict(list)
    made: dict[str, Note] = {}
    probes: dict[str, Probes] = {}
    for row in sorted(rows, key=lambda row: int(row.get("round") or 1)):
        round_, agent = int(row.get("round") or 1), str(row["agent"])
        number = _whole(row.get("sample") or 0, f"{place}: sample")
        length = _tokens(row.get("tokens"), left_out)
        id_ = note_id(round_, agent, number)
        if id_ in made:
            raise RecordingError(f"{place}: agent {agent}, sample {number}, round {round_} is there twice; remove one")
        answer = row.get("answer")
        made[id_] = sample_note(
            agent,
            number,
            None if answer is None else str(answer),
            round_=round_,
            tokens=length,
            saw=by_round[round_ - 1],
        )
        by_round[round_].append(id_)
        if row.get("probes") is not None:
            probes[id_] = Probes(int(row["probe_every"]), tuple(map(str, row["probes"])))
    notes = tuple(made.values())
    _count_gaps(notes, left_out)
    return Run(
        question,
        group,
        text=text,
        roster=tuple(dict.fromkeys(note["agent"] for note in notes)),
        notes=notes,
        probes=probes,
        keys=verbatim,
        metered=not any(note["usage"]["unmetered_calls"] for note in notes),
    )


def _tokens(value: Any, left_out: Counter[str]) -> int | None:
    """Return a number of tokens; what is not one is unknown, and counted as such."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        left_out["token counts that are no number from 0, taken as unknown"] += 1
        return None
    return round(number)


def _count_gaps(notes: Iterable[Note], left_out: Counter[str]) -> None:
    """Say of how many samples nothing was recorded: a number below the agent's highest is missing."""
    seen: dict[str, set[int]] = defaultdict(set)
    for note in notes:
        if note["round"] == 1:
            seen[note["agent"]].add(note["sample"])
    gaps = sum(max(samples) + 1 - len(samples) for samples in seen.values())
    if gaps:
        left_out["samples that are missing in the middle"] += gaps


def _gold(rows: Iterable[Row], group: Callable[[Row], str] | None) -> Answers:
    right: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        key = (group(row) if group else str(row["dataset"]), str(row["question_id"]))
        if row.get("gold") is not None:
            right[key].add(str(row["gold"]))
        if row.get("correct") is not None:
            right[key].update({str(row["answer"])} if row["correct"] and row.get("answer") is not None else ())
    return {key: frozenset(answers) for key, answers in right.items()}


def _whole(value: Any, place: str) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise RecordingError(f"{place} is {value!r}; give a whole number") from None
    if not (number >= 0 and number == int(number)):
        raise RecordingError(f"{place} is {value!r}; give a whole number from 0")
    return int(number)


def _open(path: Path) -> TextIO:
    try:
        return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}") from None
