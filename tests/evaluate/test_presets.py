"""Presets: each runs, makes the calls that its name promises, and its page names it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix import ConfigError
from langgraph_tumix.core.aggregating.draw import RandomAnswer
from langgraph_tumix.core.view import View
from langgraph_tumix.evaluate.presets import BASELINES, PRESETS, preset_graph, preset_options
from langgraph_tumix.testing import note
from tests.graph.roles import play, toolbox


async def outcome_of(name: str, **options: Any) -> Any:
    graph = preset_graph(name, play(verdict="<<<NO>>>"), tools=toolbox(), **options)
    return (await graph.ainvoke({"question": "What is it?"}, {"recursion_limit": 200}))["outcome"]


@pytest.mark.parametrize(
    ("name", "agents", "rounds"),
    [
        ("tumix", 15, 5),
        ("tumix-rule", 15, 2),
        ("tumix-fixed", 15, 5),
        ("tumix-fixedr", 15, 5),
        ("tumix-single", 15, 5),
        ("tumix-three", 15, 5),
        ("tumix-evolve", 15, 5),
        ("tumix-plus", 15, 5),
    ],
)
@pytest.mark.long
async def test_variants(name: str, agents: int, rounds: int) -> None:
    outcome = await outcome_of(name)
    assert (outcome.answer, outcome.status, outcome.agents) == ("42", "complete", agents)
    assert len(outcome.rounds) == rounds
    assert sum(outcome.rounds[0]["votes"].values()) == (60 if name == "tumix-plus" else 15)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("single", 1),
        ("self-consistency", 15),
        ("self-consistency:45", 45),
        ("self-reflection", 10),
        ("self-reflection:3", 3),
        ("sets", 15),
        ("sets:2", 6),
    ],
)
async def test_baselines_make_the_calls_that_they_promise(name: str, calls: int) -> None:
    outcome = await outcome_of(name)
    assert (outcome.answer, outcome.usage["model_calls"], outcome.usage["tool_calls"]) == ("42", calls, 0)


@pytest.mark.parametrize(
    "name", ["nobody", "tumix:3", "sets:", "sets:0", "sets:x", "sets:²", "sets:-1", "self-reflection:21", "sets:201"]
)
def test_what_is_no_preset_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="preset"):
        preset_options(name)


def test_the_page_names_every_preset_and_baselines_are_presets() -> None:
    page = (Path(__file__).parents[2] / "docs" / "presets.md").read_text("utf-8")
    assert all(f"| `{name}`" in page or f"| `{name}:N`" in page for name in PRESETS)
    assert set(BASELINES) <= set(PRESETS)


def test_a_random_answer_follows_the_votes_and_not_the_order() -> None:
    notes = [note("ABCD"[place], "1" if place else "2") for place in range(4)]
    drawn = Counter()  # type: Counter[str]
    for seed in range(400):
        choice = RandomAnswer().choose(View(notes, 1), [], seed)
        turned = RandomAnswer().choose(View(notes[::-1], 1), [], seed)
        assert choice is not None
        assert turned is not None
        assert choice.answer == turned.answer
        assert choice.confidence == (0.75 if choice.answer == "1" else 0.25)
        drawn[choice.answer] += 1
    assert 250 < drawn["1"] < 350
    assert RandomAnswer().choose(View([note("A", None)], 1), [], 0) is None
