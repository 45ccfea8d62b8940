"""An answer drawn at random: what selection is worth is what it gains over this."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.aggregate import Aggregator, Choice, voting_round
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import tally


@dataclass(frozen=True)
class RandomAnswer(Aggregator):
    """The answer of one agent of the round that decides, drawn by the seed: TUMIX-FixedR (arXiv 2510.01279, table 12).

    Each vote is as likely as any other, so an answer with more votes is drawn more often.
    """

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the drawn answer; the draw does not depend on the order in which agents finished."""
        round_, notes = voting_round(view)
        votes = tally(notes, groups, view.keys)
        if not votes.ballots:
            return None
        ballots = sorted(votes.ballots, key=lambda ballot: ballot.note)
        drawn = random.Random(f"{seed}/{[ballot.key for ballot in ballots]}").choice(ballots)
        return Choice(drawn.answer, votes.counts[drawn.key] / len(notes), False, round_, votes)
