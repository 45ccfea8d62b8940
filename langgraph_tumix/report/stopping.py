"""What each round adds, what it costs, and where the runs stop."""

from typing import Any

from langgraph_tumix.core.statistics import bootstrap
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.nodes.judge import NOT_ASKED
from langgraph_tumix.report.marks import marked, per_question
from langgraph_tumix.report.run import Result, Run
from langgraph_tumix.report.systems import cost, share, spread


def gains(run: Run, preset: str) -> list[dict[str, Any]]:
    """Return a row for each round: who came so far and stopped, the vote's accuracy had it been the last, its cost.

    Runs that ended before a round keep their answer, so all rows speak of the same questions.
    """
    results = run.of_preset(preset)
    each = list(marked(run, results))
    rounds = max((len(result["outcome"]["rounds"]) for result in results), default=0)
    right = [
        per_question((one.result["task"], one.value_after(round_)) for one in each) for round_ in range(1, rounds + 1)
    ]
    rows = []
    for number in range(1, rounds + 1):
        before = right[number - 2] if number > 1 else None
        rows.append({"round": number, **_stops(results, number), **_gain(before, right[number - 1])})
        spent = cost(_usages(results, number), len(results))
        rows[-1] |= spent | {"usd_per_extra": _price(spent["usd"], rows[-1]["gain"])}
    return rows


def _stops(results: list[Result], number: int) -> dict[str, int]:
    reached = [result["outcome"]["rounds"] for result in results if len(result["outcome"]["rounds"]) >= number]
    verdicts = (rounds[number - 1] for rounds in reached)
    judged = [report for report in verdicts if report["verdict"] and not report["verdict"].startswith(NOT_ASKED)]
    return {
        "reached": len(reached),
        "stopped": sum(len(rounds) == number for rounds in reached),
        "judged": len(judged),
        "judged_enough": sum(report["stop"] for report in judged),
    }


def _gain(before: dict[str, float] | None, after: dict[str, float]) -> dict[str, Any]:
    if not after:
        return {"accuracy": None, "gain": None, "verdict": None}
    accuracy = share(list(after.values()))
    if before is None:
        return {"accuracy": accuracy, "gain": None, "verdict": None}
    interval = bootstrap([after[task] - before[task] for task in after])
    return {"accuracy": accuracy, "gain": spread(interval), "verdict": interval.verdict}


def _usages(results: list[Result], number: int) -> list[Usage]:
    rounds = (result["outcome"]["by_round"].get(str(number)) for result in results)
    return [usage for usage in rounds if usage is not None]


def _price(usd: float | None, gain: list[float] | None) -> float | None:
    """Return what a further right answer costs in this round, in dollars; None if there is none to pay for."""
    return usd / gain[0] if usd is not None and gain and gain[0] > 0 else None
