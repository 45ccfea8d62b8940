"""Published figures, to the digit, for who has the traces: TUMIX_TRACES names their directory."""

import os
from pathlib import Path

import pytest

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.parallel_probe import ParallelProbe
from langgraph_tumix.core.stopping.votes import BetaLead, UnanimousWindow
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import read_traces, replay

TRACES = os.environ.get("TUMIX_TRACES")
pytestmark = [
    pytest.mark.skipif(TRACES is None, reason="TUMIX_TRACES names no directory of traces"),
    pytest.mark.timeout(600),
]
VOTE = Majority("independent", ties="first", quiet=True)


def test_autotts_on_aime24() -> None:
    """AutoTTS (arXiv 2605.08083), Qwen3-8B: accuracy in per cent and mean tokens as its own result files have them."""
    published = {
        Strategy("ASC", Batches(1, 64), BetaLead(0.95), VOTE): (80.37, 226033),
        Strategy("ESC", Batches(8, 64), UnanimousWindow(8), VOTE): (80.37, 459359),
        Strategy("Parallel-Probe", ParallelProbe()): (81.47, 730781),
        Strategy("CMC .5", CMC(0.5)): (84.27, 255293),
        Strategy("CMC 1", CMC(1.0)): (85.77, 467434),
    }
    file = Path(str(TRACES)) / "autotts_aime24.jsonl.gz"
    recording, gold = read_traces(file, where=lambda row: row["agent"] == "Qwen3-8B")
    board = replay(recording, list(published), gold=gold, shuffles=100)
    for strategy, (accuracy, tokens) in published.items():
        row = board[strategy.name]
        assert round(100 * row.accuracy.value, 2) == accuracy
        assert int(row.tokens) == tokens


def test_tree_of_thoughts_on_game_of_24() -> None:
    """Tree of Thoughts (arXiv 2305.10601), Table 2: best of 100, and one sample."""
    file = Path(str(TRACES)) / "tot_game24.jsonl.gz"
    for agent, one, best in (("gpt-4/io", 0.073, 0.33), ("gpt-4/cot", 0.040, 0.49)):
        recording, gold = read_traces(file, where=lambda row, agent=agent: row["agent"] == agent)  # type: ignore[misc]
        board = replay(recording, [Strategy("vote", Batches(100, 100), aggregate=VOTE)], gold=gold)
        assert board.single == pytest.approx(one, abs=5e-4)
        assert board.coverage == pytest.approx(best)
