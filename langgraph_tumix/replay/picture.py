"""The leaderboard as a picture: accuracy over cost, with intervals and the front, as an SVG that needs no library."""

import math
from collections.abc import Sequence
from html import escape

from langgraph_tumix.replay.board import Board, Row

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 24, 52
INK, FRONT = "#334155", "#0d9488"


def draw(board: Board) -> str:
    """Return a board as SVG: tokens (or calls, where no tokens are known) to the right, accuracy up.

    The line joins the strategies that no other beats in both; the bars are 95 % intervals. What could not be replayed
    at all is not drawn.
    """
    unit = "tokens" if any(not math.isnan(row.tokens) for row in board.rows) else "calls"
    points = [(row, getattr(row, unit)) for row in board.rows]
    points = [(row, cost) for row, cost in points if not math.isnan(cost + row.accuracy.value)]
    axes = _Axes(
        [cost for _, cost in points], [row.accuracy.low for row, _ in points], [row.accuracy.high for row, _ in points]
    )
    taken: list[tuple[float, float, float]] = []
    front = sorted((cost, row.accuracy.value) for row, cost in points if row.best)
    line = " ".join(f"{axes.x(cost):.1f},{axes.y(accuracy):.1f}" for cost, accuracy in front)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *axes.lines(f"{unit} per question"),
        f'<polyline points="{line}" fill="none" stroke="{FRONT}" stroke-width="1.5"/>',
        *(mark for row, cost in points for mark in _mark(row, cost, axes, taken)),
        "</svg>",
    ]
    return "\n".join(parts)


class _Axes:
    """Where a cost and an accuracy lie on the picture."""

    def __init__(self, costs: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> None:
        self.most = 1.15 * max(costs, default=1.0) or 1.0
        self.low = min(0.95, max(0.0, math.floor(20 * min(lows, default=0.0)) / 20))
        self.high = max(self.low + 0.05, math.ceil(20 * max(highs, default=1.0)) / 20)

    def x(self, cost: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * cost / self.most

    def y(self, accuracy: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (accuracy - self.low) / (self.high - self.low)

    def lines(self, label: str) -> list[str]:
        parts = []
        for step in range(6):
            accuracy, cost = self.low + (self.high - self.low) * step / 5, self.most * step / 5
            y, x = self.y(accuracy), self.x(cost)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
            parts.append(
                f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{100 * accuracy:.0f} %</text>'
            )
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="{INK}">{cost:,.0f}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle" fill="{INK}">{label}</text>')
        return parts


def _mark(row: Row, cost: float, axes: _Axes, taken: list[tuple[float, float, float]]) -> list[str]:
    """Draw a strategy; its name stands where it covers none of those that are there."""
    x, y = axes.x(cost), axes.y(row.accuracy.value)
    colour = FRONT if row.best else INK
    name = row.strategy if row.validity == "exact" else f"{row.strategy} ({row.validity})"
    wide = 7.0 * len(name)
    beside = [y + rise for rise in (-6, 16, 30, 44, 58, -20)]
    free = [at for at in beside if all(abs(at - y0) > 12 or x > x1 or x + wide < x0 for x0, x1, y0 in taken)]
    at = (free or beside)[0]
    taken.append((x, x + wide, at))
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{axes.y(row.accuracy.low):.1f}" y2="{axes.y(row.accuracy.high):.1f}" '
        f'stroke="{colour}" stroke-opacity="0.35"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>',
        f'<text x="{x + 7:.1f}" y="{at:.1f}" fill="{colour}">{escape(name)}</text>',
    ]
