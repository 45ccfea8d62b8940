"""Record, replay, compare: every strategy tried on recorded runs, without a model call.

Comparing needs numpy, ``pip install 'langgraph-tumix[replay]'``, and `tune` optuna as well, ``[tune]``; recording needs
neither, so each name is looked up when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph_tumix.core.statistics import Interval
    from langgraph_tumix.replay.board import Board, Row
    from langgraph_tumix.replay.compare import cross_replay, replay
    from langgraph_tumix.replay.files import Recorder, gold_path, read_gold, read_recording, write_gold
    from langgraph_tumix.replay.picture import draw
    from langgraph_tumix.replay.propose import Proposer
    from langgraph_tumix.replay.readers import read_any, read_autotts, read_table, read_traces
    from langgraph_tumix.replay.recording import Gold, Probes, Recording, Run, Verdict, sample_note
    from langgraph_tumix.replay.search import Trial
    from langgraph_tumix.replay.space import Family, Options, Span, one_knob, read_space, written
    from langgraph_tumix.replay.spelling import read_strategy
    from langgraph_tumix.replay.statistics import arise, cost_of_pass, pareto
    from langgraph_tumix.replay.tuner import tune
    from langgraph_tumix.replay.tuning import Tuning

__all__ = [
    "Board",
    "Family",
    "Gold",
    "Interval",
    "Options",
    "Probes",
    "Proposer",
    "Recorder",
    "Recording",
    "Row",
    "Run",
    "Span",
    "Trial",
    "Tuning",
    "Verdict",
    "arise",
    "cost_of_pass",
    "cross_replay",
    "draw",
    "gold_path",
    "one_knob",
    "pareto",
    "read_any",
    "read_autotts",
    "read_gold",
    "read_recording",
    "read_space",
    "read_strategy",
    "read_table",
    "read_traces",
    "replay",
    "sample_note",
    "tune",
    "write_gold",
    "written",
]

_HOMES = {
    "board": ("Board", "Row"),
    "compare": ("cross_replay", "replay"),
    "files": ("Recorder", "gold_path", "read_gold", "read_recording", "write_gold"),
    "picture": ("draw",),
    "readers": ("read_any", "read_autotts", "read_table", "read_traces"),
    "recording": ("Gold", "Probes", "Recording", "Run", "Verdict", "sample_note"),
    "propose": ("Proposer",),
    "search": ("Trial",),
    "space": ("Family", "Options", "Span", "one_knob", "read_space", "written"),
    "spelling": ("read_strategy",),
    "statistics": ("Interval", "arise", "cost_of_pass", "pareto"),
    "tuner": ("tune",),
    "tuning": ("Tuning",),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        for module, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
