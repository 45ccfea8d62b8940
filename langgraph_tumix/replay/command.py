"""The command ``tumix replay``: strategies tried on a recording, without a model call."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from langgraph_tumix.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from langgraph_tumix.core.statistics import Interval
    from langgraph_tumix.replay.board import Board, Row
    from langgraph_tumix.replay.recording import Recording


def replay(
    recording: Annotated[Path, typer.Argument(help="A file of --record, of AutoTTS, traces, or a plain table.")],
    strategy: Annotated[
        list[str],
        typer.Option(help="As in 'ASC = Batches(1, 64), BetaLead(0.95)'; give several to compare them with the first."),
    ],
    gold: Annotated[
        Path | None, typer.Option(help='Lines with "question" and "gold"; beside the recording, if not given.')
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Runs of this group only, such as one preset of an evaluation.")
    ] = None,
    shuffles: Annotated[int, typer.Option(help="Orders in which independent samples are drawn.", min=0)] = 0,
    usd_per_million: Annotated[
        float | None, typer.Option(help="Price of a million tokens, where the recording knows none.", min=0)
    ] = None,
    seed: Annotated[int, typer.Option(help="Breaks ties.")] = 0,
    picture: Annotated[Path | None, typer.Option(help="An SVG of accuracy over cost, to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole board as JSON.")] = False,
) -> None:
    """Try strategies on a recording: accuracy, cost and latency of each, and what the comparison may claim.

    Exit codes: 0 compared, 2 wrong usage, or a recording that cannot be read.
    """
    try:
        from langgraph_tumix.replay.compare import replay as compare
        from langgraph_tumix.replay.picture import draw
        from langgraph_tumix.replay.readers import read_any
        from langgraph_tumix.replay.spelling import read_strategy
    except ImportError:
        raise ConfigError("tumix replay needs numpy: pip install 'langgraph-tumix[replay]'") from None
    strategies = [read_strategy(text) for text in strategy]
    recorded, right = read_any(recording, gold=gold)
    if group is not None:
        recorded = _only(recorded, group)
    board = compare(recorded, strategies, gold=right, shuffles=shuffles, seed=seed, usd_per_million=usd_per_million)
    if picture is not None:
        _write(picture, draw(board))
    if as_json:
        sys.stdout.write(f"{board.json()}\n")
    else:
        _show(board)


def _only(recorded: "Recording", group: str) -> "Recording":
    if group not in recorded.groups:
        raise ConfigError(f"--group {group}: there is no such group in the recording; it has {_named(recorded.groups)}")
    return recorded.where(lambda run: run.group == group)


def _named(groups: Sequence[str]) -> str:
    return ", ".join(group or "one without a name" for group in groups)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from None


def wide_console() -> "Console":
    """Return standard output as a console; a file or a pipe has no edge at which cells would have to be cut."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    return console


def _show(board: "Board") -> None:
    from rich.text import Text

    console = wide_console()
    console.print(board_table(board))
    bounds = {"one sample": board.single, "coverage": board.coverage, "oracle": board.oracle}
    foot = ", ".join(f"{name} {_points(it)} %" for name, it in bounds.items())
    front, arise = sum(row.best for row in board.rows), board.arise()
    along = f"; ARISE along the ★ {arise:.2f}" if front > 1 and not math.isnan(arise) else ""
    console.print(f"★ no other is cheaper and better; {foot}{along}")
    first, *others = (row.strategy for row in board.rows)
    for line in [board.verdict(other, first) for other in others] + board.remarks():
        console.print(Text(line))


def board_table(board: "Board") -> "Table":
    """Return a board as a table for the terminal, most accurate first, with differences from its first row."""
    from rich.table import Table
    from rich.text import Text

    first = board.rows[0].strategy
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("strategy", overflow="fold")
    for name in (
        "accuracy %",
        "95 %",
        f"points vs {first}",
        "tokens",
        "usd",
        "calls",
        "latency",
        "usd or tokens a right answer",
    ):
        table.add_column(name, justify="right")
    table.add_column("validity")
    for row in sorted(board.rows, key=lambda row: (math.isnan(row.accuracy.value), -row.accuracy.value)):
        gap = "" if row.strategy == first else _gap(board.difference(row.strategy, first))
        style = {"exact": "green", "approximate": "yellow", "invalid": "red"}[row.validity]
        table.add_row("★" if row.best else "", Text(row.strategy), *_figures(row, gap), Text(row.validity, style))
    return table


def _figures(row: "Row", gap: str) -> list[str]:
    return [
        _points(row.accuracy.value),
        f"{_points(row.accuracy.low)}-{_points(row.accuracy.high)}",
        gap,
        number(row.tokens),
        number(row.usd, 4),
        number(row.calls, 2),
        number(row.latency),
        number(row.cost_of_pass, 4 if not math.isnan(row.usd) else 0),
    ]


def _gap(difference: "Interval") -> str:
    if math.isnan(difference.value):
        return "?"
    return f"{100 * difference.value:+.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"


def _points(share: float) -> str:
    return number(100 * share, 1)


def number(value: float, digits: int = 0) -> str:
    """Return a figure as a table shows it; what is not known is a question mark."""
    return "?" if math.isnan(value) else f"{value:,.{digits}f}"
