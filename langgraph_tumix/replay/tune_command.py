"""The command ``tumix tune``: a search over strategies on a recording, without a model call."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay.command import board_table, number, wide_console

if TYPE_CHECKING:
    from rich.table import Table

    from langgraph_tumix.replay.search import Trial
    from langgraph_tumix.replay.tuning import Tuning


def tune(
    recording: Annotated[Path, typer.Argument(help="A file of --record, of AutoTTS, traces, or a plain table.")],
    gold: Annotated[
        Path | None, typer.Option(help='Lines with "question" and "gold"; beside the recording, if not given.')
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="What is searched, as TOML; if not given, what suits the recording.")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="A reference, as for replay. The first is to be matched; if none is given, the full vote."),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="What a question may cost, in dollars, or in tokens where no price is known.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Strategies tried, those in --study included.", min=1)] = 100,
    test: Annotated[
        Path | None, typer.Option(help="Another recording to hold the best against; none is held out then.")
    ] = None,
    held_out: Annotated[float, typer.Option(help="Share of the questions that is not tuned on.", min=0, max=1)] = 0.5,
    study: Annotated[
        Path | None, typer.Option(help="A file that keeps the trials; the same command goes on with it.")
    ] = None,
    shuffles: Annotated[int, typer.Option(help="Orders in which independent samples are drawn.", min=0)] = 0,
    usd_per_million: Annotated[
        float | None, typer.Option(help="Price of a million tokens, where the recording knows none.", min=0)
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes the search, and breaks ties.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Search strategies on a part of the recorded questions, and report the best on the others.

    Without --budget the best is the cheapest that is at least as accurate as the reference; with it, the most accurate
    that keeps to it.

    Exit codes: 0 a strategy was chosen, 2 wrong usage, or a recording that cannot be read, 4 none may be chosen.
    """
    try:
        from langgraph_tumix.replay.readers import read_any
        from langgraph_tumix.replay.space import read_space
        from langgraph_tumix.replay.spelling import read_strategy
        from langgraph_tumix.replay.tuner import tune as search
    except ImportError:
        raise ConfigError("tumix tune needs numpy and optuna: pip install 'langgraph-tumix[tune]'") from None
    from rich.console import Console
    from rich.progress import Progress

    recorded, right = read_any(recording, gold=gold)
    with Progress(console=Console(stderr=True, quiet=as_json), transient=True) as progress:
        task = progress.add_task("trials", total=trials)

        def watch(trial: "Trial") -> None:
            progress.update(task, completed=trial.number + 1)

        found = search(
            recorded,
            gold=right,
            space=None if space is None else read_space(space),
            references=[read_strategy(text) for text in strategy or ()],
            test=None if test is None else read_any(test),
            held_out=held_out,
            budget=budget,
            trials=trials,
            seed=seed,
            shuffles=shuffles,
            usd_per_million=usd_per_million,
            study=study,
            watch=watch,
        )
    if as_json:
        sys.stdout.write(f"{found.json()}\n")
    else:
        _show(found)
    raise typer.Exit(0 if found.best else 4)


def _show(found: "Tuning") -> None:
    from rich.text import Text

    console = wide_console()
    console.print(
        f"The front on the {_questions(found)} questions tuned on: no other was cheaper and better.", style="bold"
    )
    console.print(_front(found))
    for row in found.tuned.rows:
        console.print(
            Text(f"{row.strategy}: {100 * row.accuracy.value:.1f} %, {_cost(found, getattr(row, found.unit))}")
        )
    if found.held_out is not None:
        console.print("\nThe best on questions that it was not tuned on:", style="bold")
        console.print(board_table(found.held_out))
    for line in (*found.verdicts(), *found.notes()):
        console.print(Text(line))
    if found.best is not None:
        console.print("\nTo replay it:", style="bold")
        console.print(Text(f'--strategy "{found.spelling}"'), soft_wrap=True)
        console.print("\nTo run it:", style="bold")
        console.print(Text(found.python()), soft_wrap=True)


def _questions(found: "Tuning") -> int:
    return max(row.questions for row in found.tuned.rows)


def _front(found: "Tuning") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("strategy", overflow="fold")
    table.add_column("accuracy %", justify="right")
    table.add_column(found.unit, justify="right")
    table.add_column("validity")
    for trial in found.front:
        outcome = trial.outcome
        chosen = found.best is not None and trial.strategy == found.best.strategy
        figures = f"{100 * outcome.accuracy:.1f}", _cost(found, outcome.cost).split()[0]
        table.add_row("▶" if chosen else "", Text(trial.strategy.name), *figures, outcome.validity)
    return table


def _cost(found: "Tuning", value: float) -> str:
    return f"{number(value, {'usd': 5, 'tokens': 0}.get(found.unit, 2))} {found.unit}"
