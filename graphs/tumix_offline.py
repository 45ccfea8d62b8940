"""TUMIX for LangGraph Studio without a key: real graph, real tools, simulated model."""

from langgraph_tumix import create_tumix

graph = create_tumix("offline", name="tumix_offline")
