"""`tumix eval` as a process: what a person sees, what it leaves, and the exit codes."""

import json
from pathlib import Path

import pytest

from langgraph_tumix import ConfigError
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.presets import BASELINES
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.replay import read_any, read_strategy, replay
from langgraph_tumix.report.run import read_run
from tests.graph.roles import play, toolbox
from tests.processes import tumix

pytestmark = pytest.mark.kernel


def written(folder: Path, *rows: object) -> str:
    file = folder / "mine.jsonl"
    file.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(file)


@pytest.mark.timeout(240)
def test_the_bundled_questions_with_baselines_then_a_page(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ("eval", "offline", "--limit", "2", "--preset", "tumix-rule", "--baselines", "--out", str(run))
    done = tumix(*command)
    assert done.returncode == 0, done.stderr
    for name in ("tumix-rule", *BASELINES):
        assert name in done.stdout
    for word in ("95 %", "not distinguishable", "against tumix-rule", "simulated", "tumix-rule made"):
        assert word in done.stdout
    for word in ("points or more", "simulated", "24 of 24 questions"):
        assert word in done.stderr
    before = (run / "results.jsonl").read_bytes()
    again = tumix(*command)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert (run / "results.jsonl").read_bytes() == before
    page = tumix("report", str(run))
    assert page.returncode == 0, page.stderr
    assert "simulated" in (run / "report.html").read_text("utf-8")
    other = tumix(*command, "--seed", "1")
    assert other.returncode == 2
    assert "seed" in other.stderr


def test_a_dry_run_checks_and_leaves_nothing(tmp_path: Path) -> None:
    done = tumix("eval", "offline", "--baselines", "--dry-run", "--repeats", "2", "--out", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "1680 questions would be asked" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_bad_line_is_named_and_left_out_only_when_asked_to(tmp_path: Path) -> None:
    rows = ({"question": "What is 12 * 34?"}, "nonsense\n")
    tasks, out = written(tmp_path, *rows), ("--preset", "single", "--out", str(tmp_path / "run"))
    refused = tumix("eval", tasks, *out)
    assert refused.returncode == 2
    assert "line 2" in refused.stderr
    done = tumix("eval", tasks, *out, "--skip-bad")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stderr
    assert "No right answer is known" in done.stderr
    assert "not known" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl"),
        (["offline", "--preset", "nobody"], "no preset"),
        (["offline", "--max-cost", "-1"], "usd=-1"),
        (["offline", "--repeats", "0"], "--repeats"),
        (["offline", "--grader", "nonsense"], "nonsense"),
        (["offline", "--model", "openai:gpt-5-mini"], "OPENAI_API_KEY"),
    ],
)
def test_mistakes_cost_nothing(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = tumix("eval", *arguments, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


async def test_every_repeat_is_a_result_of_its_own(tmp_path: Path) -> None:
    tasks = [Task(id=str(number), question=f"What is it in case {number}?", answer="42") for number in range(2)]
    evaluation = Evaluation(
        tasks=tasks, source="cases", presets=["tumix-fixedr"], model=play(), repeats=2, options={"tools": toolbox()}
    )
    async with evaluation.opened(tmp_path) as (runner, before):
        assert (await runner.run(evaluation.jobs, before)).done == 4
    recording, gold = read_any(RunFolder(tmp_path).recording("tumix-fixedr"))
    assert len(recording.runs) == 4
    board = replay(recording, [read_strategy("FixedRounds(5)")], gold=gold)
    assert board.rows[0].validity == "exact"
    found = sorted((result["task"], result["repeat"]) for result in read_run(tmp_path).results)
    assert found == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]


async def test_a_cap_needs_a_price(tmp_path: Path) -> None:
    task = Task(id="1", question="What is it?", answer="42")
    evaluation = Evaluation(
        tasks=[task], source="cases", presets=["single"], model=play(), usd=1.0, options={"tools": toolbox()}
    )
    with pytest.raises(ConfigError, match="price"):
        async with evaluation.opened(tmp_path / "run"):
            raise AssertionError("it is refused before the folder is made")
