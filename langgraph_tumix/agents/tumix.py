"""The fifteen agents of TUMIX (arXiv 2510.01279, table 1), with prompts of our own.

The paper leaves open the text of most prompts, the hints of the ``+`` agents, and how results of two searches are
combined; what stands here in their place is ours.
"""

from collections.abc import Iterator

from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.spec import Agent, SearchKind

_SEARCHES: tuple[SearchKind, ...] = ("gs", "llm", "com")


def _fifteen() -> Iterator[Agent]:
    yield Agent(name="Base", instruction=template("base"))
    yield Agent(name="CoT", instruction=template("cot"))
    yield Agent(name="CoT_code", instruction=template("cot_code"), code="once")
    yield Agent(name="S", instruction=template("s"), search="llm")
    yield Agent(name="C", instruction=template("c"), code="loop")
    yield Agent(name="C+", instruction=template("c_plus"), code="loop")
    for search in _SEARCHES:
        yield Agent(name=f"CS_{search}", instruction=template("cs"), code="loop", search=search)
    for mark, files in (("", "csg"), ("+", "csg_plus")):
        for search in _SEARCHES:
            yield Agent(
                name=f"CSG{mark}_{search}",
                instruction=template(f"{files}_solver"),
                guide=template(f"{files}_guide"),
                code="loop",
                search=search,
            )


FIFTEEN: tuple[Agent, ...] = tuple(_fifteen())
"""Base, CoT, CoT_code, S, C, C+, and CS, CSG, CSG+ each with the searches gs, llm and com."""
