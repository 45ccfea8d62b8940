"""A run's folder, whole and in every state that a crash, an older version or a person may leave it in."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.report import page, read_run
from tests.report.runs import add, lines, make, results


@pytest.fixture(scope="module")
async def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of fewer questions than those that are looked at: what may be broken is the same."""
    return await make(tmp_path_factory.mktemp("runs") / "boxes", 6)


@pytest.fixture
def copy(boxes: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(boxes, tmp_path / "copy"))


def change(folder: Path, **entries: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_a_whole_run(boxes: Path) -> None:
    run = read_run(boxes)
    assert (run.name, len(run.tasks), len(run.results), run.presets) == ("boxes", 6, 12, ["trio", "single"])
    assert run.problems == ()
    assert run.about["simulated"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no run.json"),
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": 2}', "is of format 2, this version reads 1"),
        ('{"model": "x"}', "is of format None"),
        ('{"format": 1}', "created: Field required"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_run_is_refused(content: str | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(ConfigError, match=says):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "not JSON",
        "null",
        "{}",
        '{"preset": "trio", "task": "box-001", "repeat": 0}',
        '{"preset": NaN}',
        "\x00\x00\x00",
        "[" * 100_000,
        "[" * 100_000 + '"\\ud800',
    ],
)
def test_a_malformed_line_is_left_out_and_said(line: str, copy: Path) -> None:
    kept = (copy / "results.jsonl").read_text()
    (copy / "results.jsonl").write_text(f"{line}\n\n{kept}")
    run = read_run(copy)
    assert len(run.results) == 12
    assert len(run.problems) == 1
    assert run.problems[0].startswith("1 line of results.jsonl cannot be read and was left out (line 1: ")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_half_written_last_line_is_the_normal_end_of_a_run(share: float, copy: Path) -> None:
    kept = (copy / "results.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "results.jsonl").write_bytes(b"".join(kept[:-1]) + kept[-1][: int(share * len(kept[-1]))])
    run = read_run(copy)
    assert len(run.results) == 11
    assert run.problems == ("the last line of results.jsonl is half-written and was left out",)


def test_of_a_result_that_stands_there_twice_the_later_counts(copy: Path) -> None:
    again = results(copy)[0]
    add(copy, {**again, "score": {"correct": None, "by": "none", "why": "again"}})
    run = read_run(copy)
    assert len(run.results) == 12
    assert run.results[0]["score"]["why"] == "again"
    assert run.problems == ("1 results stand there twice: the later one counts",)


def test_half_a_character_loses_no_result(copy: Path) -> None:
    first = results(copy)[0]
    first["notes"][0]["text"] = "half \ud800 a character"
    add(copy, {**first, "repeat": 1})
    run = read_run(copy)
    assert len(run.results) == 13
    assert run.results[-1].get("notes", [])[0]["text"] == "half ? a character"


def test_missing_answers_are_said(copy: Path) -> None:
    kept = [json.loads(line) for line in (copy / "gold.jsonl").read_text().splitlines()]
    lines(copy / "gold.jsonl", [*kept[:4], {"id": "box-005", "answer": None}])
    assert read_run(copy).problems == (
        "the right answer to 2 of 6 questions is not known: they do not count in the accuracy",
    )
    (copy / "gold.jsonl").unlink()
    assert read_run(copy).problems == ("the right answers are not known, so there is no accuracy",)


def test_questions_and_presets_that_only_results_know(copy: Path) -> None:
    (copy / "tasks.jsonl").unlink()
    change(copy, presets=["trio"])
    run = read_run(copy)
    assert len(run.tasks) == 6
    assert run.tasks["box-001"]["question"].startswith("A locked box no. 1 ")
    assert run.presets == ["trio", "single"]


def test_a_run_that_has_just_begun(copy: Path) -> None:
    for name in ("tasks.jsonl", "gold.jsonl", "results.jsonl"):
        (copy / name).unlink()
    run = read_run(copy)
    assert run.results == ()
    assert "boxes" in page(run)
