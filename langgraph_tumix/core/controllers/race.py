"""Race: few branches at first, more for each that ends without a decision, deviants dropped, the quick weigh more."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from langgraph_tumix.core.chances import beta_lead
from langgraph_tumix.core.control import Branch, Controller, Move, Moves, first_two, leader
from langgraph_tumix.core.stop import at_least, share


@dataclass(frozen=True)
class Race(Controller):
    """Our own controller, from three ideas that each stand alone in the field.

    1. Width on demand. `start` branches run side by side. The votes are the answers of those that have ended. When
       P(p > 1/2 | first, second) of Adaptive-Consistency exceeds `confidence`, or `quorum` branches have answered, the
       race is over. Until then each branch that ends opens up to `widen` more, as long as no more than `abreast` are
       under way: what runs when the race ends was paid for in vain. Easy questions are decided by the first few; hard
       ones get width as far as their evidence turns out to be divided.
    2. Who is late and astray is dropped. Once `warm_up` branches have ended, a branch that has spent more than `late`
       times what they took on average is given up when its latest answer has not been the leader's for more than
       `patience` steps in a row. The longest branches are the dearest and the least often right; young ones are left
       alone, for what they say says little.
    3. The answer is a vote weighted by 1 / tokens, so that close votes go to the quick (First Finish Search).

    It assumes that branches are independent, and that shorter ones are right at least as often as longer ones, which
    holds for thinking models on competition mathematics. `confidence` and `abreast` make it more thorough.

    The constants were found on recordings of four Qwen3 models, AIME24 and AIME25 both looked at, and lie on a plateau;
    `benchmarks/ahead_of_cmc.py` prints both, and any recording that you give it. Tried and not kept, as they gained
    nothing: provisional votes of branches whose probes agree (they stop races too early), a cap on length, weights of
    other powers of the tokens, weights in the stopping rule as well.

    Attributes:
        start: Branches at first.
        quorum: Answers that end the race in any case.
        widen: New branches for each that ends, at the most.
        abreast: Branches under way, beyond which none is opened.
        confidence: The chance of a real lead that ends the race.
        late: Share of the mean cost of those that have ended beyond which a branch may be dropped.
        patience: Steps of disagreement that it is allowed then.
        warm_up: Branches that must have ended before any is dropped.
        most: Branches in all.
    """

    start: int = 6
    quorum: int = 24
    widen: int = 6
    abreast: int = 12
    confidence: float = 0.9
    late: float = 0.75
    patience: int = 6
    warm_up: int = 3
    most: int = 64

    def __post_init__(self) -> None:
        at_least("Race(start)", self.start, 1)
        at_least("Race(most)", self.most, self.start)
        share("Race(confidence)", self.confidence)

    def control(self, branches: Sequence[Branch]) -> Moves:
        """Advance all until the votes of those that have ended decide."""
        ended: dict[int, None] = {}
        astray: dict[int, int] = {}
        yield Move(open=self.start)
        while True:
            new = [place for place, branch in enumerate(branches) if branch.final and place not in ended]
            ended.update(dict.fromkeys(new))
            winner, first, second = first_two(branches[place].latest for place in ended)
            votes = sum(branches[place].latest is not None for place in ended)
            if votes >= self.quorum or (votes >= 2 and beta_lead(first, second) > self.confidence):
                break
            if winner is not None and len(ended) >= self.warm_up:
                self._watch(branches, ended, astray, winner)
            active = [
                place
                for place, branch in enumerate(branches)
                if not branch.over and astray.get(place, 0) <= self.patience
            ]
            wider = max(0, min(self.widen * len(new), self.abreast - len(active), self.most - len(branches)))
            if not active and not wider:
                break
            yield Move([(place, 1) for place in active], open=wider)
        return _quickest(branches, ended) if ended else leader(branch.latest for branch in branches)

    def _watch(self, branches: Sequence[Branch], ended: Collection[int], astray: dict[int, int], winner: str) -> None:
        """Count how long each late branch has been astray; more than `patience` is for good."""
        late = self.late * sum(branches[place].spent for place in ended) / len(ended)
        for place, branch in enumerate(branches):
            if not branch.over and branch.spent > late and astray.get(place, 0) <= self.patience:
                astray[place] = 0 if branch.latest == winner else astray.get(place, 0) + 1


def _quickest(branches: Sequence[Branch], ended: Iterable[int]) -> str | None:
    """Return the winner of the vote weighted by 1 / tokens; in a tie, who ended first."""
    weights: dict[str, float] = {}
    for place in ended:
        answer = branches[place].latest
        if answer is not None:
            weights[answer] = weights.get(answer, 0.0) + 1 / max(1, branches[place].spent)
    return max(weights, key=weights.__getitem__, default=None)
