"""A run at a glance: a card for a notebook, or a few lines of text."""

from html import escape
from typing import Any

from langgraph_tumix.report.card import FAINT, FRAME, WARN, chip, short
from langgraph_tumix.report.run import Run
from langgraph_tumix.report.systems import compare

SIMULATED = "The embedded offline model spoke, so all numbers are simulated; they are no results."
HEAD = ("preset", "right", "", "95 %", "against the first", "dollars", "tokens", "calls")
VERDICTS = {"better": "#2f855a", "worse": "#c53030", "not distinguishable": "#718096"}


def glance(run: Run) -> str:
    """Return the HTML of a run's card. All text of models and users in it is escaped."""
    rows = compare(run)["rows"]
    simulated = chip("simulated", "#6b46c1") if _simulated(run) else ""
    title = f'<b style="font-size:17px">{escape(run.about["tasks"])}</b> {simulated}'
    parts = [
        f"<div>{title}</div>",
        f'<div style="{FAINT};margin-bottom:8px">{escape(_about(run))}</div>',
        _table(rows) if rows else "<div>No question has ended yet.</div>",
        f'<div style="{FAINT};margin-top:6px">dollars, tokens and calls are for one question</div>' if rows else "",
        *(f'<div style="color:{WARN}">{escape(problem)}</div>' for problem in run.problems),
    ]
    return f'<div style="{FRAME}">{"".join(parts)}</div>'


def text(run: Run) -> str:
    """Return a run in a few lines."""
    rows = compare(run)["rows"]
    wide = max((len(row["name"]) for row in rows), default=0)
    lines = [f"{run.about['tasks']}: {_about(run)}"]
    lines += [f"{row['name']:{wide}}  {' '.join(filter(None, _accuracy(row))):>22}  {_cost(row)}" for row in rows]
    lines += [SIMULATED] if _simulated(run) else []
    return "\n".join([*lines, *run.problems])


def _simulated(run: Run) -> bool:
    return run.about["simulated"] or any(result["outcome"]["simulated"] for result in run.results)


def _about(run: Run) -> str:
    about = run.about
    expected = about["questions"] * about["repeats"] * len(about["presets"])
    return f"{about['model']}, {len(run.tasks)} questions, {len(run.results)} of {expected} results"


def _table(rows: list[dict[str, Any]]) -> str:
    head = "".join(f'<th style="{_cell(place)};{FAINT};font-weight:400">{name}</th>' for place, name in enumerate(HEAD))
    body = "".join(_row(row) for row in rows)
    style = "border-collapse:collapse;color:inherit;font:inherit;font-variant-numeric:tabular-nums"
    return f'<div style="overflow-x:auto"><table style="{style}"><tr>{head}</tr>{body}</table></div>'


def _row(row: dict[str, Any]) -> str:
    share, interval = _accuracy(row)
    cells = [
        f"<b>{escape(short(row['name'], 28))}</b>",
        f"<b>{share}</b>",
        _bar(row["accuracy"]),
        interval,
        _difference(row),
    ]
    cells += [_dollars(row["usd"]), f"{row['tokens']:,.0f}", f"{row['calls']:,.1f}"]
    return "<tr>" + "".join(f'<td style="{_cell(place)}">{cell}</td>' for place, cell in enumerate(cells)) + "</tr>"


def _cell(place: int) -> str:
    left = HEAD[place] in ("preset", "", "95 %", "against the first")
    return f"padding:3px 14px 3px 0;background:none;white-space:nowrap;text-align:{'left' if left else 'right'}"


def _accuracy(row: dict[str, Any]) -> tuple[str, str]:
    if row["accuracy"] is None:
        return "not known", ""
    value, low, high = (100 * part for part in row["accuracy"])
    return f"{value:.0f} %", f"{low:.0f}–{high:.0f} %"


def _bar(accuracy: list[float] | None) -> str:
    """Draw a share and its interval, 0 to 100 %."""
    if accuracy is None:
        return ""
    value, low, high = (round(100 * part, 1) for part in accuracy)
    return (
        '<svg width="112" height="14" viewBox="-6 0 112 14" style="vertical-align:middle">'
        '<path d="M0 7H100" stroke="#8886" stroke-width="1"/>'
        f'<path d="M{low} 7H{high}" stroke="#4c7bd9" stroke-opacity=".45" stroke-width="5" stroke-linecap="round"/>'
        f'<circle cx="{value}" cy="7" r="4.5" fill="#4c7bd9"/></svg>'
    )


def _difference(row: dict[str, Any]) -> str:
    if row["difference"] is None:
        return ""
    value, verdict = row["difference"]["interval"][0], row["difference"]["verdict"]
    return f"{100 * value:+.0f}".replace("-", "−") + f" points {chip(verdict, VERDICTS[verdict])}"


def _cost(row: dict[str, Any]) -> str:
    return f"{_dollars(row['usd'])}, {row['tokens']:,.0f} tokens, {row['calls']:,.1f} calls a question"


def _dollars(usd: float | None) -> str:
    return "unknown" if usd is None else f"${usd:.4f}"
