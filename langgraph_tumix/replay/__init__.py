"""Record, replay, compare: every strategy tried on recorded runs, without a model call.

Needs numpy: ``pip install 'langgraph-tumix[replay]'``.
"""

from langgraph_tumix.replay.board import Board, Row
from langgraph_tumix.replay.compare import cross_replay, replay
from langgraph_tumix.replay.files import Recorder, gold_path, read_gold, read_recording, write_gold
from langgraph_tumix.replay.picture import draw
from langgraph_tumix.replay.readers import read_autotts, read_table, read_traces
from langgraph_tumix.replay.recording import Gold, Probes, Recording, Run, Verdict, sample_note
from langgraph_tumix.replay.spelling import read_strategy
from langgraph_tumix.replay.statistics import Interval, arise, cost_of_pass, pareto

__all__ = [
    "Board",
    "Gold",
    "Interval",
    "Probes",
    "Recorder",
    "Recording",
    "Row",
    "Run",
    "Verdict",
    "arise",
    "cost_of_pass",
    "cross_replay",
    "draw",
    "gold_path",
    "pareto",
    "read_autotts",
    "read_gold",
    "read_recording",
    "read_strategy",
    "read_table",
    "read_traces",
    "replay",
    "sample_note",
    "write_gold",
]
