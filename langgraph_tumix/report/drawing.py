"""A compiled graph as an SVG picture, drawn here: no web service, no browser, no Graphviz."""

from collections import defaultdict
from collections.abc import Mapping
from html import escape
from typing import Any

from langchain_core.runnables.graph import Edge, Graph
from langgraph.graph.state import CompiledStateGraph

FILLS = {"text": "#dfe9f5", "code": "#e3f1e1", "search": "#fdeccb", "dual": "#efe2f4", "guided": "#fadfdc"}
WIDTH, HEIGHT = 104, 26  # of a box, in pixels
GAP_X, GAP_Y, MARGIN = 56, 8, 24
NAMES = {"__start__": "start", "__end__": "end"}
STYLE = (
    ".b{stroke:#3b4252;stroke-width:1.2}.t{fill:#222831;text-anchor:middle}"
    ".l{fill:none;stroke:#3b4252;stroke-width:1;marker-end:url(#tip)}.back{stroke-dasharray:5 4}"
)
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#3b4252"/></marker></defs>'
)


class Drawing(str):
    """The text of an SVG picture, which a notebook shows as the picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"an SVG picture of {len(self):,} characters")  # where IPython shows none


def draw(graph: CompiledStateGraph[Any, Any, Any, Any]) -> Drawing:
    """Draw a graph from left to right; edges that lead back are dashed, agents coloured by their style.

    >>> from langgraph_tumix import create_tumix
    >>> draw(create_tumix("offline", agents=["CoT", "C"]))[:4]
    '<svg'
    """
    drawn = graph.get_graph()
    columns = _columns(drawn)
    tallest = max(len(column) for column in columns)
    places = {
        name: (MARGIN + x * (WIDTH + GAP_X), MARGIN + (y + (tallest - len(column)) / 2) * (HEIGHT + GAP_Y))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    bottom = MARGIN + tallest * (HEIGHT + GAP_Y)
    parts = [_line(edge, places, bottom) for edge in drawn.edges]
    parts += [_box(name, drawn.nodes[name].metadata or {}, place) for name, place in places.items()]
    width, height = MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X + MARGIN, bottom + 2 * MARGIN
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="width:{width}px;max-width:100%" font-family="system-ui, sans-serif" font-size="13">'
        f"<style>{STYLE}</style>{TIP}"
        f'<rect width="{width}" height="{height}" rx="10" fill="#fbfaf7"/>{"".join(parts)}</svg>'
    )


def _columns(graph: Graph) -> list[list[str]]:
    """Sort the nodes into columns, each right of all that lead to it without going round."""
    following = defaultdict(list)
    for edge in graph.edges:
        following[edge.source].append(edge.target)
    depths: dict[str, int] = {}

    def visit(name: str, depth: int, path: frozenset[str]) -> None:
        if name in path or depths.get(name, -1) >= depth:
            return
        depths[name] = depth
        for target in following[name]:
            visit(target, depth + 1, path | {name})

    visit("__start__", 0, frozenset())
    if sum(depth == depths.get("__end__") for depth in depths.values()) > 1:
        depths["__end__"] += 1  # on its own, where no line back has to cross it
    columns = defaultdict(list)
    for name in graph.nodes:
        columns[depths.get(name, 0)].append(name)
    return [columns[depth] for depth in sorted(columns)]


def _box(name: str, metadata: dict[str, Any], place: tuple[float, float]) -> str:
    x, y = place
    fill = FILLS.get(metadata.get("style", ""), "#fff")
    return (
        f'<rect class="b" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="{fill}"/>'
        f'<text class="t" x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 4:g}">{escape(NAMES.get(name, name))}</text>'
    )


def _line(edge: Edge, places: Mapping[str, tuple[float, float]], bottom: float) -> str:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    if x2 > x1:
        start, end, y1, y2 = x1 + WIDTH, x2, y1 + HEIGHT / 2, y2 + HEIGHT / 2
        middle = (start + end) / 2
        return f'<path class="l" d="M{start:g} {y1:g} C{middle:g} {y1:g} {middle:g} {y2:g} {end:g} {y2:g}"/>'
    start, end, y1, y2 = x1 + WIDTH / 2, x2 + WIDTH / 2, y1 + HEIGHT, y2 + HEIGHT
    low, turn = bottom + MARGIN / 2, MARGIN
    down = f"M{start:g} {y1:g} V{low - turn:g} Q{start:g} {low:g} {start - turn:g} {low:g}"
    up = f"H{end + turn:g} Q{end:g} {low:g} {end:g} {low - turn:g} V{y2:g}"
    return f'<path class="l back" d="{down} {up}"/>'
