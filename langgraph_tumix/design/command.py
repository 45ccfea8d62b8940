"""The command ``tumix design``: a roster for your own questions, with the evidence for it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from langgraph_tumix.agents.registry import roster
from langgraph_tumix.agents.rosterfile import write_roster
from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.design.bench import Probe
from langgraph_tumix.design.designer import Designer
from langgraph_tumix.design.roster import Designed, design_roster
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.design.workshop import Workshop
from langgraph_tumix.errors import BudgetExceeded, ConfigError, ModelError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import resolve
from langgraph_tumix.plan import check_priced
from langgraph_tumix.toolbox import Toolbox, equip

CALL_SECONDS = 300.0
AGENT_SECONDS = 900.0


def design(
    tasks: Annotated[Path, typer.Argument(help='A file with a line {"question": …, "answer": …} for each question.')],
    keep: Annotated[int, typer.Option(help="Agents in the roster that is written.", min=1)] = 15,
    max_cost: Annotated[float | None, typer.Option(help="Dollars that all of it may cost.")] = None,
    out: Annotated[Path, typer.Option(help="Where the roster is written.")] = Path("roster.json"),
    model: Annotated[str, typer.Option(envvar="TUMIX_MODEL", help="provider:model, or 'offline'.")] = "offline",
    agents: Annotated[str, typer.Option(help="The roster in force: a name, a file, or agents and commas.")] = "tumix",
    task: Annotated[str, typer.Option(help="What the questions are like, in words.")] = "",
    proposals: Annotated[int, typer.Option(help="New agents to ask for.", min=1)] = 15,
    confidence: Annotated[float, typer.Option(help="Of all intervals.")] = 0.95,
    concurrency: Annotated[int, typer.Option(help="Model calls in flight at one time.", min=1)] = 64,
    seed: Annotated[int, typer.Option(help="Fixes which questions the proposer sees.")] = 0,
) -> None:
    """Design a roster for the questions of a file.

    A model proposes new agents; they are vetted, tried on your questions, and the best group of them and of the roster
    in force is written, unless it cannot be told from the latter. Each trial is kept in a file beside the roster: after
    an interruption, the same command goes on where it was.

    Exit codes: 0 written, 2 wrong usage or configuration, 3 written, but the budget did not suffice for all trials,
    4 nothing could be designed, 130 interrupted.
    """
    console = Console(stderr=True, markup=False, highlight=False)
    probes = read_tasks(tasks)
    designer = Designer(task=task, questions=probes, proposals=proposals, confidence=confidence, seed=seed)
    try:
        designed = asyncio.run(_design(designer, model, agents, max_cost, concurrency, _trials_of(out), keep, console))
    except (ModelError, BudgetExceeded) as error:
        console.print(Text(f"nothing was designed: {error}", "red"))
        raise typer.Exit(4) from None
    except KeyboardInterrupt:
        console.print(f"interrupted; {_trials_of(out)} keeps what was paid for: the same command goes on from there")
        raise
    write_roster(out, designed.agents, designed.evidence)
    console.print(_table(designed))
    for warning in designed.report["warnings"]:
        console.print(Text(warning))
    console.print(f"{out}: {len(designed.agents)} agents; use it with --agents {out}")
    raise typer.Exit(3 if designed.cut_short else 0)


def read_tasks(path: Path) -> list[Probe]:
    """Return the questions of a file; ``answer`` may be missing or null where the right one is not known.

    Raises:
        ConfigError: A line is no question; the message says which.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    probes = [_probe(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not probes:
        raise ConfigError(f'{path} holds no question: write a line {{"question": …, "answer": …}} for each')
    return probes


def _probe(path: Path, number: int, line: str) -> Probe:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}, line {number}: no JSON: {error}") from None
    question = entry.get("question") if isinstance(entry, dict) else None
    if not isinstance(question, str) or not question.strip():
        raise ConfigError(f"{path}, line {number}: there is no text under 'question'")
    answer = entry.get("answer")
    if not isinstance(answer, str | int | float | None):
        raise ConfigError(f"{path}, line {number}: 'answer' is a {type(answer).__name__}, give a text or a number")
    return Probe(question, None if answer is None or not str(answer).strip() else str(answer))


def _trials_of(out: Path) -> Path:
    return out.with_name(f"{out.stem}.trials.jsonl")


async def _design(
    designer: Designer,
    model_name: str,
    agents: str,
    max_cost: float | None,
    concurrency: int,
    path: Path,
    size: int,
    console: Console,
) -> Designed:
    model, budget = resolve(model_name), Budget(usd=max_cost)
    toolbox = Toolbox.default(model)
    equipped, left_out = equip(roster(agents), model, toolbox)
    check_priced(budget, (model, *(one.model for one in equipped)))
    for name, why in left_out.items():
        console.print(Text(f"left out: {name}: {why}", "yellow"))
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}")
    with Trials(path) as trials, Progress(*columns, console=console, transient=True) as progress:
        workshop = Workshop(
            roster=equipped,
            proposer=model,
            model=model,
            toolbox=toolbox,
            meter=Meter(Ledger(budget, name="design", spent=trials.spent), "design", concurrency, CALL_SECONDS),
            trials=trials,
            agent_seconds=AGENT_SECONDS,
            tell=_teller(console),
            tick=_ticker(progress, trials),
        )
        return await design_roster(designer, workshop, size)


def _teller(console: Console) -> Callable[..., None]:
    def tell(what: str, **entries: Any) -> None:
        match what:
            case "proposed":
                console.print(f"{entries['count']} agents are proposed")
            case "trying":
                words = "{agents} agents on {questions} questions: at most {most_model_calls:,} model calls"
                console.print(words.format(**entries))
            case "rejected":
                console.print(Text(f"  {entries['name']}: {entries['reason']}", "dim"))

    return tell


def _ticker(progress: Progress, trials: Trials) -> Callable[[int, int], None]:
    bar = progress.add_task("", total=None)

    def tick(done: int, total: int) -> None:
        dollars = trials.spent["usd"]
        cost = f"{tokens(trials.spent):,} tokens" if dollars is None else f"${dollars:.4f}"
        progress.update(bar, completed=done, total=total, description=cost)

    return tick


def _table(designed: Designed) -> Table:
    table = Table("agent", "", "why", title="Proposed agents")
    for candidate in designed.report["candidates"]:
        admitted = candidate["status"] == "admitted"
        why = f"{candidate['rationale'] if admitted else candidate['kind']}: {candidate['reason']}"
        mark = Text("✓", "green") if admitted else Text("✗", "red")
        table.add_row(Text(candidate["name"]), mark, Text(why))
    return table
