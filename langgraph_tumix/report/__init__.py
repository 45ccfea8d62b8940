"""Runs to look at: cards and pictures for notebooks."""

from langgraph_tumix.report.drawing import draw

__all__ = ["draw"]
