"""TUMIX for LangGraph: many tool-using agents answer, read each other's notes and answer again.

>>> from langgraph_tumix import create_tumix
>>> graph = create_tumix("offline", agents=["Base", "CoT", "C"])

Errors are drawn in `langgraph_tumix.errors`, events in `langgraph_tumix.events`.
"""

from langgraph_tumix.agents.registry import register
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.ask import ask
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.stop import FixedRounds, LLMJudge, StableMajority
from langgraph_tumix.errors import BudgetExceeded, ConfigError, InterpreterError, ModelError, SearchError, TumixError
from langgraph_tumix.graph import create_tumix
from langgraph_tumix.models.price import Price
from langgraph_tumix.outcome import Outcome
from langgraph_tumix.toolbox import Toolbox

__all__ = [
    "Agent",
    "Budget",
    "BudgetExceeded",
    "ConfigError",
    "FixedRounds",
    "InterpreterError",
    "LLMJudge",
    "Ledger",
    "Majority",
    "ModelError",
    "Note",
    "Outcome",
    "Price",
    "SearchError",
    "StableMajority",
    "Toolbox",
    "TumixContext",
    "TumixError",
    "ask",
    "create_tumix",
    "register",
]
