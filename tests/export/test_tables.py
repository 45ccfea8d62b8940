"""Tables: every row says whose it is, and sums are the outcome's own, to the token."""

import csv
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from langgraph_tumix import create_tumix
from langgraph_tumix.core.usage import used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.export import Spans, frames, tables, write_csv
from langgraph_tumix.replay import read_recording
from langgraph_tumix.report import read_run
from langgraph_tumix.report.command import report
from tests.graph.roles import play, toolbox
from tests.report.runs import make, results

COUNTS = tuple(used())[:-1]  # all but the dollars


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await make(tmp_path_factory.mktemp("runs") / "few", 3, repeats=2)


def sums(rows: list[dict[str, Any]], *by: str) -> dict[tuple[Any, ...], list[int]]:
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for row in rows:
        key = tuple(row[name] for name in ("preset", "question", "repeat", *by))
        found[key] = [total + row[count] for total, count in zip(found[key], COUNTS, strict=True)]
    return found


def test_usage_adds_up_to_the_token(folder: Path) -> None:
    found = tables(read_run(folder))
    assert len(found["questions"]) == 12
    assert sums(found["usage"]) == sums(found["questions"])
    agents = [row for row in found["usage"] if row["agent"] not in ("judge", "aggregator")]
    assert sums(found["notes"], "agent") == sums(agents, "agent")
    for result in results(folder):
        at = (result["preset"], result["task"], result["repeat"])
        by_round = sums(found["rounds"], "round")
        for number, usage in result["outcome"]["by_round"].items():
            assert by_round[*at, int(number)] == [usage[count] for count in COUNTS]


def test_frames_join_and_know_who_was_right(folder: Path) -> None:
    run = read_run(folder)
    made = run.frames()
    at = ["preset", "question", "repeat"]
    assert not made.questions.duplicated(at).any()
    joined = made.notes.merge(made.questions, on=at, suffixes=("", "_final"))
    assert len(joined) == len(made.notes)
    rights = made.questions[made.questions.correct.fillna(False)]
    assert (rights.answer == rights.right_answer).all()
    same = joined[joined.answer == joined.right_answer]
    assert same.correct.all()
    shares = made.notes.groupby(["agent", "round"]).correct.mean()
    assert shares.between(0, 1).all()
    assert made.notes.code.sum() > 0
    assert set(frames(run).rounds["round"]) >= {1, 2}


async def test_a_recording_has_the_same_tables(tmp_path: Path) -> None:
    graph = create_tumix(
        play(), agents=["CoT", "C"], tools=toolbox(), max_rounds=3, record=str(tmp_path / "runs.jsonl")
    )
    outcome = (await graph.ainvoke({"question": "What is 6 times 7?"}))["outcome"]
    recording, _ = read_recording(tmp_path / "runs.jsonl")
    found = tables(recording)
    (question,) = found["questions"]
    assert question["text"] == "What is 6 times 7?"
    assert [question[count] for count in COUNTS] == [outcome["usage"][count] for count in COUNTS]
    assert [row["stop"] for row in found["rounds"]] == [None, True]
    assert {row["agent"] for row in found["usage"]} == {"CoT", "C", "judge"}
    assert len(frames(recording).notes) == 4


def test_csv_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report)
    done = CliRunner().invoke(app, [str(folder), "--csv", str(tmp_path / "tables")])
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths] == ["questions.csv", "rounds.csv", "notes.csv", "usage.csv"]
    with paths[2].open(newline="") as file:
        rows = list(csv.DictReader(file))
    notes = tables(read_run(folder))["notes"]
    assert [row["text"] for row in rows] == [note["text"] for note in notes]
    assert [int(row["input_tokens"]) for row in rows] == [note["input_tokens"] for note in notes]
    assert not (folder / "report.html").exists()


def test_an_empty_run_and_a_folder_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text((folder / "run.json").read_text())
    empty = read_run(tmp_path)
    assert all(not rows for rows in tables(empty).values())
    assert empty.frames().notes.empty
    assert all(path.read_text().strip() == "" for path in write_csv(empty, tmp_path / "tables"))
    with pytest.raises(ConfigError, match="cannot be written"):
        write_csv(empty, tmp_path / "run.json")


def test_what_is_not_installed_is_named_with_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = read_run(folder)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"pip install 'langgraph-tumix\[pandas\]'"):
        run.frames()
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigError, match=r"pip install 'langgraph-tumix\[otel\]'"):
        Spans()
