"""`tumix replay`: what a person sees, what a program reads, and one line for each mistake."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from langgraph_tumix.cli import app
from langgraph_tumix.errors import TumixError
from langgraph_tumix.replay import Recorder, gold_path, write_gold
from tests.replay.build import debate

SIX = ["--strategy", "one = FixedRounds(1)", "--strategy", "all = FixedRounds(3)"]


_MADE: dict[int, bytes] = {}


def recorded(path: Path, questions: int = 12) -> Path:
    """Write a recording of debates, made once for all who ask, with its gold beside it."""
    if questions not in _MADE:
        _record(path, questions)
        _MADE[questions] = path.read_bytes()
    path.write_bytes(_MADE[questions])
    write_gold(gold_path(path), {("", f"q{number}"): frozenset({"7"}) for number in range(questions)})
    return path


def _record(path: Path, questions: int) -> None:
    recorder = Recorder(path)
    for number in range(questions):
        run = debate(f"q{number}", random.Random(number))
        recorder.asked(run.id, f"Question {number}?", run.roster)
        for note in run.notes:
            recorder.note(run.id, note)
        recorder.end(run.id)
    recorder.close()


def tumix(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def test_the_table_shows_what_a_choice_needs(tmp_path: Path) -> None:
    done = tumix(recorded(tmp_path / "r.jsonl"), *SIX, "--strategy", "four = FixedRounds(4)")
    assert done.exit_code == 0, done.output
    head, *rows = done.stdout.splitlines()
    for word in ("strategy", "accuracy %", "95 %", "points vs one", "tokens", "usd", "calls", "latency", "validity"):
        assert word in head
    assert sum("exact" in row.split() for row in rows) == 2
    assert any(row.split()[:2] == ["four", "?"] and "invalid" in row for row in rows)
    assert any("★" in row for row in rows)
    assert any(row.startswith(("all and one are not", "all is more", "all is less")) for row in rows)
    assert any("four: invalid, nothing is recorded" in row for row in rows)


def test_json_and_picture_hold_the_same_figures(tmp_path: Path) -> None:
    picture = tmp_path / "board.svg"
    done = tumix(recorded(tmp_path / "r.jsonl"), *SIX, "--json", "--picture", picture)
    board = json.loads(done.stdout)
    assert [row["strategy"] for row in board["rows"]] == ["one", "all"]
    assert board["differences"]["all"]["calls"][0] == 8.0
    low, high = board["differences"]["all"]["correct"][1:]
    assert low <= board["rows"][1]["accuracy"][0] - board["rows"][0]["accuracy"][0] <= high
    assert picture.read_text("utf-8").startswith("<svg")


def test_gold_may_name_the_question_and_stand_elsewhere(tmp_path: Path) -> None:
    path, gold = recorded(tmp_path / "r.jsonl"), tmp_path / "gold.jsonl"
    write_gold(gold, {("", "Question 3?"): frozenset({"7"})})
    board = json.loads(tumix(path, *SIX, "--gold", gold, "--json").stdout)
    assert board["rows"][0]["questions"] == 1
    assert board["left_out"] == {"questions without a gold answer": 11}


def test_one_group_may_be_looked_at_alone(tmp_path: Path) -> None:
    path, recorder = tmp_path / "r.jsonl", Recorder(tmp_path / "r.jsonl")
    runs = [debate(f"q{number}", random.Random(number)) for number in range(5)]
    runs = [replace(run, group="few" if number < 2 else "many") for number, run in enumerate(runs)]
    for run in runs:
        recorder.asked(run.id, f"Question {run.question}?", run.roster)
        for note in run.notes:
            recorder.note(run.id, note)
        recorder.end(run.id)
    recorder.close()
    write_gold(gold_path(path), {run.id[:2]: frozenset({"7"}) for run in runs})
    for options, questions in ([], 5), (["--group", "few"], 2), (["--group", "many"], 3):
        board = json.loads(tumix(path, *SIX, *options, "--json").stdout)
        assert {row["questions"] for row in board["rows"]} == {questions}
    done = tumix(path, *SIX, "--group", "none")
    assert "there is no such group in the recording; it has few, many" in str(done.exception)


def test_other_formats_are_told_apart(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("question,agent,answer,correct\nq1,A,7,1\nq1,B,7,1\nq1,C,8,0\n")
    autotts = tmp_path / "a.json"
    autotts.write_text(
        json.dumps([{"question": "q", "gold_answer": "7", "probe_freq": 10, "each_branch": [[["7"], 15, "7"]] * 3}])
    )
    row = {"dataset": "d", "question_id": "1", "agent": "A", "sample": 0, "round": 1, "answer": "7", "correct": True}
    traces = tmp_path / "t.jsonl"
    traces.write_text(json.dumps(row) + "\n")
    for path in (table, autotts, traces):
        done = tumix(path, "--strategy", "Batches(1, 1), Majority('independent')", "--json")
        assert done.exit_code == 0, (path, done.exception)
        assert json.loads(done.stdout)["rows"][0]["accuracy"][0] == 1.0


MISTAKES: list[tuple[str, list[str], str]] = [
    ("", SIX, "is empty"),
    ("Whose woods these are\n", SIX, "column"),
    ('{"format": "tumix-recording", "version": 9}\n', SIX, "version 9"),
    ("good", ["--strategy", "Batches(0)"], "Batches"),
    ("good", ["--strategy", "Nonsense()"], "there is no Nonsense"),
    ("good", ["--strategy", "BetaLead(sure=1)"], "it is BetaLead"),
    ("good", [*SIX, *SIX], "a name of its own"),
    ("good", [*SIX, "--gold", "nowhere.jsonl"], "--gold"),
    ("good", [*SIX, "--picture", "/nowhere/at/all.svg"], "cannot be written"),
    ("good", ["--strategy", "Cascade((('Z',),), FixedRounds(1))"], "'Z'"),
]


@pytest.mark.parametrize(("text", "options", "words"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_each_mistake_is_one_line(text: str, options: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    if text == "good":
        recorded(path, 2)
    else:
        path.write_text(text)
    done = tumix(path, *options)
    assert isinstance(done.exception, TumixError), done.exception
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_last_line_that_was_cut_off_is_said(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    done = tumix(path, *SIX)
    assert done.exit_code == 0
    assert "left out: 1 x last line, cut off in writing" in done.stdout
    assert "left out: 1 x questions that were not brought to an end" in done.stdout


@pytest.mark.kernel
def test_a_run_is_recorded_and_replayed_from_the_command_line(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "langgraph_tumix.cli", *arguments]
        return subprocess.run(whole, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path)

    question = "What is the digit sum of 2^100?"
    done = command("run", "--agents", "CoT,C", "--record", "live.jsonl", question)
    assert done.returncode == 0, done.stderr
    assert f"recorded in live.jsonl, {(tmp_path / 'live.jsonl').stat().st_size:,} bytes" in done.stderr
    write_gold(tmp_path / "live.gold.jsonl", {("", question): frozenset({done.stdout.splitlines()[0]})})
    done = command("replay", "live.jsonl", "--strategy", "LLMJudge() & FixedRounds(2) | FixedRounds(5)", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["accuracy"][0], row["validity"]) == (1.0, "exact")
    done = command("replay", "nowhere.jsonl", "--strategy", "FixedRounds(1)")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
