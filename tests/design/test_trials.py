"""What was paid for is kept, whatever happens to the process, and nothing else is taken for it."""

import json
from pathlib import Path

import pytest

from langgraph_tumix.core.usage import used
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import note


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    with Trials(path) as trials:
        trials.keep("one", note("A", "1", usage=used(model_calls=2, usd=0.5)))
        trials.keep_proposals("brief", [{"name": "B"}, None], used(model_calls=1, usd=0.25))
        trials.charge(used(model_calls=1, usd=0.125))
    with Trials(path) as again:
        assert again.notes["one"]["answer"] == "1"
        assert again.proposals["brief"] == [{"name": "B"}, None]
        assert (again.spent["model_calls"], again.spent["usd"]) == (4, 0.875)
        again.keep("two", note("A", "2"))
    with Trials(path) as third:
        assert set(third.notes) == {"one", "two"}


@pytest.mark.parametrize("lost", [2, 5, 40, 200])
def test_a_line_that_a_crash_left_unfinished_is_passed_over(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "trials.jsonl"
    with Trials(path) as trials:
        trials.keep("one", note("A", "1"))
        trials.keep("two", note("A", "2"))
    path.write_bytes(path.read_bytes()[:-lost])
    with Trials(path) as again:
        assert set(again.notes) == {"one"}
        again.keep("three", note("A", "3"))
    with Trials(path) as third:
        assert set(third.notes) == {"one", "three"}


@pytest.mark.parametrize(
    "content",
    ["a diary", '{"question": "What?"}', "[]", '{"format": "langgraph-tumix design journal 9"}', "\x00\x01\xff"],
)
def test_another_file_is_not_written_to(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"mine\.txt"):
        Trials(path)
    assert path.read_text("utf-8") == content


def test_entries_that_were_tampered_with_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    with Trials(path):
        pass
    with path.open("a") as file:
        file.write(json.dumps({"note": "x"}) + "\n")
    with pytest.raises(ConfigError, match="cannot be used"):
        Trials(path)


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Trials(tmp_path)
