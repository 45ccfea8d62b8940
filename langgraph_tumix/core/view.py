"""What a strategy may look at: the notes and the judge's verdict, read-only, without the right answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.votes import Tally, tally


@dataclass(frozen=True)
class View:
    """A question's notes at the end of a round.

    Attributes:
        notes: All notes so far.
        round: The round that has just ended, from 1.
        verdict: What the judge says of this round: True to stop, False to go on, None if it was not asked.
    """

    notes: Sequence[Note]
    round: int
    verdict: bool | None = None

    def votes(self, round_: int | None = None) -> Tally:
        """Count the votes of a round; of the one that has just ended if none is named."""
        return tally(of_round(self.notes, self.round if round_ is None else round_))
