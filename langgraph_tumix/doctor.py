"""`tumix doctor`: what would run here, tried rather than assumed."""

import os
import sys
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from langgraph_tumix.agents.registry import roster
from langgraph_tumix.errors import ConfigError, TumixError
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.models.price import table as price_table
from langgraph_tumix.toolbox import Toolbox, equip

PACKAGES = ("langgraph-tumix", "langgraph", "langchain-core", "langchain-openai", "ipykernel", "genai-prices")
KEYS = ("OPENAI_API_KEY", "TAVILY_API_KEY")


async def examine(model: str, agents: str, console: Console) -> bool:
    """Print a report, and return whether a question could be answered."""
    table = Table.grid(padding=(0, 2))
    table.add_row("python", sys.version.split()[0])
    for package in PACKAGES:
        table.add_row(package, version(package))
    for key in KEYS:
        table.add_row(key, "set" if os.environ.get(key) else "not set")
    try:
        main = resolve(model)
        toolbox = Toolbox.default(main)
        _describe_model(table, main)
        healthy = await _try_code(table, toolbox)
        _describe_roster(table, agents, main, toolbox)
    except ConfigError as error:
        table.add_row("[red]problem", str(error))
        healthy = False
    console.print(table)
    console.print("[green]ready" if healthy else "[red]not ready")
    return healthy


def _describe_model(table: Table, model: Model) -> None:
    table.add_row("model", model.name + (" (no model is set: --model or TUMIX_MODEL)" if model.simulated else ""))
    known = "nothing (simulated)" if model.simulated else f"known ({price_table()})"
    unknown = "unknown: a cap in dollars is refused; give prices={...} to create_tumix, or cap tokens"
    table.add_row("price", known if model.priced else unknown)


async def _try_code(table: Table, toolbox: Toolbox) -> bool:
    """Run a program, as the agents would."""
    if toolbox.code is None:
        table.add_row("code", "[red]no interpreter")
        return False
    try:
        session = await toolbox.code.open()
        try:
            result = await session.run("print(6 * 7)", seconds=20)
        finally:
            await session.aclose()
    except TumixError as error:
        table.add_row("code", f"[red]{error}")
        return False
    isolation = toolbox.code.isolation
    table.add_row("code", f"works: print(6 * 7) gave {result.output.strip()!r} in {result.seconds:.2f} s")
    table.add_row("isolation", f"{isolation.level}: {isolation.why}")
    return result.output.strip() == "42"


def _describe_roster(table: Table, agents: str, model: Model, toolbox: Toolbox) -> None:
    equipped, left_out = equip(roster(agents), model, toolbox)
    for each in equipped:
        search = f", search: {each.search.name}" if each.search else ""
        table.add_row(f"  {each.agent.name}", f"{each.agent.style}{search}")
    for name, why in left_out.items():
        table.add_row(f"  [yellow]{name}", f"[yellow]left out: {why}")
    calls = sum(each.agent.most_model_calls for each in equipped)
    table.add_row("calls", f"at most {calls} model calls a round, and one of the judge")
