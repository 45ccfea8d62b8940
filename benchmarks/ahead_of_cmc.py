"""Ahead of CMC: our own controller, tuned on AIME24 and tested on AIME25 and the other way round, beside CMC and SC@64.

    python benchmarks/ahead_of_cmc.py TRACES [--shuffles 100] [--test FILE ...]

The family is `Race` with three settings of its confidence and three of how many branches run abreast. Two members are
chosen on one data set alone and shown on the other, with paired intervals over questions:

- lean: the most accurate of those that take at most nine tenths of CMC .5's tokens there, since use drifts a little;
- thorough: the most accurate of those that take no more tokens than CMC 1.

Both data sets were looked at while the family was given its shape, so the figures are a little flattered. --test adds
files that were never looked at: traces in the common schema, or AutoTTS's own replay files. Of such a file the members
are shown that were chosen on AIME24.
"""

import argparse
from pathlib import Path

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import Board, Gold, Recording, read_autotts, read_traces, replay

SC = Strategy("SC@64", Batches(64, 64), aggregate=Majority("independent", ties="first", quiet=True))
FAMILY = [
    Strategy(f"Race({confidence=}, {abreast=})", Race(confidence=confidence, abreast=abreast))
    for confidence in (0.85, 0.9, 0.95)
    for abreast in (8, 12, 24)
]
RESERVE = 0.9
THEIRS = [Strategy("CMC .5", CMC(0.5)), Strategy("CMC 1", CMC(1.0))]


def read(path: Path) -> tuple[Recording, Gold]:
    """Read traces in the common schema, or one of AutoTTS's own files."""
    if path.name.removesuffix(".gz").endswith(".json"):
        return read_autotts(path)
    return read_traces(path, group=lambda row: row["agent"])


def choose(board: Board, models: list[str]) -> dict[str, str]:
    """Return the lean member and the thorough one, by the means over some models."""

    def mean(strategy: str, figure: int) -> float:
        return sum(board[strategy].by_group[model][figure] for model in models) / len(models)

    caps = {"lean": RESERVE * mean("CMC .5", 1), "thorough": mean("CMC 1", 1)}
    names = [member.name for member in FAMILY]
    return {
        kind: max((name for name in names if mean(name, 1) <= cap), key=lambda name: mean(name, 0))
        for kind, cap in caps.items()
    }


def show(board: Board, title: str, chosen: dict[str, str]) -> None:
    """Print a board, what share of SC@64's tokens each takes, and the differences that matter."""
    print(f"\n{title}\n{board.table()}")
    whole = board["SC@64"].tokens
    print(
        "tokens as a share of SC@64's: " + ", ".join(f"{r.strategy} {100 * r.tokens / whole:.1f} %" for r in board.rows)
    )
    for kind, member in chosen.items():
        for other in ("SC@64", "CMC .5", "CMC 1"):
            saved = board.difference(member, other, "tokens")
            cost = f"{saved.value:+,.0f} tokens [{saved.low:+,.0f}, {saved.high:+,.0f}]"
            print(f"{kind}: {board.verdict(member, other)}; {cost}")


def crossed(here: Board, there: Board, models: list[str]) -> None:
    """Print what the lean member chosen on the other models attains on each."""
    print(
        "lean, chosen here on the other three models, there on the fourth: accuracy % / tokens, ours | CMC .5 | SC@64"
    )
    for model in models:
        member = choose(here, [other for other in models if other != model])["lean"]
        cells = (there[name].by_group[model] for name in (member, "CMC .5", "SC@64"))
        print(f"  {model:12}{member:38}" + " | ".join(f"{100 * acc:5.1f} / {cost:9,.0f}" for acc, cost in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--shuffles", type=int, default=100)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    strategies = [SC, *THEIRS, *FAMILY]

    def board(path: Path) -> Board:
        recording, gold = read(path)
        return replay(recording, strategies, gold=gold, shuffles=options.shuffles)

    boards = {name: board(options.traces / f"autotts_{name.lower()}.jsonl.gz") for name in ("AIME24", "AIME25")}
    models = list(boards["AIME24"].rows[0].by_group)
    for here, there in (("AIME24", "AIME25"), ("AIME25", "AIME24")):
        chosen = choose(boards[here], models)
        show(boards[there], f"chosen on {here}: {chosen}\nshown on {there}", chosen)
        crossed(boards[here], boards[there], models)
    for path in options.test:
        show(board(path), f"{path.name}, never looked at", choose(boards["AIME24"], models))


if __name__ == "__main__":
    main()
