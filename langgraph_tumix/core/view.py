"""What a strategy may look at: notes, money, time and replies, read-only, without the right answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.keys import group_keys
from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.core.votes import Keys, Tally, tally


@dataclass(frozen=True)
class View:
    """A question's notes at the end of a round, or of a wave of independent samples.

    Attributes:
        notes: All notes so far.
        round: The round that has just ended, from 1; 0 before the first.
        verdict: What the judge says of this round: True to stop, False to go on, None if it was not asked.
        roster: The agents that may be asked, in their order.
        budget: What the question may cost.
        spent: What it has cost so far, judges and scorers included.
        seconds: Wall time since the question arrived.
        replies: What the model calls that the strategy requested came back with, by the requests' ids.
        keys: What makes two answers one.
    """

    notes: Sequence[Note]
    round: int
    verdict: bool | None = None
    roster: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    spent: Usage = field(default_factory=used)
    seconds: float = 0.0
    replies: Mapping[str, Reply] = field(default_factory=dict)
    keys: Keys = group_keys

    def votes(self, round_: int | None = None) -> Tally:
        """Count the votes of a round; of the one that has just ended if none is named."""
        return tally(of_round(self.notes, self.round if round_ is None else round_), keys=self.keys)

    def independent(self) -> list[Note]:
        """Return the notes whose authors have read no other, in their order: who finished first never decides."""
        return [note for note in self.notes if not note["saw"]]

    def independent_votes(self) -> Tally:
        """Count the votes that do not depend on each other: one for each agent and sample that read no note."""
        return tally(self.independent(), keys=self.keys)
