"""A run or a recording as flat tables: questions, rounds, notes, and what everyone used. Rows are plain dicts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from langgraph_tumix.core.notes import Evidence, Note
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.replay.recording import Recording
from langgraph_tumix.replay.recording import Run as Recorded
from langgraph_tumix.report.marks import marks
from langgraph_tumix.report.run import Result, Run

Row = dict[str, Any]

TABLES = ("questions", "rounds", "notes", "usage")
STEPS: tuple[str, ...] = get_args(Evidence.__annotations__["kind"])
"""Kinds of steps behind a note, each of which is a column."""


def tables(source: Run | Recording) -> dict[str, list[Row]]:
    """Return the rows of each table.

    ``questions`` has a row for each question, preset and repeat; ``rounds`` one for each of its rounds; ``notes`` one
    for what each agent left in each round; ``usage`` one for what each agent, the judge and the aggregator used of it.
    The first three columns say which question it is, and join the tables. Usage is in calls, tokens and dollars, times
    are in seconds; what is not known is None.

    Args:
        source: What `report.read_run` or one of the readers in `replay` returned. A recording knows neither outcomes
            nor right answers, and what only they say is None.
    """
    filled: dict[str, list[Row]] = {name: [] for name in TABLES}
    each = _of_run(source) if isinstance(source, Run) else _of_recording(source)
    for name, row in each:
        filled[name].append(row)
    return filled


def _of_run(run: Run) -> Iterator[tuple[str, Row]]:
    for result in run.results:
        at = {"preset": result["preset"], "question": result["task"], "repeat": result["repeat"]}
        outcome, gold = result["outcome"], run.gold.get(result["task"])
        yield "questions", {**at, **_question(run, result), **outcome["usage"]}
        for report in outcome["rounds"]:
            spent = outcome["by_round"].get(str(report["round"])) or used()
            kept = {key: value for key, value in report.items() if key not in ("votes", "usage")}
            yield "rounds", {**at, **kept, **spent}
        right = marks(result, gold) or {}
        for note in result.get("notes", []):
            yield "notes", {**at, **_note(note, right), **note["usage"]}
        for name, usage in outcome["by_agent"].items():
            yield "usage", {**at, "agent": name, **usage}


def _question(run: Run, result: Result) -> Row:
    outcome, score = result["outcome"], result["score"]
    task, gold = run.tasks[result["task"]], run.gold.get(result["task"])
    return {
        "topic": task.get("topic", ""),
        "text": task["question"],
        "answer": outcome["answer"],
        "right_answer": gold.get("answer") if gold else None,
        "correct": score["correct"],
        "scored_by": score["by"],
        "status": outcome["status"],
        "confidence": outcome["confidence"],
        "rounds": len(outcome["rounds"]),
        "stop_reason": outcome["stop_reason"],
        "tie": outcome["tie"],
        "lost": len(outcome["lost"]),
        "simulated": outcome["simulated"],
        "seconds": outcome["seconds"],
    }


def _note(note: Note, right: Mapping[str, bool]) -> Row:
    steps = Counter[str](step["kind"] for step in note["evidence"])
    return {
        "round": note["round"],
        "agent": note["agent"],
        "sample": note["sample"],
        "status": note["status"],
        "cause": note["cause"],
        "answer": note["answer"],
        "correct": right.get(note["answer"].strip()) if note["answer"] is not None else None,
        "text": note["text"],
        "model": note["model"],
        "saw": len(note["saw"]),
        **{kind: steps[kind] for kind in STEPS},
        "seconds": note["seconds"],
        "finished": note["finished"],
    }


def _of_recording(recording: Recording) -> Iterator[tuple[str, Row]]:
    for run in recording.runs:
        at = {"preset": run.group, "question": run.question, "repeat": run.repeat}
        usage = _used(run)
        yield "questions", {**at, "text": run.text, "rounds": max((n["round"] for n in run.notes), default=0), **usage}
        for number in sorted({note["round"] for note in run.notes}):
            verdict = run.verdicts.get(number)
            parts = [note["usage"] for note in run.notes if note["round"] == number]
            spent = add_usage(*parts, *([verdict.usage] if verdict else []))
            yield "rounds", {**at, "round": number, "stop": verdict.stop if verdict else None, **spent}
        for note in run.notes:
            yield "notes", {**at, **_note(note, {}), **note["usage"]}
        for agent in dict.fromkeys(note["agent"] for note in run.notes):
            own = add_usage(*(note["usage"] for note in run.notes if note["agent"] == agent))
            yield "usage", {**at, "agent": agent, **own}
        if run.verdicts:
            yield "usage", {**at, "agent": "judge", **add_usage(*(it.usage for it in run.verdicts.values()))}
        if run.replies:
            yield "usage", {**at, "agent": "aggregator", **add_usage(*(it.usage for it in run.replies.values()))}


def _used(run: Recorded) -> Usage:
    said = [each.usage for each in run.verdicts.values()] + [each.usage for each in run.replies.values()]
    return add_usage(*(note["usage"] for note in run.notes), *said)
