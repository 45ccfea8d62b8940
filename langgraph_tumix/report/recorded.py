"""An evaluation's run as a recording, so that other strategies can be tried on it without a model call."""

from langgraph_tumix.nodes.judge import NOT_ASKED, says_stop
from langgraph_tumix.replay.recording import Gold, Recording, Verdict
from langgraph_tumix.replay.recording import Run as Recorded
from langgraph_tumix.report.run import Result, Run


def recording(run: Run, preset: str) -> tuple[Recording, Gold]:
    """Return what a preset's agents left as a recording, and the right answers apart.

    Results without notes are left out, and the recording says of how many. What an aggregator asked for is not kept in
    a run's folder: a strategy that needs it is invalid there.
    """
    results = run.of_preset(preset)
    runs = tuple(_recorded(run, result) for result in results if result.get("notes"))
    silent = len(results) - len(runs)
    answers = {
        ("", task): frozenset({answer}) for task, gold in run.gold.items() if (answer := gold.get("answer")) is not None
    }
    left_out = {"results without notes": silent} if silent else {}
    return Recording(runs, f"{run.name}/{preset}", left_out), Gold(lambda: answers)


def _recorded(run: Run, result: Result) -> Recorded:
    notes = tuple(result.get("notes", []))
    agents = {note["agent"] for note in notes}
    return Recorded(
        question=result["task"],
        repeat=result["repeat"],
        text=run.tasks[result["task"]]["question"],
        roster=tuple(name for name in result["outcome"]["by_agent"] if name in agents),
        notes=notes,
        verdicts={
            report["round"]: Verdict(says_stop(report["verdict"]), report["usage"])
            for report in result["outcome"]["rounds"]
            if report["verdict"] and not report["verdict"].startswith(NOT_ASKED)
        },
    )
