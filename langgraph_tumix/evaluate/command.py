"""The commands ``tumix eval`` and ``tumix estimate``: what accuracy costs, on your own questions."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.live import Live

from langgraph_tumix.evaluate.datasets import load
from langgraph_tumix.evaluate.estimate import estimate as estimated_cost
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.presets import BASELINES
from langgraph_tumix.evaluate.runner import Progress
from langgraph_tumix.evaluate.tables import SIMULATED, LiveProgress, detectable, estimated, money, results
from langgraph_tumix.report.run import read_run

Tasks = Annotated[str, typer.Argument(help="A .jsonl, .csv or .parquet file, 'offline', or a data set's name.")]
Model = Annotated[str, typer.Option(envvar="TUMIX_MODEL", help="provider:model, or 'offline', which needs no key.")]
Presets = Annotated[list[str] | None, typer.Option("--preset", help="A configuration by name; may be given again.")]
Baselines = Annotated[bool, typer.Option(help=f"Add {', '.join(BASELINES)}.")]
Limit = Annotated[int | None, typer.Option(help="Take the first so many questions.", min=1)]
Repeats = Annotated[int, typer.Option(help="How often each question is asked.", min=1)]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Go on without lines that cannot be read.")]
Engines = Literal["local", "ray"]
AtOnce = Annotated[int, typer.Option(help="Questions in work at one time.", min=1)]


def evaluate(
    tasks: Tasks,
    model: Model = "offline",
    preset: Presets = None,
    baselines: Baselines = False,
    limit: Limit = None,
    repeats: Repeats = 1,
    max_cost: Annotated[float | None, typer.Option(help="Dollars that all of it may cost.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, say what would be done, ask no one.")
    ] = False,
    grader: Annotated[str | None, typer.Option(help="A model to grade free text; its cost is kept apart.")] = None,
    skip_bad: SkipBad = False,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/TASKS if not given.")] = None,
    concurrency: AtOnce = 4,
    seed: Annotated[int, typer.Option(help="Of the first repeat; each further one has the next.")] = 0,
    engine: Annotated[Engines, typer.Option(help="Where: in this process, or on a Ray cluster.")] = "local",
    workers: Annotated[int, typer.Option(help="Processes, with --engine ray.", min=1)] = 2,
) -> None:
    """Evaluate presets on the questions of a file.

    Whatever ends it, the same command goes on where it was: finished questions are not asked again, and what others
    have paid for is not paid twice.

    Exit codes: 0 done, 2 wrong usage or configuration, 3 suspended because --max-cost allows no further call,
    130 interrupted.
    """
    console = Console(stderr=True, highlight=False)
    evaluation = prepared(
        console,
        tasks,
        model,
        preset,
        baselines=baselines,
        limit=limit,
        repeats=repeats,
        max_cost=max_cost,
        grader=grader,
        skip_bad=skip_bad,
        concurrency=concurrency,
        seed=seed,
    )
    console.print(detectable(evaluation.tasks), markup=False)
    if dry_run:
        evaluation.scorer()
        evaluation.check()
        console.print(f"{len(evaluation.jobs)} questions would be asked: {', '.join(evaluation.presets)}", markup=False)
        return
    folder = out or Path("runs") / Path(tasks).stem
    progress = asyncio.run(_run(evaluation, folder, console, workers if engine == "ray" else 0))
    _close(folder, progress)


def estimate(
    tasks: Tasks,
    model: Model = "offline",
    preset: Presets = None,
    baselines: Baselines = False,
    limit: Limit = None,
    repeats: Repeats = 1,
    skip_bad: SkipBad = False,
    recorded: Annotated[Path | None, typer.Option("--from", help="The folder of an earlier run to learn from.")] = None,
    concurrency: AtOnce = 4,
) -> None:
    """Say what an evaluation would cost, in dollars and minutes, before anything is spent.

    From an earlier run (--from) it is the range that holds 90 % of such evaluations; else it rests on assumptions,
    which are printed. --max-cost of tumix eval is what holds.
    """
    evaluation = prepared(
        Console(stderr=True, highlight=False),
        tasks,
        model,
        preset,
        baselines=baselines,
        limit=limit,
        repeats=repeats,
        skip_bad=skip_bad,
        concurrency=concurrency,
    )
    run = read_run(recorded) if recorded else None
    Console(highlight=False).print(estimated(estimated_cost(evaluation, run)))


def prepared(
    console: Console,
    tasks: str,
    model: str,
    preset: list[str] | None,
    *,
    baselines: bool,
    limit: int | None,
    repeats: int,
    skip_bad: bool,
    concurrency: int,
    max_cost: float | None = None,
    grader: str | None = None,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation that was asked for, and say what could not be read.

    Raises:
        ConfigError: It cannot be had.
    """
    loaded = load(tasks, skip_bad=skip_bad)
    for line in loaded.bad:
        console.print(f"left out: {line}", style="yellow", markup=False)
    names = [*(preset or ["tumix"]), *(BASELINES if baselines else ())]
    evaluation = Evaluation(
        tasks=loaded.tasks[:limit],
        source=tasks,
        presets=list(dict.fromkeys(names)),
        model=model,
        grader=grader,
        repeats=repeats,
        seed=seed,
        usd=max_cost,
        at_once=concurrency,
    )
    if evaluation.speaker.simulated:
        console.print(SIMULATED, style="yellow")
    return evaluation


async def _run(evaluation: Evaluation, folder: Path, console: Console, workers: int) -> Progress:
    async with evaluation.opened(folder, workers) as (runner, before):
        view = LiveProgress(runner.engine.account)
        with Live(view, console=console, refresh_per_second=4, transient=True):
            progress = await runner.run(evaluation.jobs, before, view.follow)
        grading = f", {money(progress.graded)} of it for grading" if progress.graded["model_calls"] else ""
        done = f"{progress.done} of {progress.jobs} questions"
        console.print(f"{done}, {money(runner.engine.account.spent)} in all{grading}", markup=False)
    return progress


def _close(folder: Path, progress: Progress) -> None:
    run, console = read_run(folder), Console(highlight=False)
    console.print(results(run))
    for name, match in run.about.get("matched", {}).items():
        console.print(f"{name} is {match['preset']}: {match['why']}", markup=False)
    for problem in run.problems:
        console.print(problem, style="yellow", markup=False)
    if run.about["simulated"]:
        console.print(SIMULATED, style="yellow")
    if progress.suspended:
        sys.stderr.write(
            f"--max-cost does not allow another call: {progress.done} of {progress.jobs} questions are done; with a "
            "higher one the same command goes on where it was\n"
        )
        raise typer.Exit(3)
    console.print(f"tumix report {folder} makes a page of it", markup=False)
