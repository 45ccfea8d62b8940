"""One question from a plain script, where there is no event loop to await on."""

import asyncio
from typing import TYPE_CHECKING

from langgraph_tumix.context import TumixContext
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.outcome import Outcome

if TYPE_CHECKING:
    from langgraph_tumix.graph import TumixGraph


def ask(graph: "TumixGraph", question: str, *, context: TumixContext | None = None) -> Outcome:
    """Ask a graph a question, wait for the outcome and return it.

    Args:
        graph: What `create_tumix` returned.
        question: The question.
        context: Knobs of this run.

    Raises:
        ConfigError: There is an event loop already, as in a notebook or a server: await ``graph.ainvoke`` there.

    >>> from langgraph_tumix import create_tumix
    >>> ask(create_tumix("offline", agents=["CoT"]), "What is 12 + 30?").answer
    '42'
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        state = asyncio.run(graph.ainvoke({"question": question}, context=context))
        return Outcome(state["outcome"])
    raise ConfigError(
        "an event loop is running here, as in every notebook: write `state = await graph.ainvoke({'question': ...})` "
        "and read `state['outcome']`"
    )
