"""A Swiss tournament of pairwise comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.aggregating.calls import ModelChoice
from langgraph_tumix.core.requests import Request
from langgraph_tumix.core.view import View


@dataclass
class _Standing:
    wins: float = 0.0
    weight: float = 0.0
    opponents: set[str] = field(default_factory=set)

    @property
    def mean(self) -> float:
        return self.wins / self.weight if self.weight else 0.5


@dataclass(frozen=True)
class Swiss(ModelChoice):
    """V1's pairwise tournament (arXiv 2603.04304), for answers that cannot be counted: texts, proofs, programs.

    A call rates two notes from 1 to 10. The winner takes w = max(|a - b| / 9, 0.1), in a draw both take w / 2; a note's
    score is wins / weight. Until each note has met two others, it meets the nearest in score that it has not met; then
    neighbours in the ranking meet, within `window`, unseen pairs first. `budget` comparisons for each note in all.

    Pairs of a stage do not share a note, so a stage is one wave of calls.
    """

    budget: int = 3
    window: int = 8

    def requests(self, view: View) -> Sequence[Request]:
        """Return the pairs of the next stage."""
        notes = [note["id"] for note in self.answered(view)]
        standing = self._standings(view, notes)
        held = sum(len(one.opponents) for one in standing.values()) // 2
        left = self.budget * len(notes) - held
        if len(notes) < 2 or left <= 0:
            return ()
        return [Request("compare", pair) for pair in self._pairs(standing)[:left]]

    def chosen(self, view: View) -> str | None:
        """Return the answer of the note with the best score."""
        notes = self.answered(view)
        if not notes:
            return None
        standing = self._standings(view, [note["id"] for note in notes])
        return max(notes, key=lambda note: standing[note["id"]].mean)["answer"]

    def _standings(self, view: View, notes: Sequence[str]) -> dict[str, _Standing]:
        standing = {note: _Standing() for note in notes}
        for first in notes:
            for second in notes:
                reply = view.replies.get(Request("compare", (first, second)).id)
                if reply is None:
                    continue
                a, b = (*reply.numbers, 5.0, 5.0)[:2] if len(reply.numbers) == 2 else (5.0, 5.0)
                weight = max(abs(a - b) / 9, 0.1)
                share = 0.5 if a == b else float(a > b)
                for note, other, won in ((first, second, share), (second, first, 1 - share)):
                    standing[note].wins += weight * won
                    standing[note].weight += weight
                    standing[note].opponents.add(other)
        return standing

    def _pairs(self, standing: dict[str, _Standing]) -> list[tuple[str, str]]:
        """Pair the free notes, those with fewest opponents first, then by rank, with the nearest they have not met."""
        ranked = sorted(standing, key=lambda note: -standing[note].mean)
        place = {note: number for number, note in enumerate(ranked)}
        free = set(ranked)
        pairs = []
        for note in sorted(ranked, key=lambda note: (min(2, len(standing[note].opponents)), place[note])):
            if note not in free:
                continue
            reach = len(ranked) if len(standing[note].opponents) < 2 else self.window
            rivals = [
                other for other in free - {note} - standing[note].opponents if abs(place[other] - place[note]) <= reach
            ]
            if rivals:
                rival = min(rivals, key=lambda other: (abs(standing[other].mean - standing[note].mean), place[other]))
                free -= {note, rival}
                pairs.append((note, rival))
        return pairs
