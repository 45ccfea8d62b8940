"""Published figures of other systems, from their recorded outputs: Tree of Thoughts, TheoremQA, DyLAN.

python benchmarks/systems_figures.py TRACES
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay import Board, read_traces, replay

VOTE = Majority("independent", ties="first", quiet=True)
ONE = Strategy("one sample", Batches(1, 1), aggregate=VOTE)


def board(path: Path, agent: str, strategies: list[Strategy]) -> Board:
    """Replay strategies on the samples of one agent."""
    recording, gold = read_traces(path, where=lambda row: row["agent"] == agent)
    return replay(recording, strategies, gold=gold)


def line(what: str, ours: float, published: str) -> None:
    """Print one figure."""
    print(f"  {what:48}{ours:7.2f} | {published}")


def game_of_24(path: Path) -> None:
    """Tree of Thoughts, Table 2 (arXiv 2305.10601); an answer counts by the log's own verifier."""
    vote = Strategy("vote of 100", Batches(100, 100), aggregate=VOTE)
    print("Game of 24, GPT-4: solved %, ours | published")
    for agent, name, one, best in (("gpt-4/io", "IO", "7.3", "33"), ("gpt-4/cot", "CoT", "4.0", "49")):
        tried = board(path, agent, [vote])
        line(f"{name}, mean of 100 samples", 100 * tried.single, one)
        line(f"{name}, best of 100", 100 * tried.coverage, best)
        if name == "CoT":
            line("CoT-SC, vote of 100", 100 * tried["vote of 100"].accuracy.value, "9.0")


def theoremqa(path: Path) -> None:
    """TheoremQA, Table 3 (arXiv 2305.12524)."""
    print("TheoremQA, GPT-4: right %, ours | published")
    for agent, published in (("GPT4/cot", "43.8"), ("GPT4/pot", "52.4")):
        line(agent, 100 * board(path, agent, [ONE])["one sample"].accuracy.value, published)


def dylan(path: Path) -> None:
    """DyLAN on MATH (arXiv 2310.02170): model calls per question, ranking included, as its logs count them."""
    calls: dict[str, int] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for text in file:
            row = json.loads(text)
            calls[row["question_id"]] = row["calls"]
    print("DyLAN, MATH: ours | published")
    line("calls per question", float(np.mean(list(calls.values()))), "7.05 to 7.15")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    traces = parser.parse_args().traces
    game_of_24(traces / "tot_game24.jsonl.gz")
    theoremqa(traces / "theoremqa.jsonl.gz")
    dylan(traces / "dylan_math_debate.jsonl.gz")


if __name__ == "__main__":
    main()
