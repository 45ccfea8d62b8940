"""An outcome as a card in a notebook: one HTML element, no script, readable on light and dark pages."""

from collections.abc import Mapping
from html import escape
from typing import Any

from langgraph_tumix.outcome import cache_line

FAILED, WARN = "#c53030", "#b7791f"
COLOURS = {"complete": "#2f855a", "degraded": WARN, "budget": WARN, "deadline": WARN}
MOST_ANSWERS = 5
FRAME = (
    "border:1px solid #8886;border-radius:10px;padding:14px 18px;max-width:760px;font:14px/1.45 system-ui,sans-serif"
)
FAINT = "opacity:.7"
LARGE = "font-size:22px;margin:4px 0 8px"


def card(outcome: Mapping[str, Any]) -> str:
    """Return the HTML of an outcome's card. All text of models and users in it is escaped.

    Args:
        outcome: An `Outcome`, or the dict that it was stored as.
    """
    colour = COLOURS.get(outcome["status"], FAILED)
    answer = "no answer" if outcome["answer"] is None else outcome["answer"]
    parts = [
        f'<div style="{FAINT}">{escape(short(outcome["question"], 300))}</div>',
        f'<div style="{LARGE}"><b>{escape(short(answer, 500))}</b> {_chips(outcome, colour)}</div>',
        _votes(outcome),
        _rounds(outcome),
        f'<div style="{FAINT}">{_cost(outcome)}</div>',
        *(f'<div style="{FAINT}">{line}</div>' for line in [cache_line(outcome)] if line),
        *(f'<div style="color:{FAILED}">{escape(_loss(entry))}</div>' for entry in outcome["lost"]),
        *(f'<div style="color:{WARN}">{escape(warning)}</div>' for warning in _cautions(outcome)),
    ]
    return f'<div style="{FRAME}">{"".join(parts)}</div>'


def _chips(outcome: Mapping[str, Any], colour: str) -> str:
    words = [(outcome["status"].replace("_", " "), colour)]
    words += [("tie, drawn by seed", WARN)] if outcome["tie"] else []
    words += [("simulated", "#6b46c1")] if outcome["simulated"] else []
    return " ".join(chip(word, shade) for word, shade in words)


def chip(word: str, colour: str) -> str:
    """Return a word on a coloured ground."""
    style = f"font-size:12px;border-radius:9px;padding:2px 8px;color:#fff;vertical-align:middle;background:{colour}"
    return f'<span style="{style}">{escape(word)}</span>'


def _votes(outcome: Mapping[str, Any]) -> str:
    votes, total = outcome["votes"], sum(outcome["votes"].values())
    ranked = sorted(votes.items(), key=lambda item: -item[1])
    rows = [_bar(short(answer, 60), count, total) for answer, count in ranked[:MOST_ANSWERS]]
    if rest := ranked[MOST_ANSWERS:]:
        rows.append(_bar(f"{len(rest)} other answers", sum(count for _, count in rest), total))
    return (
        f'<table style="border-collapse:collapse;margin:0 0 8px;color:inherit;font:inherit">{"".join(rows)}</table>'
        if rows
        else ""
    )


def _bar(label: str, count: int, total: int) -> str:
    width = round(220 * count / total)
    bar = f'<div style="background:#4c7bd9;height:11px;width:{width}px;border-radius:3px"></div>'
    cell = "padding:1px 10px 1px 0;text-align:left;background:none"
    return (
        f'<tr><td style="{cell}">{escape(label)}</td><td style="{cell}">{bar}</td><td style="{cell}">{count}</td></tr>'
    )


def _rounds(outcome: Mapping[str, Any]) -> str:
    shown = [f"round {report['round']}: {report['agreement']:.0%} agree" for report in outcome["rounds"]]
    return f"<div>{escape(' → '.join(shown))}; stopped: {escape(outcome['stop_reason'])}</div>"


def _cost(outcome: Mapping[str, Any]) -> str:
    usage = outcome["usage"]
    tokens = usage["input_tokens"] + usage["output_tokens"]
    dollars = "price unknown" if usage["usd"] is None else f"${usage['usd']:.4f}"
    return (
        f"{outcome['agents']} agents · {usage['model_calls']} model calls · {usage['tool_calls']} tool uses · "
        f"{tokens:,} tokens · {dollars} · {outcome['seconds']:.1f} s"
    )


def _loss(entry: Mapping[str, Any]) -> str:
    return f"lost in round {entry['round']}: {entry['agent']}: {short(entry['reason'], 200)}"


def _cautions(outcome: Mapping[str, Any]) -> list[str]:
    left_out = [f"did not take part: {name}: {why}" for name, why in outcome["left_out"].items()]
    return [short(text, 300) for text in [*left_out, *outcome["warnings"]]]


def short(text: str, most: int) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else text[:most] + " …"
