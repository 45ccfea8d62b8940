"""AutoTTS, Table 1 (arXiv 2605.08083): six rules, four models, AIME24 and AIME25, ours beside the published figures.

    python benchmarks/autotts.py TRACES [--shuffles 100] [--published FILE.csv]

TRACES is a directory with autotts_aime24.jsonl.gz and autotts_aime25.jsonl.gz in the common schema. The built-in
published figures are those of the source's own result files for AIME24, to the digit. They hold neither SC@64 nor
AIME25; a CSV with the columns dataset,model,rule,accuracy,tokens (per cent, tokens) adds or replaces cells.
"""

import argparse
import csv
from pathlib import Path

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.parallel_probe import ParallelProbe
from langgraph_tumix.core.stopping.votes import BetaLead, UnanimousWindow
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import read_traces, replay

VOTE = Majority("independent", ties="first", quiet=True)
RULES = [
    Strategy("SC@64", Batches(64, 64), aggregate=VOTE),
    Strategy("ASC", Batches(1, 64), BetaLead(confidence=0.95), VOTE),
    Strategy("ESC", Batches(8, 64), UnanimousWindow(8), VOTE),
    Strategy("Parallel-Probe", ParallelProbe()),
    Strategy("CMC .5", CMC(0.5)),
    Strategy("CMC 1", CMC(1.0)),
]
AIME24 = {
    "Qwen3-0.6B": [(21.40, 805490), (21.43, 986723), (21.83, 773781), (19.20, 283597), (20.93, 542154)],
    "Qwen3-1.7B": [(72.33, 482563), (72.47, 909205), (66.03, 745425), (68.50, 276267), (70.37, 499094)],
    "Qwen3-4B": [(80.00, 214189), (80.00, 528934), (79.73, 688872), (81.97, 236735), (83.53, 424878)],
    "Qwen3-8B": [(80.37, 226033), (80.37, 459359), (81.47, 730781), (84.27, 255293), (85.77, 467434)],
}
Cell = tuple[str, str, str]


def published(path: Path | None) -> dict[Cell, tuple[float, float]]:
    """Return the published accuracy (per cent) and tokens of each cell."""
    names = [rule.name for rule in RULES[1:]]
    cells = {
        ("aime24", model, rule): cell for model, row in AIME24.items() for rule, cell in zip(names, row, strict=True)
    }
    if path is not None:
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = (row["dataset"], row["model"], row["rule"])
                cells[key] = (float(row["accuracy"]), float(row["tokens"]))
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--shuffles", type=int, default=100)
    parser.add_argument("--published", type=Path)
    options = parser.parse_args()
    known = published(options.published)
    equal = compared = 0
    for dataset in ("aime24", "aime25"):
        file = options.traces / f"autotts_{dataset}.jsonl.gz"
        recording, gold = read_traces(file, group=lambda row: row["agent"])
        board = replay(recording, RULES, gold=gold, shuffles=options.shuffles)
        print(f"\n{dataset}, {options.shuffles} shuffles: accuracy % / thousand tokens, ours | published")
        for model in recording.groups:
            for row in board.rows:
                accuracy, tokens = row.by_group[model]
                ours = f"{100 * accuracy:5.1f} / {tokens / 1000:6.1f}"
                cell = known.get((dataset, model, row.strategy))
                theirs = f"{cell[0]:5.1f} / {cell[1] / 1000:6.1f}" if cell else "not at hand"
                # Half a digit of the last place, for a source that truncates where another rounds.
                same = cell is not None and abs(100 * accuracy - cell[0]) < 0.051 and abs(tokens - cell[1]) < 51
                compared += cell is not None
                equal += same
                print(f"  {model:12}{row.strategy:16}{ours} | {theirs}{'  =' if same else ''}")
        print(board.table())
    print(f"\nequal to rounding: {equal} of the {compared} cells whose published figures are at hand, 48 in all")


if __name__ == "__main__":
    main()
