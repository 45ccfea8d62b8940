"""The terminal's view of a run: a line for each agent in each round, fed by the run's own events."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

MARKS = {"ok": ("✓", "green"), "abstained": ("–", "dim"), "running": ("·", "cyan")}
LOST_MARK = ("✗", "red")


@dataclass
class Line:
    """One agent in one round: its last note's status and answer, and what it has used so far."""

    status: str = "running"
    answer: str = ""
    tools: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def cells(self, name: str) -> list[Text]:
        """Return the line's cells: mark, agent, answer, tools, seconds."""
        mark, colour = MARKS.get(self.status, LOST_MARK)
        tools = ", ".join(f"{kind} ×{count}" if count > 1 else kind for kind, count in self.tools.items())
        seconds = f"{self.seconds:.1f} s" if self.seconds else ""
        style = colour if self.status not in ("ok", "running") else ""
        return [
            Text(mark, colour),
            Text(name),
            Text(self.answer, style, overflow="ellipsis", no_wrap=True),
            Text(tools, "dim"),
            Text(seconds, "dim"),
        ]


class LiveView:
    """Takes events, and shows the round in work; a round that has ended is handed out to be printed for good."""

    def __init__(self) -> None:
        self.agents: list[str] = []
        self.round = 0
        self.lines: dict[str, Line] = {}

    def take(self, event: dict[str, Any]) -> Any:
        """Take one event, and return what should now be printed for good, if anything."""
        match event["event"]:
            case "question":
                self.agents = event["agents"]
                return _opening(event)
            case "round":
                self.round, self.lines = event["round"], {name: Line() for name in event["agents"]}
            case "agent":
                self.lines.setdefault(event["agent"], Line())  # one that was designed is not of the roster
            case "step":
                self.lines[event["agent"]].tools[event["tool"]] += 1
            case "note":
                line = self.lines[event["agent"]]
                line.status, line.seconds = event["status"], event["seconds"]
                line.answer = event["answer"] or event["reason"]
            case "judged":
                table, self.lines = self._table(), {}
                return Group(table, _judged(event))
        return None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.lines:
            yield self._table()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(min_width=10)
        table.add_column(min_width=16, max_width=48)
        table.add_column(max_width=28)
        table.add_column(justify="right")
        table.add_row("", Text(f"round {self.round}", "bold"))
        for name, line in self.lines.items():
            table.add_row(*line.cells(name))
        return table


def _opening(event: dict[str, Any]) -> Group:
    parts = [Text(f"{len(event['agents'])} agents, {event['model']}", "bold")]
    if event["simulated"]:
        parts.append(Text("The embedded offline model speaks: tools are real, what it says is simulated.", "yellow"))
    parts += [Text(f"{kind}: {what}", "dim") for kind, what in event["tools"].items()]
    parts += [Text(f"left out: {name}: {why}", "yellow") for name, why in event["left_out"].items()]
    return Group(*parts, Text())


def _judged(event: dict[str, Any]) -> Padding:
    votes = ", ".join(f"{answer} ×{count}" for answer, count in list(event["votes"].items())[:5]) or "no votes"
    spent = event["spent"]
    dollars = "" if spent["usd"] is None else f", ${spent['usd']:.4f}"
    calls = f"{spent['model_calls']} model calls, {spent['tool_calls']} tool uses so far{dollars}"
    decision = "stop" if event["stop"] else "another round"
    text = Text(f"{votes}\nagreement {event['agreement']:.0%}, margin {event['margin']:.0%}, ")
    text.append(f"entropy {event['entropy']:.2f} bits: {decision} ({event['reason']})\n")
    return Padding(text.append(calls, "dim"), (0, 0, 1, 3))
