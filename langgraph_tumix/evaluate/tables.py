"""What the terminal shows of an evaluation: before, during and after it."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from langgraph_tumix.core.statistics import minimum_detectable_effect
from langgraph_tumix.core.usage import Usage, tokens
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.assumed import ASSUMPTIONS
from langgraph_tumix.evaluate.estimate import Estimate, total
from langgraph_tumix.evaluate.runner import Progress
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.report.run import Run
from langgraph_tumix.report.systems import DISCORDANT, compare

SIMULATED = "The embedded offline model speaks: tools are real, what it says is simulated, and so are all numbers."


def detectable(tasks: Sequence[Task]) -> str:
    """Say what so many questions can show, before any is asked."""
    scored = sum(task.scored for task in tasks)
    if not scored:
        return "No right answer is known: it runs, and there will be no accuracy."
    least = 100 * minimum_detectable_effect(scored, discordant=DISCORDANT)
    return (
        f"{scored} questions show a difference of {least:.1f} points or more (paired, 95 % confidence, 80 % power, "
        f"where two presets disagree on {DISCORDANT:.0%} of them). Repeats lessen chance, they add no question."
    )


class LiveProgress:
    """One line that follows an evaluation: questions, accuracy, calls, dollars, and when it will end."""

    def __init__(self, account: Account) -> None:
        self.progress = Progress(1)
        self._account = account

    def follow(self, progress: Progress) -> None:
        """Show this progress from now on."""
        self.progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        progress = self.progress
        line = Table.grid(padding=(0, 2))
        right = f"{progress.right}/{progress.scored} right" if progress.scored else ""
        left = "" if progress.seconds_left is None else f"about {_duration(progress.seconds_left)} left"
        bar = ProgressBar(total=max(1, progress.jobs), completed=progress.done, width=24)
        line.add_row(bar, f"{progress.done}/{progress.jobs} questions", right, money(self._account.spent), left)
        yield line


def money(spent: Usage) -> str:
    """Return calls and dollars.

    >>> from langgraph_tumix.core.usage import used
    >>> money(used(model_calls=1200, usd=0.5))
    '1,200 calls, $0.5000'
    """
    return f"{spent['model_calls']:,} calls, {dollars(spent['usd'])}"


def dollars(usd: float | None) -> str:
    """Return an amount; unknown is never 0."""
    return "price unknown" if usd is None else f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def estimated(estimates: Sequence[Estimate]) -> RenderableType:
    """Return estimates side by side, their sum, and what they rest on."""
    table = Table(box=None, pad_edge=False)
    for name in ("preset", "calls", "tokens", "dollars", "minutes"):
        table.add_column(name, justify="left" if name == "preset" else "right", no_wrap=True)
    table.caption, table.caption_justify = "calls and tokens as expected; the others lower / expected / upper", "left"
    shown = [*estimates, total(estimates)] if len(estimates) > 1 else estimates
    rows = [(each.preset, (each.lower, each.expected, each.upper)) for each in shown]
    for preset, costs in rows:
        _, expected, _ = costs
        table.add_row(
            preset,
            _short(expected.usage["model_calls"]),
            _short(tokens(expected.usage)),
            " / ".join("?" if cost.usage["usd"] is None else _fixed(cost.usage["usd"], 2) for cost in costs),
            " / ".join(_fixed(cost.seconds / 60, 1) for cost in costs),
        )
    basis = [Text(f"{each.preset}: from {each.recorded} recorded results") for each in estimates if each.recorded]
    if len(basis) < len(estimates):
        basis += [Text("Assumed, as nothing was recorded of " + ("the others:" if basis else "any of them:"))]
        basis += [Text(f"  {name}: {assumed}") for name, assumed in ASSUMPTIONS.items()]
    if any(each.expected.usage["usd"] is None for each in estimates):
        basis.append(Text("The price of the model or of a search is not known, so there are no dollars."))
    return Group(table, *basis)


def _fixed(number: float, places: int) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.{places}f}"


def _short(number: float) -> str:
    """Return a number in three digits or so.

    >>> [_short(number) for number in (7, 1234, 56_789, 12_345_678)]
    ['7', '1.2k', '57k', '12M']
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}" if number < 10 * size else f"{number / size:.0f}{letter}"
    return f"{number:.0f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def results(run: Run) -> RenderableType:
    """Return the presets side by side: accuracy with its interval and cost, then each compared with the first."""
    table = Table(title=f"{run.about['tasks']}, {run.about['model']}", title_justify="left", box=None, pad_edge=False)
    for name, justify in _COLUMNS.items():
        table.add_column(name, justify=justify, no_wrap=True)
    rows = compare(run)["rows"]
    for row in rows:
        cost = (f"{row['calls']:.1f}", f"{row['tokens']:,.0f}", dollars(row["usd"]), f"{row['seconds']:.1f}")
        table.add_row(row["name"], *_accuracy(row), *cost)
    table.caption, table.caption_justify = "calls, tokens, dollars and seconds are for one question", "left"
    return Group(table, *(_compared(row, rows[0]["name"]) for row in rows if row["difference"]))


_COLUMNS: dict[str, JustifyMethod] = {"preset": "left", "right": "right", "95 %": "left"}
_COLUMNS |= dict.fromkeys(("calls", "tokens", "dollars", "seconds"), "right")


def _accuracy(row: dict[str, Any]) -> tuple[str, str]:
    if not row["accuracy"]:
        return "not known", ""
    value, low, high = (100 * part for part in row["accuracy"])
    return f"{value:.1f} %", f"{low:.1f}–{high:.1f}"


def _compared(row: dict[str, Any], first: str) -> Text:
    difference = row["difference"]
    value, low, high = (100 * part for part in difference["interval"])
    p = "" if difference["p"] is None else f", p = {difference['p']:.3f}"
    text = Text(f"{row['name']} against {first}: {value:+.1f} points ({low:+.1f} to {high:+.1f}{p}): ")
    return text.append(difference["verdict"], {"better": "green", "worse": "red"}.get(difference["verdict"], "bold"))
