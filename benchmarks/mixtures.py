"""Mixtures of styles: the accuracy of the full vote at half the calls, and a vote that gets more out of it.

    python benchmarks/mixtures.py TRACES [--only TEXT]

One model answers in five styles (direct, CoT, least-to-most, code, NL + code); a cell is a data set and a model, for
TheoremQA five agents. All that is learnt (order of the styles, table of patterns, accuracies) is learnt within
the cell on the other half of the questions, and the other way round. Means are over cells; intervals are paired, over
questions.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.aggregating.patterns import PatternVote
from langgraph_tumix.core.aggregating.weights import AgentLogOdds
from langgraph_tumix.core.allocating.waves import InOrder
from langgraph_tumix.core.stopping.votes import VoteCount
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import Board, Gold, Recording, cross_replay, read_traces, replay
from langgraph_tumix.replay.learn import accuracies, patterns, ranking
from langgraph_tumix.replay.recording import Answers

STYLES = ("standard", "COT", "LtM", "noNL", "NL+SL")
THEOREM = ("GPT4/cot", "GPT4/pot", "ChatGPT/cot", "ChatGPT/pot", "anthropic_v1/cot")
VOTE = Majority("independent", ties="first", quiet=True)
DRAW = Majority("independent", quiet=True)


def learn(others: Recording, right: Answers) -> list[Strategy]:
    """Return the strategies, as the other half of the questions teaches them."""
    order = ranking(others, right)
    return [
        Strategy("best style", InOrder(order[:1], 1), aggregate=VOTE),
        Strategy("plain vote", InOrder(order, 5), aggregate=DRAW),
        Strategy("vote, ties to the better style", InOrder(order, 5), aggregate=VOTE),
        Strategy(
            "log-odds vote", InOrder(order, 5), aggregate=AgentLogOdds(accuracies(others, right), over="independent")
        ),
        Strategy("pattern vote", InOrder(order, 5), aggregate=PatternVote(patterns(others, right))),
        Strategy("first to two", InOrder(order, 2), VoteCount(votes=5, same=2), VOTE),
        half_the_calls(others, right, order),
    ]


def half_the_calls(others: Recording, right: Answers, order: Sequence[str]) -> Strategy:
    """Return the most accurate vote that costs at most half the calls on other questions.

    It is the best style alone, or the best two to five of which as many are asked as it takes until two agree.
    """
    votes = [Strategy("of 1", InOrder(tuple(order[:1]), 1), aggregate=VOTE)]
    votes += [
        Strategy(f"of {size}", InOrder(tuple(order[:size]), 2), VoteCount(votes=5, same=2), VOTE)
        for size in (2, 3, 4, 5)
    ]
    rows = replay(others, votes, gold=Gold(lambda: right)).rows
    best = max((row for row in rows if row.calls <= 2.5), key=lambda row: (row.accuracy.value, -row.calls))
    return replace(next(vote for vote in votes if vote.name == best.strategy), name="at most half the calls")


def cells(recording: Recording) -> dict[str, Recording]:
    """Return the cells that have all five agents."""
    found = {group: recording.where(lambda run, group=group: run.group == group) for group in recording.groups}
    return {group: cell for group, cell in found.items() if len({a for run in cell.runs for a in run.roster}) == 5}


def style_of(agent: str) -> tuple[str, str]:
    """Return model and style."""
    model, _, style = agent.partition("/")
    return model, style


def best_style(cell: Recording, right: Answers) -> float:
    """Return the accuracy of the style that is best in this cell, known afterwards."""
    hits: dict[str, int] = defaultdict(int)
    for run in cell.runs:
        for note in run.notes:
            hits[note["agent"]] += note["answer"] in right.get((run.group, run.question), frozenset())
    return max(hits.values()) / len(cell.runs)


def report(name: str, boards: Mapping[str, Board], best: Mapping[str, float]) -> None:
    """Print the means over the cells of one file."""
    print(f"\n{name}: {len(boards)} cells; accuracy %, calls per question, against the plain vote")
    names = [row.strategy for row in next(iter(boards.values())).rows]
    for strategy in names:
        rows = [board[strategy] for board in boards.values()]
        accuracy, calls = mean([row.accuracy.value for row in rows]), mean([row.calls for row in rows])
        gaps = [board.difference(strategy, "plain vote") for board in boards.values()]
        error = math.sqrt(sum(((gap.high - gap.low) / 3.92) ** 2 for gap in gaps)) / len(gaps)
        gap = mean([each.value for each in gaps])
        interval = f"{100 * gap:+.2f} [{100 * (gap - 1.96 * error):+.2f}, {100 * (gap + 1.96 * error):+.2f}]"
        print(f"  {strategy:32}{100 * accuracy:6.2f}  {calls:5.2f}  {interval}")
    print(f"  best style, known afterwards    {100 * mean(list(best.values())):6.2f}")
    print(f"  coverage of the five            {100 * mean([board.coverage for board in boards.values()]):6.2f}")
    for base in ("plain vote", "vote, ties to the better style"):
        behind = [max(0.0, best[cell] - board[base].accuracy.value) for cell, board in boards.items()]
        gained = [board["pattern vote"].accuracy.value - board[base].accuracy.value for board in boards.values()]
        short = [gain for gain, gap in zip(gained, behind, strict=True) if gap > 0]
        print(
            f"  {base}: in {len(short)} cells behind the best style, by {100 * sum(behind) / max(1, len(short)):.2f} "
            f"points on average; there the pattern vote closes {100 * sum(short) / (sum(behind) or 1):.0f} % of the gap"
        )


def mean(values: Sequence[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)


def run(name: str, recording: Recording, gold: Gold, only: str) -> None:
    """Replay one file, cell by cell."""
    right = gold.read()
    chosen = {group: cell for group, cell in cells(recording).items() if only in group}
    boards = {group: cross_replay(cell, learn, gold=gold) for group, cell in chosen.items()}
    if boards:
        report(name, boards, {group: best_style(chosen[group], right) for group in boards})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--only", default="", help="cells whose name holds this text")
    options = parser.parse_args()

    def group(row: Mapping[str, str]) -> str:
        return f"{row['dataset']}/{style_of(row['agent'])[0]}"

    for file in ("fcot_mixture", "gsm8k_mixture"):
        recording, gold = read_traces(
            options.traces / f"{file}.jsonl.gz",
            where=lambda row: (
                style_of(row["agent"])[1] in STYLES and not row["sample"] and row.get("src") in (None, "Faithful-COT")
            ),
            group=group,
        )
        run(file, recording, gold, options.only)
    recording, gold = read_traces(options.traces / "theoremqa.jsonl.gz", where=lambda row: row["agent"] in THEOREM)
    run("theoremqa", recording, gold, options.only)


if __name__ == "__main__":
    main()
