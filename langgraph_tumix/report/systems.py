"""The presets side by side: what each gets right, what that costs, and whether they differ at all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from langgraph_tumix.core.statistics import Interval, bootstrap, mcnemar, minimum_detectable_effect, wilson
from langgraph_tumix.core.usage import Usage, add_usage, tokens
from langgraph_tumix.report.marks import per_question
from langgraph_tumix.report.run import Result, Run

DISCORDANT = 0.2
"""The share of questions on which two systems usually disagree, for what a sample of this size can show."""

COSTS = ("usd", "tokens", "calls")


def compare(run: Run) -> dict[str, Any]:
    """Return accuracy and cost of each preset, its difference to the first, and who is on the Pareto front."""
    presets = [preset for preset in run.presets if run.of_preset(preset)]
    right = {preset: _right(run.of_preset(preset)) for preset in presets}
    rows = [_row(preset, run.of_preset(preset), right[preset]) for preset in presets]
    for row in rows[1:]:
        row["difference"] = _difference(right[presets[0]], right[row["name"]])
    points = [(row, row["accuracy"][0] if row["accuracy"] else None) for row in rows]
    questions = max((len(each) for each in right.values()), default=0)
    return {
        "rows": rows,
        "fronts": {cost: front([(row["name"], row[cost], value) for row, value in points]) for cost in COSTS},
        "detectable": minimum_detectable_effect(questions, discordant=DISCORDANT) if questions else None,
    }


def spread(interval: Interval) -> list[float]:
    """Return an interval as value, low, high."""
    return [round(part, 6) for part in (interval.value, interval.low, interval.high)]


def share(values: Sequence[float]) -> list[float] | None:
    """Return the mean of shares, one for each question, with its interval; None without questions."""
    return spread(wilson(min(sum(values), len(values)), len(values))) if values else None


def cost(usages: Iterable[Usage], n: int) -> dict[str, float | None]:
    """Return dollars, tokens and calls for each of `n`."""
    total = add_usage(*usages)
    usd = None if total["usd"] is None else total["usd"] / n
    return {"usd": usd, "tokens": tokens(total) / n, "calls": total["model_calls"] / n}


def front(points: Sequence[tuple[str, float | None, float | None]]) -> list[str]:
    """Return the names that no other beats: none is as cheap and more accurate, or as accurate and cheaper.

    Args:
        points: Name, cost and accuracy of each; those with an unknown are left out.

    >>> front([("a", 1, 0.5), ("b", 2, 0.5), ("c", 3, 0.9), ("d", None, 1.0)])
    ['a', 'c']
    """
    known = [(name, price, value) for name, price, value in points if price is not None and value is not None]
    return [
        name
        for name, price, value in known
        if not any(p <= price and v >= value and (p, v) != (price, value) for _, p, v in known)
    ]


def _right(results: list[Result]) -> dict[str, float]:
    scored = ((result["task"], result["score"]["correct"]) for result in results)
    return per_question((task, float(correct)) for task, correct in scored if correct is not None)


def _row(preset: str, results: list[Result], right: dict[str, float]) -> dict[str, Any]:
    usages = [result["outcome"]["usage"] for result in results]
    spent = cost(usages, len(results))
    correct = sum(bool(result["score"]["correct"]) for result in results)
    return {
        "name": preset,
        "results": len(results),
        "scored": len(right),
        "unscored": sum(result["score"]["correct"] is None for result in results),
        "accuracy": share(list(right.values())),
        "difference": None,
        **spent,
        "seconds": fmean(result["outcome"]["seconds"] for result in results),
        "usd_per_correct": spent["usd"] * len(results) / correct if spent["usd"] is not None and correct else None,
        "status": Counter(result["outcome"]["status"] for result in results),
        "lost": sum(len(result["outcome"]["lost"]) for result in results),
        "rounds": _rounds(results),
    }


def _rounds(results: list[Result]) -> dict[str, Any]:
    """Return how many results took how many rounds."""
    counts = Counter(len(result["outcome"]["rounds"]) for result in results)
    mean = fmean(counts.elements())
    return {"counts": {str(rounds): counts[rounds] for rounds in sorted(counts)}, "mean": mean}


def _difference(first: dict[str, float], other: dict[str, float]) -> dict[str, Any] | None:
    """Return how the accuracy of the other differs on the questions that both were scored on; None without any."""
    differences = [other[task] - first[task] for task in first if task in other]
    if not differences:
        return None
    interval = bootstrap(differences)
    single = all(
        difference in (-1, 0, 1) for difference in differences
    )  # as without repeats, where McNemar's test holds
    p = mcnemar(differences.count(-1), differences.count(1)) if single else None
    return {"interval": spread(interval), "verdict": interval.verdict, "p": p, "questions": len(differences)}
