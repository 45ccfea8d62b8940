"""What the page shows, as JSON-safe data: a summary that comes with the page, and each question's details apart."""

from collections import defaultdict
from typing import Any

from langgraph_tumix.core.text import cut
from langgraph_tumix.core.usage import add_usage, tokens
from langgraph_tumix.report.agents import contributions
from langgraph_tumix.report.marks import marks
from langgraph_tumix.report.run import Result, Run, is_known
from langgraph_tumix.report.stopping import gains
from langgraph_tumix.report.systems import compare

SEARCHABLE = 2_000
"""Characters of a question that the list of questions holds; its details hold it whole."""

ANSWER = 80
"""Characters of an answer in the list of questions."""


def summary(run: Run) -> dict[str, Any]:
    """Return what the four panels and the list of questions show."""
    compared = compare(run)
    presets = [row["name"] for row in compared["rows"]]
    return {
        "about": _about(run),
        "compared": compared,
        "agents": {preset: contributions(run, preset) for preset in presets},
        "stopping": {preset: gains(run, preset) for preset in presets},
        "questions": _questions(run),
    }


def details(run: Run) -> list[dict[str, Any]]:
    """Return everything about each question that has results, in the order of the summary's list."""
    results = _by_task(run)
    return [_detail(run, task, results[task]) for task in run.tasks if task in results]


def detail(run: Run, task: str) -> dict[str, Any] | None:
    """Return everything about one question; None if it has no results."""
    results = [result for result in run.results if result["task"] == task]
    return _detail(run, task, results) if results else None


def _about(run: Run) -> dict[str, Any]:
    about = run.about
    total = add_usage(*(result["outcome"]["usage"] for result in run.results))
    return {
        **{key: about[key] for key in ("created", "version", "model", "tasks", "repeats")},
        "commit": about.get("commit"),
        "name": run.name,
        "simulated": about["simulated"] or any(result["outcome"]["simulated"] for result in run.results),
        "questions": max(len(run.tasks), about["questions"]),
        "topics": sorted({topic for task in run.tasks.values() if (topic := task.get("topic"))}),
        "presets": run.presets,
        "done": len(run.results),
        "expected": max(len(run.results), about["questions"] * about["repeats"] * len(about["presets"])),
        "problems": list(run.problems),
        "usd": total["usd"],
        "tokens": tokens(total),
        "calls": total["model_calls"],
    }


def _questions(run: Run) -> list[dict[str, Any]]:
    results = _by_task(run)
    return [
        {
            "id": id_,
            "question": cut(task["question"], SEARCHABLE),
            "topic": task.get("topic", ""),
            "known": is_known(run.gold.get(id_)),
            "results": [_brief(result) for result in results[id_]],
        }
        for id_, task in run.tasks.items()
        if id_ in results
    ]


def _brief(result: Result) -> dict[str, Any]:
    outcome = result["outcome"]
    return {
        "preset": result["preset"],
        "repeat": result["repeat"],
        "correct": result["score"]["correct"],
        "status": outcome["status"],
        "answer": None if outcome["answer"] is None else outcome["answer"][:ANSWER],
        "rounds": len(outcome["rounds"]),
        "usd": outcome["usage"]["usd"],
        "tokens": tokens(outcome["usage"]),
        "confidence": outcome["confidence"],
    }


def _by_task(run: Run) -> dict[str, list[Result]]:
    order = {preset: place for place, preset in enumerate(run.presets)}
    by_task = defaultdict(list)
    for result in sorted(run.results, key=lambda result: (order[result["preset"]], result["repeat"])):
        by_task[result["task"]].append(result)
    return dict(by_task)


def _detail(run: Run, task: str, results: list[Result]) -> dict[str, Any]:
    gold = run.gold.get(task)
    return {
        "question": run.tasks[task]["question"],
        "answer": gold.get("answer") if gold else None,
        "tests": gold.get("tests", "") if gold else "",
        "results": [{"notes": [], **result, "right": marks(result, gold)} for result in results],
    }
