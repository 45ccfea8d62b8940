"""Votes: one for each agent and sample, counted by the key of the answer."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from langgraph_tumix.core.keys import group_keys
from langgraph_tumix.core.notes import Note

Keys = Callable[[Sequence[str]], Sequence[str | None]]
"""Gives the key of each answer of a question; None where nothing is answered."""


def verbatim(answers: Sequence[str]) -> list[str | None]:
    """Return each answer as its own key: for answers that somebody has normalised before.

    >>> verbatim(["1/2", "0.5", ""])
    ['1/2', '0.5', None]
    """
    return [answer or None for answer in answers]


@dataclass(frozen=True)
class Ballot:
    """One vote: the note that cast it, the answer as written, and its key."""

    note: str
    answer: str
    key: str


@dataclass(frozen=True)
class Tally:
    """Counted votes.

    Attributes:
        ballots: The valid votes. Notes that failed, abstained or hold no answer cast none.
        counts: Votes per key, most first, keys of equal count in alphabetical order.
    """

    ballots: tuple[Ballot, ...]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of valid votes."""
        return len(self.ballots)

    @property
    def agreement(self) -> float:
        """The share of the votes that the leading answer has, 0 to 1; 0 without votes."""
        return max(self.counts.values(), default=0) / self.total if self.total else 0.0

    @property
    def margin(self) -> float:
        """The lead of the first over the second answer as a share of the votes, 0 to 1."""
        ranked = [*self.counts.values(), 0, 0]
        return (ranked[0] - ranked[1]) / self.total if self.total else 0.0

    @property
    def entropy(self) -> float:
        """Shannon entropy of the answers in bits: 0 if all agree, log2(n) if all n votes differ."""
        shares = [count / self.total for count in self.counts.values()]
        return -sum(share * math.log2(share) for share in shares) + 0.0

    @property
    def leaders(self) -> tuple[str, ...]:
        """The keys with the most votes: one, or several in a tie, or none without votes."""
        most = max(self.counts.values(), default=0)
        return tuple(key for key, count in self.counts.items() if count == most)

    @property
    def first_leader(self) -> str | None:
        """The leading key; of several in a tie, the one that was voted for first; None without votes."""
        leaders = set(self.leaders)
        return next((ballot.key for ballot in self.ballots if ballot.key in leaders), None)

    def answer(self, key: str) -> str:
        """Return how the answer `key` is written by most of its voters; the shorter form in a tie."""
        forms = Counter(ballot.answer.strip() for ballot in self.ballots if ballot.key == key)
        return min(forms, key=lambda form: (-forms[form], len(form), form))

    def winner(self, seed: int) -> str | None:
        """Return the leading key, or None without votes.

        A tie is broken by a draw that `seed` and the tied keys fix, so neither the order of the agents nor that
        in which they finished can favour one.
        """
        tied = sorted(self.leaders)
        return random.Random(f"{seed}/{tied}").choice(tied) if tied else None


def tally(notes: Iterable[Note], groups: Sequence[Sequence[str]] = (), keys: Keys = group_keys) -> Tally:
    """Count the votes of `notes`.

    Args:
        notes: Notes of one round.
        groups: Sets of keys to count as one, as a grouping call found them; each set takes the key among its
            members that has most votes.
        keys: What makes two answers one.

    >>> from langgraph_tumix.testing import note
    >>> tally([note("A", "1/2"), note("B", "0.5"), note("C", "2"), note("D", None)]).counts
    {'number:1/2': 2, 'number:2': 1}
    """
    voters = {
        (note["agent"], note["sample"]): note for note in notes if note["status"] == "ok" and note["answer"]
    }.values()
    answers = [note["answer"] or "" for note in voters]
    keyed = keys(answers)
    count = Counter(key for key in keyed if key)
    canonical = {key: min(group, key=lambda member: (-count[member], member)) for group in groups for key in group}
    ballots = tuple(
        Ballot(note["id"], answer, canonical.get(key, key))
        for note, answer, key in zip(voters, answers, keyed, strict=True)
        if key
    )
    merged = Counter(ballot.key for ballot in ballots)
    return Tally(ballots, dict(sorted(merged.items(), key=lambda item: (-item[1], item[0]))))
