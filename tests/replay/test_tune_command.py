"""`tumix tune`: what a person sees, what a program reads, and one line for each mistake."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from langgraph_tumix.cli import app
from langgraph_tumix.errors import ConfigError, TumixError
from langgraph_tumix.replay import gold_path, write_gold
from tests.replay.test_command import recorded


def tumix(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["tune", *map(str, arguments), "--trials", "9"])


def test_what_is_shown_is_what_a_choice_needs(tmp_path: Path) -> None:
    done = tumix(recorded(tmp_path / "r.jsonl"))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("The front on the 6 questions tuned on")
    for word in ("accuracy %", "tokens", "validity", "▶", "points vs full vote", "full vote: "):
        assert word in done.stdout
    assert any(line.startswith("tuned and full vote are not distinguishable in accuracy") for line in lines)
    assert any(line.startswith("  too few to decide: 6 held-out questions") for line in lines)
    assert "graph = create_tumix(" in lines


def test_what_is_printed_can_be_replayed(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl")
    found = json.loads(tumix(path, "--json").stdout)
    shown = CliRunner().invoke(app, ["replay", str(path), "--strategy", found["strategy"], "--json"])
    assert json.loads(shown.stdout)["rows"][0]["strategy"] == "tuned"
    assert found["held_out"]["rows"][1]["validity"] == "exact"
    assert len(found["trials"]) == 9
    assert found["unit"] == "tokens"


def test_a_study_a_space_and_references_are_taken(tmp_path: Path) -> None:
    path, space, study = recorded(tmp_path / "r.jsonl"), tmp_path / "space.toml", tmp_path / "study.log"
    space.write_text('[rounds]\nstrategy = "FixedRounds($rounds)"\nrounds = {low = 1, high = 5}\n')
    options = [path, "--space", space, "--study", study, "--strategy", "one = FixedRounds(1)", "--json"]
    found = json.loads(tumix(*options).stdout)
    assert [row["strategy"] for row in found["tuned_on"]["rows"]] == ["one", "full vote"]
    assert {trial["validity"] for trial in found["trials"]} == {"exact", "invalid"}
    assert found["best"]["validity"] == "exact"
    assert json.loads(tumix(*options).stdout) == found


def test_a_budget_out_of_reach_has_a_code_of_its_own(tmp_path: Path) -> None:
    done = tumix(recorded(tmp_path / "r.jsonl"), "--budget", 1)
    assert done.exit_code == 4
    assert "nothing is chosen: no trial costs 1 tokens or less" in done.stdout


def test_a_second_recording_is_the_test(tmp_path: Path) -> None:
    done = tumix(recorded(tmp_path / "a.jsonl"), "--test", recorded(tmp_path / "b.jsonl", 5), "--json")
    found = json.loads(done.stdout)
    assert [found[part]["rows"][0]["questions"] for part in ("tuned_on", "held_out")] == [12, 5]


MISTAKES: list[tuple[list[str], str]] = [
    (["--space", "nowhere.toml"], "cannot be read"),
    (["--strategy", "Nonsense()"], "there is no Nonsense"),
    (["--strategy", "nine = FixedRounds(9)"], "nine, which is to be matched, cannot be replayed"),
    (["--held-out", "1"], "leave one part empty"),
    (["--study", "/nowhere/at/all.log"], "cannot be used"),
    (["--gold", "nowhere.jsonl"], "--gold"),
]


@pytest.mark.parametrize(("options", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_each_mistake_is_one_line(options: list[str], words: str, tmp_path: Path) -> None:
    done = tumix(recorded(tmp_path / "r.jsonl"), *options)
    assert isinstance(done.exception, TumixError), done.exception
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)


def test_without_gold_nothing_is_tuned(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl")
    write_gold(gold_path(path), {})
    done = tumix(path)
    assert isinstance(done.exception, TumixError)
    assert "gold" in str(done.exception)


def test_without_optuna_the_install_line_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = tumix(recorded(tmp_path / "r.jsonl"))
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "tuning needs optuna: pip install 'langgraph-tumix[tune]'"
    assert done.stdout == ""
