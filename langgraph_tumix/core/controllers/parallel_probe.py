"""Parallel-Probe: a fixed cohort of branches, deviants pruned, stop at a stable majority."""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.control import Branch, Controller, Move, Moves, leader


@dataclass(frozen=True)
class ParallelProbe(Controller):
    """Parallel-Probe (arXiv 2602.03845), with the settings that AutoTTS (arXiv 2605.08083) evaluates.

    All `width` branches advance by one step, the majority is taken over the latest answers of those not pruned. After
    `warm_up` steps a branch that disagrees with it `patience` times in a row is pruned; after `stable` unchanged steps
    the majority is the answer. It assumes that what a branch would say now is close to what it will say.

    Attributes:
        width: Branches, all opened at once.
        stable: Steps for which the majority must not have changed.
        patience: Disagreements in a row before a branch is pruned.
        warm_up: Steps without pruning.
        most_steps: Steps in all.
    """

    width: int = 64
    stable: int = 40
    patience: int = 7
    warm_up: int = 15
    most_steps: int = 100

    def control(self, branches: Sequence[Branch]) -> Moves:
        """Advance all, prune, look for a stable majority."""
        yield Move(open=self.width)
        kept = list(range(len(branches)))
        astray = [0] * len(branches)
        last: str | None = None
        unchanged = 0
        for step in range(self.most_steps):
            yield Move([(place, 1) for place in kept if not branches[place].over])
            winner = leader(branches[place].latest for place in kept)
            if step >= self.warm_up and len(kept) > 1:
                kept = self._prune(branches, kept, astray, winner)
                winner = leader(branches[place].latest for place in kept) if kept else last
            unchanged = unchanged + 1 if winner == last and step else 0
            last = winner
            if unchanged >= self.stable or all(branches[place].over for place in kept):
                break
        return last

    def _prune(self, branches: Sequence[Branch], kept: list[int], astray: list[int], winner: str | None) -> list[int]:
        for place in kept:
            if not branches[place].over:
                astray[place] = astray[place] + 1 if branches[place].latest != winner else 0
        return [place for place in kept if branches[place].over or astray[place] < self.patience]
