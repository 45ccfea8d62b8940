"""The core: no I/O, no LangGraph, no model. Used unchanged wherever a strategy runs."""
