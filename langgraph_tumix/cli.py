"""The command line: `tumix run`, `doctor`, `design`, `estimate`, `eval`, `replay`, `tune`, `report`, `view`."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.live import Live

from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.design.command import design
from langgraph_tumix.errors import ConfigError, RecordingError
from langgraph_tumix.evaluate.command import estimate, evaluate
from langgraph_tumix.evaluate.presets import preset_options
from langgraph_tumix.graph import TumixGraph, create_tumix
from langgraph_tumix.live import LiveView
from langgraph_tumix.outcome import Outcome
from langgraph_tumix.replay.command import replay
from langgraph_tumix.replay.tune_command import tune
from langgraph_tumix.report.command import report, view

ALLOWED_LOSS = 1 / 3
"""The share of agents that may be lost in the round that decides before the exit code says so."""

app = typer.Typer(
    help="Many tool-using agents answer, read each other's notes and answer again.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",  # joins the lines of a paragraph
)

Model = Annotated[
    str,
    typer.Option(
        envvar="TUMIX_MODEL", help="provider:model, such as openai:gpt-5-mini, or 'offline', which needs no key."
    ),
]
Agents = Annotated[str, typer.Option(help="A roster's name, or agents separated by commas.")]


EXITS = (
    "Exit codes: 0 answered, 2 wrong usage or configuration, 3 cut short by budget or deadline, 4 no answer, "
    "5 more than a third of the agents lost, 130 interrupted."
)


@app.command(epilog=EXITS)
def run(
    question: Annotated[str, typer.Argument(help="What should be answered.")],
    model: Model = "offline",
    agents: Agents = "tumix",
    max_rounds: Annotated[int, typer.Option(help="The last round, whatever the judge says.")] = 5,
    preset: Annotated[str, typer.Option(help="A configuration by name, in place of agents and rounds.")] = "",
    seed: Annotated[
        int, typer.Option(help="Fixes the order of notes, draws in a tie and those of the embedded model.")
    ] = 0,
    concurrency: Annotated[int, typer.Option(help="Model calls in flight at one time.")] = 64,
    max_cost: Annotated[float | None, typer.Option(help="Dollars that the question may cost.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Seconds until the answer is due.")] = None,
    record: Annotated[Path | None, typer.Option(help="A file that keeps the run, for `tumix replay`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print outcome and notes as JSON.")] = False,
) -> None:
    """Answer a question."""
    if preset and (agents, max_rounds) != ("tumix", 5):
        raise ConfigError("--preset says who takes part and for how long: leave --agents and --max-rounds out")
    rounds = {"min_rounds": min(2, max(1, max_rounds)), "max_rounds": max_rounds}
    graph = create_tumix(
        model,
        **(preset_options(preset) if preset else {"agents": agents, **rounds}),
        budget=Budget(usd=max_cost, seconds=deadline),
        seed=seed,
        concurrency=concurrency,
        record=record,
    )
    state = asyncio.run(_run(graph, question, quiet=as_json))
    outcome = Outcome(state["outcome"])
    if as_json:
        sys.stdout.write(json.dumps({"outcome": outcome, "notes": state["notes"]}, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(f"{outcome}\n")
    if record is not None:
        sys.stderr.write(f"recorded in {record}, {record.stat().st_size:,} bytes\n")
    if outcome.simulated and outcome.answer is None:
        sys.stderr.write(_known_kinds())
    raise typer.Exit(_exit_code(outcome))


def _known_kinds() -> str:
    """Say what the embedded model can be asked, to someone who has asked something else."""
    from langgraph_tumix.offline import questions

    examples = {question.kind: question.question for question in questions()}
    listed = "".join(f"  {example.splitlines()[0]}\n" for example in examples.values())
    return f"\nThe embedded model knows questions of these kinds; --model names one that knows more:\n{listed}"


async def _run(graph: TumixGraph, question: str, *, quiet: bool) -> dict[str, Any]:
    """Run the graph and show its events on standard error; return its channels at the end."""
    console = Console(stderr=True, quiet=quiet)
    view = LiveView()
    state: dict[str, Any] = {}
    stream: AsyncIterator[Any] = graph.astream({"question": question}, stream_mode=["custom", "values"])
    with Live(view, console=console, refresh_per_second=8, transient=True) as live:
        async for mode, data in stream:
            if mode == "values":
                state = data
            else:
                printed = view.take(data["tumix"])
                if printed is not None:
                    live.console.print(printed)
    return state


def _exit_code(outcome: Outcome) -> int:
    if outcome.answer is None:
        return 4
    if outcome.status in ("budget", "deadline"):
        return 3
    in_force = [entry for entry in outcome.lost if entry["round"] == outcome.decided_in and entry["cause"] != "quorum"]
    lost = {entry["agent"] for entry in in_force}
    return 5 if len(lost) > ALLOWED_LOSS * outcome.agents else 0


@app.command()
def doctor(model: Model = "offline", agents: Agents = "tumix") -> None:
    """Check what would run here, and say what is missing and how to get it."""
    from langgraph_tumix.doctor import examine

    healthy = asyncio.run(examine(model, agents, Console()))
    raise typer.Exit(0 if healthy else 2)


app.command()(design)
app.command()(estimate)
app.command("eval")(evaluate)
app.command()(replay)
app.command()(tune)
app.command()(report)
app.command()(view)


_MISUSED: Any = typer.BadParameter.__base__  # what Typer raises for wrong usage; it exports the class by no name


def main() -> NoReturn:
    """Run the command line; a mistake of the caller's is one line and exit code 2."""
    try:
        code = app(standalone_mode=False) if sys.argv[1:] else app()
    except (ConfigError, RecordingError) as error:
        sys.stderr.write(f"tumix: {error}\n")
        sys.exit(2)
    except _MISUSED as error:
        command = error.ctx.command_path if error.ctx else "tumix"
        sys.stderr.write(f"tumix: {' '.join(error.format_message().split()).rstrip('.')}; see {command} --help\n")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code)


if __name__ == "__main__":
    main()
