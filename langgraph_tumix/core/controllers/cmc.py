"""CMC, the Confidence Momentum Controller that AutoTTS found."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.chances import beta_lead
from langgraph_tumix.core.control import Branch, Controller, Move, Moves, first_two, leader
from langgraph_tumix.core.stop import share


@dataclass(frozen=True)
class CMC(Controller):
    """The Confidence Momentum Controller (arXiv 2605.08083); one knob, from 0 for cheap to 1 for thorough.

    The votes are the answers of finished branches. Their confidence, `beta_lead`, is averaged with momentum; the
    question ends when the average is high and does not fall. Branches that agree with the winner advance faster, those
    that disagree for long are given up, and new ones are opened while confidence does not grow. The published code
    updates the average twice in a step, which is kept: it is what the published figures were made with.
    """

    beta: float = 0.5

    def __post_init__(self) -> None:
        share("CMC(beta)", self.beta)

    def control(self, branches: Sequence[Branch]) -> Moves:
        """Follow the published loop."""
        b = self.beta
        alpha, level, slack = 0.7 - 0.4 * b, 0.85 + 0.12 * b, 0.04 - 0.03 * b
        warm_up, widest = max(2, round(2 + 8 * b)), min(64, round(4 + 60 * b))
        pool = _Pool(branches)
        recent: deque[float] = deque(maxlen=max(2, round(2 + 6 * b)))
        average = 0.0
        yield Move(open=max(2, round(2 + 6 * b)))
        for step in range(500):
            average += alpha * (pool.confidence() - average)
            recent.append(average)
            if step >= warm_up:
                pool.abandon(max(3, round(3 + 9 * b)))
            yield Move(pool.advances(max(1, round(1 + 2 * b)) if step >= warm_up else 1))
            average += alpha * (pool.confidence() - average)
            recent[-1] = average
            change = recent[-1] - recent[0]
            sure = average >= level and change >= -slack
            if step >= warm_up and len(pool.finished) >= max(2, round(2 + 3 * b)) and sure:
                break
            if not pool.active():
                break
            if len(branches) < widest and change <= slack and step >= max(1, warm_up // 2) and average < level:
                yield Move(open=min(max(1, round(1 + 3 * b)), widest - len(branches)))
        return pool.winner()


class _Pool:
    """The finished answers in the order in which they came, and the standing of the branches that are under way."""

    def __init__(self, branches: Sequence[Branch]) -> None:
        self.branches = branches
        self.finished: list[int] = []
        self._order: list[int] = []
        self._known = 0
        self._astray: dict[int, int] = {}
        self._abandoned: set[int] = set()

    def _update(self) -> None:
        self._order += range(self._known, len(self.branches))
        self._known = len(self.branches)
        done = set(self.finished)
        self.finished += [place for place in self._order if self.branches[place].final and place not in done]

    def _answers(self) -> list[str | None]:
        return [self.branches[place].latest for place in self.finished]

    def confidence(self) -> float:
        self._update()
        _, first, second = first_two(self._answers())
        return beta_lead(first, second) if first else 0.0

    def active(self) -> list[int]:
        return [place for place, branch in enumerate(self.branches) if not branch.over and place not in self._abandoned]

    def abandon(self, patience: int) -> None:
        """Give up those who have disagreed with the winner for long, the longest first, and keep two."""
        winner = leader(self._answers())
        if winner is None:
            return
        active = self.active()
        for place in active:
            agrees = self.branches[place].latest == winner
            self._astray[place] = 0 if agrees else self._astray.get(place, 0) + 1
        stubborn = [place for place in active if self._astray[place] >= patience]
        stubborn.sort(key=lambda place: -self._astray[place])
        self._abandoned.update(stubborn[: max(0, len(active) - 2)])

    def advances(self, burst: int) -> list[tuple[int, int]]:
        """Return the next steps: `burst` for those who agree with the winner, one for the others."""
        winner = leader(self._answers())
        self._order = sorted(self.active(), key=lambda place: -len(self.branches[place].answers))
        agree = [winner is not None and self.branches[place].latest == winner for place in self._order]
        return [(place, burst if agrees else 1) for place, agrees in zip(self._order, agree, strict=True)]

    def winner(self) -> str | None:
        """Return the majority of the finished, else that of the latest answers of those not given up."""
        if self.finished:
            return leader(self._answers())
        return leader(branch.latest for place, branch in enumerate(self.branches) if place not in self._abandoned)
