"""Record, replay, compare: every strategy tried on recorded runs, without a model call.

Comparing needs numpy, ``pip install 'langgraph-tumix[replay]'``; recording does not, so each name is looked up when it
is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph_tumix.replay.board import Board, Row
    from langgraph_tumix.replay.compare import cross_replay, replay
    from langgraph_tumix.replay.files import Recorder, gold_path, read_gold, read_recording, write_gold
    from langgraph_tumix.replay.picture import draw
    from langgraph_tumix.replay.readers import read_any, read_autotts, read_table, read_traces
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
    "read_any",
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

_HOMES = {
    "board": ("Board", "Row"),
    "compare": ("cross_replay", "replay"),
    "files": ("Recorder", "gold_path", "read_gold", "read_recording", "write_gold"),
    "picture": ("draw",),
    "readers": ("read_any", "read_autotts", "read_table", "read_traces"),
    "recording": ("Gold", "Probes", "Recording", "Run", "Verdict", "sample_note"),
    "spelling": ("read_strategy",),
    "statistics": ("Interval", "arise", "cost_of_pass", "pareto"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        for module, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
