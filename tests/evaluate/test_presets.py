"""Presets: each runs, makes the calls that its name promises, and its page names it."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from langgraph_tumix import ConfigError
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.core.aggregating.draw import RandomAnswer
from langgraph_tumix.core.view import View
from langgraph_tumix.evaluate.presets import BASELINES, PRESETS, preset_graph, preset_options
from langgraph_tumix.testing import note
from tests.graph.roles import play, solver, toolbox

Answer = Callable[[Sequence[BaseMessage]], str | Exception]


async def outcome_of(name: str, answer: Answer = solver, verdict: str = "<<<NO>>>") -> Any:
    graph = preset_graph(name, play(answer, verdict=verdict), tools=toolbox())
    return (await graph.ainvoke({"question": "What is it?"}, {"recursion_limit": 200}))["outcome"]


@pytest.mark.parametrize(
    ("name", "verdict", "rounds"),
    [
        ("tumix", "<<<NO>>>", 5),
        ("tumix-rule", "", 2),
        ("tumix-fixed", "", 5),
        ("tumix-fixedr", "", 5),
        ("tumix-single", "<<<YES>>>", 2),
        ("tumix-three", "<<<YES>>>", 2),
        ("tumix-evolve", "<<<YES>>>", 2),
        ("tumix-plus", "<<<YES>>>", 2),
    ],
)
@pytest.mark.long
async def test_variants(name: str, verdict: str, rounds: int) -> None:
    outcome = await outcome_of(name, verdict=verdict)
    assert (outcome.answer, outcome.status, outcome.agents) == ("42", "complete", 15)
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
        ("gsa", 15),
        ("gsa:3", 4),
        ("self-moa", 15),
        ("self-moa:2", 5),
    ],
)
async def test_baselines_make_the_calls_that_they_promise(name: str, calls: int) -> None:
    outcome = await outcome_of(name)
    assert (outcome.answer, outcome.usage["model_calls"], outcome.usage["tool_calls"]) == ("42", calls, 0)
    assert not outcome.warnings
    base, _, number = name.partition(":")
    preset = PRESETS[base]
    if preset.number is not None:
        assert preset.unit * int(number or preset.number) + preset.closing == calls


async def test_layers_read_the_layer_before_and_the_last_call_writes_the_answer() -> None:
    def answer(messages: Sequence[BaseMessage]) -> str:
        if "write the best answer" in messages[1].text:
            return "<<<44>>>"
        reads = "# Notes of round 1" in messages[1].text and "one fenced block" not in messages[1].text
        return "<<<43>>>" if reads else solver(messages)

    for name, agents in (("self-moa", 7), ("moa", 6)):
        outcome = await outcome_of(name, answer)
        assert [sum(report["votes"].values()) for report in outcome.rounds] == [agents, agents]
        assert outcome.rounds[1]["votes"] == ({"43": 7} if name == "self-moa" else {"42": 4, "43": 2})
        assert outcome.answer == "44"
        assert outcome.by_agent["aggregator"]["model_calls"] == 1


async def test_dei_lets_a_committee_choose_and_a_minority_can_win() -> None:
    def answer(messages: Sequence[BaseMessage]) -> str:
        told = messages[1].text
        if "how likely it is that the answer is right" in told:
            return "<<<0.9>>>" if "1. 41" in told else "<<<0.2>>>"
        alone = "in plain words" in told
        return "<<<41>>>" if alone else solver(messages)

    outcome = await outcome_of("dei", answer)
    assert (outcome.answer, outcome.votes) == ("41", {"42": 4, "41": 1})
    assert outcome.by_agent["aggregator"]["model_calls"] == 6, "three judges, two answers"


@pytest.mark.parametrize(
    ("says", "experts"),
    [
        ("facts\n<<<unknown>>>", {"CS_gs", "CSG_gs", "CoT"}),
        ("Calculation, enumeration\n<<<unknown>>>", {"C", "C+", "CoT_code"}),
        ("I cannot say. <<<unknown>>>", {"C", "C+", "CoT"}),
    ],
)
async def test_experts_are_recruited_for_the_skills_that_the_question_needs(says: str, experts: set[str]) -> None:
    def answer(messages: Sequence[BaseMessage]) -> str:
        return says if "The skills to choose from" in messages[1].text else solver(messages)

    outcome = await outcome_of("symbolic-moe", answer)
    assert outcome.answer == "42"
    assert set(outcome.by_agent) - {"judge", "aggregator"} == {"Recruiter", *experts}
    assert outcome.votes == {"42": 3}


async def test_a_recruiter_alone_is_no_answer() -> None:
    def answer(messages: Sequence[BaseMessage]) -> str | Exception:
        if "The skills to choose from" in messages[1].text:
            return "facts\n<<<unknown>>>"
        return ValueError("broken")

    outcome = await outcome_of("symbolic-moe", answer)
    assert (outcome.answer, outcome.status) == (None, "no_answer")


async def test_scimaster_criticises_each_solution_rewrites_from_all_and_selects() -> None:
    read: dict[str, list[int]] = {"critic": [], "rewriter": []}

    def answer(messages: Sequence[BaseMessage]) -> str:
        told = messages[1].text
        if "Pick the one" in told:
            return "<<<2>>>"
        for role, counts in read.items():
            if template(role)[:40] in told:
                counts.append(told.count("[[end · "))
                return "<<<43>>>" if role == "rewriter" and len(counts) == 1 else "<<<42>>>"
        return solver(messages)

    outcome = await outcome_of("scimaster", answer)
    assert read == {"critic": [1] * 5, "rewriter": [5] * 5}
    assert [sum(report["votes"].values()) for report in outcome.rounds] == [5, 5, 5]
    assert outcome.answer in ("42", "43")
    assert outcome.by_agent["aggregator"]["model_calls"] == 1


def test_what_is_no_preset_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[str] = [
        "nobody",
        "tumix:3",
        "sets:",
        "sets:0",
        "sets:x",
        "sets:²",
        "sets:-1",
        "self-reflection:21",
        "sets:1001",
        "moa:3",
    ]
    for name in cases:
        with subtests.test(name=name), pytest.raises(ConfigError, match="preset"):
            preset_options(name)


def test_the_page_names_every_preset_and_baselines_are_presets() -> None:
    page = (Path(__file__).parents[2] / "docs" / "presets.md").read_text("utf-8")
    assert all(f"| `{name}`" in page or f"| `{name}:N`" in page for name in PRESETS)
    assert {name.partition(":")[0] for name in BASELINES} <= set(PRESETS)


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
