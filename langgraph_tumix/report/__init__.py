"""Runs to look at: cards and pictures for notebooks, and a page for an evaluation.

>>> from langgraph_tumix import report
>>> report.read_run("no such folder")
Traceback (most recent call last):
...
langgraph_tumix.errors.ConfigError: no such folder is no run's folder: ...
"""

from langgraph_tumix.report.document import page, write
from langgraph_tumix.report.drawing import draw
from langgraph_tumix.report.run import Run, read_run
from langgraph_tumix.report.serving import serve

__all__ = ["Run", "draw", "page", "read_run", "serve", "write"]
