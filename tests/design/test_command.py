"""The command ``tumix design``, as a process: what it writes, what it keeps, and how it goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from langgraph_tumix.agents.rosterfile import read_roster
from langgraph_tumix.cli import main
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.offline import questions
from tests.processes import bare, tumix

pytestmark = pytest.mark.kernel

OPTIONS = ("--agents", "Base,CoT,C", "--keep", "3", "--proposals", "12", "--max-cost", "2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [
        json.dumps({"question": one.question, "answer": one.answer})
        for one in questions()
        if one.kind in ("lookup", "mixed")
    ]
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_it_writes_a_roster_that_answers(folder: Path) -> None:
    done = tumix("design", "tasks.jsonl", *OPTIONS, cwd=folder, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    for words in ("are proposed", "unsafe", "held out", "better", "--agents roster.json"):
        assert words in done.stderr
    names = [agent.name for agent in read_roster(folder / "roster.json")]
    assert len(names) == 3
    assert set(names) - {"Base", "CoT", "C"}
    answered = tumix(
        *("run", "--agents", "roster.json", "--max-rounds", "1", "--json"),
        "How high is Mount Vorr in metres?",
        cwd=folder,
        COLUMNS="200",
    )
    assert answered.returncode == 0, answered.stderr
    printed = json.loads(answered.stdout)
    assert printed["outcome"]["answer"] == "2684"
    assert {note["agent"] for note in printed["notes"]} == set(names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=str)
def test_what_was_interrupted_goes_on_where_it_was(folder: Path, number: signal.Signals) -> None:
    arguments = ("design", "tasks.jsonl", *OPTIONS, "--concurrency", "1")
    trials = folder / "roster.trials.jsonl"
    running = subprocess.Popen(
        [sys.executable, "-m", "langgraph_tumix.cli", *arguments],
        env=bare() | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not (trials.exists() and trials.read_bytes().count(b"\n") > 20):
        time.sleep(0.02)
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert running.returncode == (130 if number == signal.SIGINT else -number), said
    assert number == signal.SIGKILL or "keeps what was paid for" in said
    assert "Traceback" not in said
    assert not (folder / "roster.json").exists()
    with Trials(trials) as kept:
        before = dict(kept.notes)
    assert len(before) >= 15
    if number == signal.SIGKILL:
        with trials.open("a") as file:
            file.write('{"the last line": "may be cut sh')
    done = tumix(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    with Trials(trials) as kept:
        assert before.items() <= kept.notes.items(), "nothing was paid again"
        assert len(kept.proposals) == 1
    again = tumix(*arguments, cwd=folder)
    assert again.returncode == 0
    with Trials(trials) as third:
        assert third.spent == kept.spent, "a third time costs nothing"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.jsonl",), "nowhere.jsonl cannot be read"),
        (("tasks.jsonl", "--agents", "Nobody"), "no roster or agent is named"),
        (("tasks.jsonl", "--model", "nonsense"), "is not known"),
        (("tasks.jsonl", "--confidence", "2"), "give a share"),
        (("tasks.jsonl", "--max-cost", "0"), "give a number above 0"),
        (("tasks.jsonl", "--out", "tasks.jsonl/x.json"), "cannot be used"),
    ],
)
def test_mistakes_are_a_line_and_exit_code_2(
    folder: Path,
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["tumix", "design", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
