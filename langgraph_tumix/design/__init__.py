"""Auto-design: a model proposes new agents, and those that pass every check and help are admitted."""

from langgraph_tumix.design.bench import Probe
from langgraph_tumix.design.designer import Designer

__all__ = ["Designer", "Probe"]
