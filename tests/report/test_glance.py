"""A run at a glance, as a notebook and a terminal show it, and as a recording to try strategies on."""

import json
from pathlib import Path

import pytest

from langgraph_tumix.core.stop import FixedRounds, LLMJudge
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay import replay
from langgraph_tumix.report import read_run
from langgraph_tumix.report.glance import glance
from tests.report.runs import add, make, of
from tests.report.test_card import read


@pytest.fixture(scope="module")
async def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run: 6 questions, two presets."""
    return await make(tmp_path_factory.mktemp("runs") / "boxes", 6)


def test_a_card_with_every_preset(boxes: Path) -> None:
    run = read_run(boxes)
    page = read(glance(run))
    for words in ("boxes", "simulated", "12 of 12 results", "trio", "single", "points", "dollars"):
        assert words in page.words
    assert run._repr_html_() == glance(run)
    assert page.tags <= {"div", "b", "span", "table", "tr", "th", "td", "svg", "path", "circle"}


def test_the_same_in_plain_text(boxes: Path) -> None:
    lines = repr(read_run(boxes)).splitlines()
    assert lines[0] == "boxes: scripted, 6 questions, 12 of 12 results"
    assert [line.split()[0] for line in lines[1:3]] == ["trio", "single"]
    assert "simulated" in lines[3]
    assert max(map(len, lines)) < 120


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_no_name_becomes_markup(text: str, boxes: Path, tmp_path: Path) -> None:
    about = json.loads((boxes / "run.json").read_text()) | {"tasks": text, "presets": [text], "model": text}
    (tmp_path / "run.json").write_text(json.dumps(about))
    add(tmp_path, of(boxes, "trio")[0] | {"preset": text})
    page = read(glance(read_run(tmp_path)))
    assert page.tags <= {"div", "b", "span", "table", "tr", "th", "td", "svg", "path", "circle"}


def test_an_empty_run(boxes: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text((boxes / "run.json").read_text())
    run = read_run(tmp_path)
    assert "No question has ended yet." in read(glance(run)).words
    assert "0 of 12 results" in repr(run)


def test_what_was_run_replays_to_the_same_answers_and_the_same_tokens(boxes: Path) -> None:
    run = read_run(boxes)
    recording, gold = run.recording("trio")
    rule = LLMJudge() & FixedRounds(2) | FixedRounds(3)
    board = replay(recording, [Strategy("as run", stop=rule), Strategy("one round", stop=FixedRounds(1))], gold=gold)
    same, short = board.rows
    trio = of(boxes, "trio")
    spent = sum(each["outcome"]["usage"][f"{way}put_tokens"] for each in trio for way in ("in", "out")) / len(trio)
    assert same.tokens == pytest.approx(spent)
    assert same.accuracy.value == pytest.approx(sum(bool(each["score"]["correct"]) for each in trio) / len(trio))
    assert short.tokens < same.tokens
    assert {same.validity, short.validity} == {"exact"}


def test_a_preset_that_is_not_there(boxes: Path) -> None:
    with pytest.raises(ConfigError, match="has no preset 'duo': it has trio, single"):
        read_run(boxes).recording("duo")
