"""Matched cost: as many calls or dollars as the first preset really took, found once and kept with the run."""

import json
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix import ConfigError, Price
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.evaluate.estimate import estimate
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.matching import Mean, matched
from langgraph_tumix.evaluate.presets import preset_options
from langgraph_tumix.evaluate.runner import Progress
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.models.model import resolve
from langgraph_tumix.report.run import read_run
from tests.graph.roles import play, toolbox

TASKS = [
    Task(id=str(number), question=f"What is it in case {number}?" + " More." * number, answer="42")
    for number in range(3)
]
PRESETS = ["scimaster", "single", "self-consistency:calls", "self-consistency:dollars", "gsa:calls", "sets:calls"]


def evaluation(**more: Any) -> Evaluation:
    model = play()
    options = {"tools": toolbox(), "prices": {resolve(model).name: Price(1.0, 4.0)}}
    given: dict[str, Any] = {"tasks": TASKS, "source": "cases", "presets": PRESETS, "model": model, "options": options}
    return Evaluation(**(given | more))


async def run(folder: Path, **more: Any) -> Progress:
    wanted = evaluation(**more)
    async with wanted.opened(folder) as (runner, before):
        return await runner.run(wanted.jobs, before)


def test_the_number_follows_from_what_was_measured() -> None:
    cases: list[tuple[str, Mean, Mean | None, str]] = [
        ("self-consistency:calls", Mean(103.4, 1, 1.0), None, "self-consistency:103"),
        ("self-consistency:calls", Mean(0.0, 1, 1.0), None, "self-consistency:1"),
        ("self-consistency:calls", Mean(5000.0, 1, 1.0), None, "self-consistency:1000"),
        ("self-reflection:calls", Mean(103.4, 1, 1.0), None, "self-reflection:20"),
        ("gsa:calls", Mean(46.0, 1, None), None, "gsa:45"),
        ("self-moa:calls", Mean(45.0, 1, None), None, "self-moa:22"),
        ("sets:calls", Mean(45.0, 1, None), None, "sets:15"),
        ("self-consistency:dollars", Mean(1, 1, 0.5), Mean(1, 1, 0.002), "self-consistency:250"),
        ("self-consistency:dollars", Mean(1, 9000, 0.0), Mean(1, 300, 0.0), "self-consistency:30"),
        ("self-consistency:dollars", Mean(1, 9000, None), Mean(1, 300, 0.1), "self-consistency:30"),
    ]
    for name, first, sample, preset in cases:
        match = matched(name, "tumix", first, sample)
        assert match.preset == preset
        assert preset_options(match.preset)
        assert ("no dollars" in match.why) is (name.endswith("dollars") and not first.usd)


@pytest.mark.parametrize(
    ("presets", "says"),
    [
        (["self-consistency:calls", "single"], "another one before it"),
        (["tumix", "self-consistency:dollars"], "needs the preset single"),
        (["tumix", "single", "gsa:dollars"], "only self-consistency"),
        (["tumix", "moa:calls"], "takes no number"),
        (["tumix", "nobody:calls"], "no preset"),
    ],
)
def test_what_cannot_be_matched_is_refused(presets: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        evaluation(presets=presets)


def test_elsewhere_a_match_has_no_meaning() -> None:
    with pytest.raises(ConfigError, match="tumix eval"):
        preset_options("self-consistency:calls")


@pytest.mark.long
async def test_calls_and_dollars_are_those_of_the_first_preset(tmp_path: Path) -> None:
    progress = await run(tmp_path, tasks=TASKS[:2])
    assert progress.done == len(PRESETS) * 2
    usage = {preset: add_usage(*progress.spent[preset]) for preset in PRESETS}
    first, one = usage["scimaster"], usage["single"]
    for preset, closest in (("self-consistency:calls", 0.5), ("gsa:calls", 0.5), ("sets:calls", 1.5)):
        assert abs(usage[preset]["model_calls"] - first["model_calls"]) <= closest * 2
    assert None not in (first["usd"], one["usd"])
    spent = usage["self-consistency:dollars"]["usd"]
    assert spent == pytest.approx(first["usd"], abs=0.501 * (one["usd"] or 0))
    about = read_run(tmp_path).about["matched"]
    assert about["self-consistency:calls"]["preset"] == f"self-consistency:{first['model_calls'] // 2}"
    assert "scimaster cost $" in about["self-consistency:dollars"]["why"]


@pytest.mark.long
async def test_what_a_match_came_to_stays_when_the_evaluation_goes_on(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"presets": ["sets:2", "self-consistency:calls"], "tasks": TASKS[:2]}
    await run(tmp_path, **wanted)
    results = tmp_path / "results.jsonl"
    lines = results.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["preset"] == "sets:2"]
    changed = [json.loads(line) for line in kept]
    changed[0]["outcome"]["usage"]["model_calls"] += 300
    results.write_text("".join(json.dumps(line) + "\n" for line in changed), "utf-8")
    progress = await run(tmp_path, **wanted)
    assert [usage["model_calls"] for usage in progress.spent["self-consistency:calls"]] == [6] * 2


@pytest.mark.long
async def test_short_of_money_nothing_is_matched_with_half_a_preset(tmp_path: Path) -> None:
    presets = ["scimaster", "self-consistency:calls"]
    enough = 0.104  # for one question's reservation, and what two have cost
    progress = await run(tmp_path, presets=presets, usd=enough, at_once=1)
    assert progress.suspended
    assert 0 < len(progress.spent["scimaster"]) < len(TASKS)
    assert "matched" not in read_run(tmp_path).about
    assert (await run(tmp_path, presets=presets, usd=9.0)).done == len(presets) * len(TASKS)


def test_estimates_match_end_with_end() -> None:
    scimaster, _, calls, dollars, *_ = estimate(evaluation())
    for end in ("lower", "expected", "upper"):
        first, same, bought = (getattr(each, end).usage for each in (scimaster, calls, dollars))
        assert same["model_calls"] == pytest.approx(first["model_calls"], rel=0.05)
        assert bought["usd"] == pytest.approx(first["usd"], rel=0.05) or bought["model_calls"] >= 1000 * len(TASKS)
