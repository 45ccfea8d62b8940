"""The picture of a graph holds every node and every edge, and is valid XML."""

import xml.etree.ElementTree as ElementTree

from IPython.lib.pretty import pretty

from langgraph_tumix import create_tumix
from langgraph_tumix.report.drawing import draw

SVG = "{http://www.w3.org/2000/svg}"


def test_every_node_and_edge_is_drawn() -> None:
    graph = create_tumix("offline")
    drawn, picture = graph.get_graph(), ElementTree.fromstring(draw(graph))
    names = {text.text for text in picture.iter(f"{SVG}text")}
    assert names == {{"__start__": "start", "__end__": "end"}.get(name, name) for name in drawn.nodes}
    lines = picture.findall(f"{SVG}path")
    assert len(lines) == len(drawn.edges)
    assert sum("back" in path.attrib["class"] for path in lines) == 1


def test_a_notebook_shows_it() -> None:
    picture = draw(create_tumix("offline", agents=["CoT"]))
    assert picture._repr_svg_() == str(picture)
    assert pretty(picture).startswith("an SVG picture of ")  # type: ignore[no-untyped-call]
