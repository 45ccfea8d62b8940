"""An agent together with the model and the tools that it really has."""

from dataclasses import dataclass

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.interpreter.base import Interpreter
from langgraph_tumix.models.model import Model
from langgraph_tumix.search.base import Search


@dataclass(frozen=True)
class Equipped:
    """An agent, ready to run: what its specification asks for is at hand."""

    agent: Agent
    model: Model
    interpreter: Interpreter | None
    search: Search | None
