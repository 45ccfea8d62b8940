"""docs/tuning.md: what it shows runs, in its order."""

import re
from pathlib import Path

import pytest

from langgraph_tumix.replay import read_space

PAGE = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.long
def test_its_programs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    record, tune = blocks("python")
    exec(record.replace("[::3]", "[::6]"), {})
    exec(tune.replace("trials=60", "trials=8"), {})
    assert capsys.readouterr().out.startswith("tuned = ")


def test_its_space_is_one(tmp_path: Path) -> None:
    (path := tmp_path / "space.toml").write_text(blocks("toml")[0])
    assert [family.name for family in read_space(path)] == ["lead", "margin"]
