"""What each agent contributes: what it knows by itself, what only it knows, what its votes are worth, what it costs."""

from collections import Counter, defaultdict
from statistics import fmean
from typing import Any

from langgraph_tumix.core.notes import LOST, of_round
from langgraph_tumix.core.statistics import mcnemar
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.report.marks import Marked, marked, per_question
from langgraph_tumix.report.run import Result, Run
from langgraph_tumix.report.systems import cost, share

OFFICES = ("judge", "aggregator")
"""Entries of an outcome's costs that are no agents."""

ALPHA = 0.05


def contributions(run: Run, preset: str) -> dict[str, Any]:
    """Return a row for each agent of a preset, the costs of judge and aggregator, and what all together know."""
    results = run.of_preset(preset)
    each = list(marked(run, results))
    usages = _usages(results)
    names = dict.fromkeys(note["agent"] for result in results for note in result.get("notes", []))
    lost = Counter(note["agent"] for result in results for note in result.get("notes", []) if note["status"] in LOST)
    knowing = [(one.result["task"], _knowing(one)) for one in each]
    covered = per_question((task, float(bool(agents))) for task, agents in knowing)
    worth = _worth(each, names)
    return {
        "questions": len(covered),
        "coverage": share(list(covered.values())),
        "rows": [
            {
                "name": name,
                "own": _accuracy(each, name, first=True),
                "last": _accuracy(each, name, first=False),
                "only": sum(per_question((task, float(agents == {name})) for task, agents in knowing).values()),
                "worth": worth[name],
                "lost": lost[name],
                **cost(usages[name], len(results)),
            }
            for name in names
        ],
        "offices": [{"name": name, **cost(usages[name], len(results))} for name in OFFICES if name in usages],
    }


def _usages(results: list[Result]) -> dict[str, list[Usage]]:
    usages = defaultdict(list)
    for result in results:
        for name, usage in result["outcome"]["by_agent"].items():
            usages[name].append(usage)
    return usages


def _knowing(one: Marked) -> set[str]:
    """Return the agents that are right in round 1, before anyone has read another's note."""
    return {note["agent"] for note in of_round(one.notes, 1) if one.is_right(note)}


def _accuracy(each: list[Marked], name: str, *, first: bool) -> list[float] | None:
    values = [
        (one.result["task"], float(right))
        for one in each
        for note in of_round(one.notes, 1 if first else one.rounds)
        if note["agent"] == name and (right := one.is_right(note)) is not None
    ]
    return share(list(per_question(values).values()))


def _worth(each: list[Marked], names: dict[str, None]) -> dict[str, dict[str, Any] | None]:
    """Return what accuracy the vote loses without each agent's votes, 0 to 1, and whether that is more than chance."""
    changes: dict[str, list[tuple[str, float]]] = {name: [] for name in names}
    for one in each:
        choice = one.vote(one.rounds)
        complete = one.value(choice.tally) if choice else 0.0
        for name in names:
            own = {note["id"] for note in one.notes if note["agent"] == name}
            without = one.value(choice.tally, own) if choice else 0.0
            changes[name].append((one.result["task"], complete - without))
    return {name: _told(list(per_question(values).values())) for name, values in changes.items()}


def _told(changes: list[float]) -> dict[str, Any] | None:
    if not changes:
        return None
    saved, spoiled = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
    return {
        "value": fmean(changes),
        "saved": saved,
        "spoiled": spoiled,
        "distinguishable": mcnemar(spoiled, saved) < ALPHA,
    }
