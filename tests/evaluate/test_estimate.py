"""Estimates: from a run they hold for the next one; from assumptions they follow roster, prompts and prices."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix import Price
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.evaluate.estimate import Estimate, estimate, total
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.presets import PRESETS
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.models.model import resolve
from langgraph_tumix.report.run import read_run
from tests.graph.roles import play, toolbox
from tests.processes import tumix
from tests.report.runs import make


def evaluation(*presets: str, questions: int = 10, length: int = 100, **more: Any) -> Evaluation:
    tasks = [Task(id=str(number), question=f"{number:>{length}}", answer="42") for number in range(questions)]
    options = {"tools": toolbox()}
    return Evaluation(tasks=tasks, source="cases", presets=presets, model="offline", options=options, **more)


def ordered(found: Estimate) -> bool:
    ends = (found.lower, found.expected, found.upper)
    quantities = ([end.usage["model_calls"], end.usage["input_tokens"], end.seconds] for end in ends)
    return all(low <= high for column in zip(*quantities, strict=True) for low, high in pairwise(column))


@pytest.mark.parametrize("preset", PRESETS)
def test_lower_is_below_upper_and_more_questions_cost_more(preset: str) -> None:
    (few,), (many,) = estimate(evaluation(preset)), estimate(evaluation(preset, questions=20))
    assert ordered(few)
    assert few.recorded == 0
    assert many.expected.usage["model_calls"] == 2 * few.expected.usage["model_calls"]
    (twice,) = estimate(evaluation(preset, repeats=2))
    assert twice.expected == many.expected


def test_calls_are_those_of_the_roster() -> None:
    single, consistency, fixed = estimate(evaluation("single", "self-consistency:7", "tumix-fixed", questions=1))
    assert [end.usage["model_calls"] for end in (single.lower, single.expected, single.upper)] == [1, 1, 1]
    assert consistency.lower.usage["model_calls"] == 7
    most = 5 * sum(agent.most_model_calls for agent in FIFTEEN)
    assert fixed.upper.usage["model_calls"] == most + 1, "and one that groups equal answers"
    assert total([single, consistency]).upper.usage["model_calls"] == 1 + 8


def test_longer_questions_cost_more_input_and_no_more_output() -> None:
    (short,), (long,) = estimate(evaluation("single")), estimate(evaluation("single", length=4100))
    assert long.expected.usage["input_tokens"] - short.expected.usage["input_tokens"] == 10 * 1000
    assert long.expected.usage["output_tokens"] == short.expected.usage["output_tokens"]


def test_a_price_that_nobody_knows_is_not_zero() -> None:
    (found,) = estimate(
        Evaluation(
            tasks=[Task(id="1", question="What?")],
            source="cases",
            presets=["tumix"],
            model=play(),
            options={"tools": toolbox()},
        )
    )
    assert (found.lower.usage["usd"], found.expected.usage["usd"], found.upper.usage["usd"]) == (None, None, None)


async def test_a_recorded_run_tells_what_the_next_one_costs(tmp_path: Path) -> None:
    presets: dict[str, dict[str, Any]] = {
        "single": {"agents": ["Base"], "min_rounds": 1, "max_rounds": 1},
        "tumix": {"agents": ["CoT", "C"]},
    }
    run = read_run(await make(tmp_path, 12, presets))
    wanted = evaluation("single", "tumix", "sets", questions=100, at_once=4)
    single, tumix_, sets = estimate(wanted, run)
    assert (single.recorded, tumix_.recorded, sets.recorded) == (12, 12, 0)
    assert single.expected.usage["model_calls"] == 100
    mean = sum(result["outcome"]["usage"]["model_calls"] for result in run.of_preset("tumix")) / 12
    assert tumix_.expected.usage["model_calls"] == round(100 * mean)
    assert ordered(tumix_)
    spread = tumix_.upper.usage["input_tokens"] - tumix_.lower.usage["input_tokens"]
    assert 0 < spread < tumix_.expected.usage["input_tokens"]


@pytest.mark.long
async def test_nine_of_ten_evaluations_end_within_the_range(tmp_path: Path) -> None:
    """Drawn from one long run: 10 recorded questions foretell 20 others."""
    run = read_run(await make(tmp_path, 45, {"tumix": {"agents": ["CoT", "C"], "max_rounds": 3}}))
    draw, within = random.Random(1), 0
    for trial in range(25):
        results = draw.sample(run.results, 30)
        known = type(run)(run.name, run.about, run.tasks, run.gold, tuple(results[:10]), ())
        (found,) = estimate(evaluation("tumix", questions=20, seed=trial), known)
        really = sum(result["outcome"]["usage"]["input_tokens"] for result in results[10:])
        within += found.lower.usage["input_tokens"] <= really <= found.upper.usage["input_tokens"]
    assert within >= 20


async def test_the_tokens_of_another_model_take_the_price_of_this_one(tmp_path: Path) -> None:
    run = read_run(await make(tmp_path, 3, {"single": {"agents": ["Base"], "min_rounds": 1, "max_rounds": 1}}))
    (offline,) = estimate(evaluation("single", questions=3), run)
    assert offline.expected.usage["usd"] == 0.0, "the embedded model costs nothing; the recorded one did"
    model = play()
    tasks = [Task(id=str(number), question="What?") for number in range(3)]
    options = {"tools": toolbox(), "prices": {resolve(model).name: Price(1.0, 1.0)}}
    (priced,) = estimate(Evaluation(tasks=tasks, source="cases", presets=["single"], model=model, options=options), run)
    usage = priced.expected.usage
    assert usage["usd"] == pytest.approx((usage["input_tokens"] + usage["output_tokens"]) / 1e6)


@pytest.mark.kernel
def test_the_command_prints_a_range_and_what_it_rests_on() -> None:
    done = tumix("estimate", "offline", "--preset", "single", "--preset", "sets:3", "--limit", "5")
    assert done.returncode == 0, done.stderr
    for word in ("single", "sets:3", "all", "Assumed", "expected", "dollars", "minutes"):
        assert word in done.stdout
    assert tumix("estimate", "offline", "--from", "/nowhere").returncode == 2
