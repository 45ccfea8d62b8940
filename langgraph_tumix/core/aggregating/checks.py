"""Aggregators that put what tools have checked before what was only said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from langgraph_tumix.core.aggregate import Aggregator, Choice, Majority
from langgraph_tumix.core.aggregating.weights import Weighted, mean_score, voters, weighed
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.requests import Request
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import tally


@dataclass(frozen=True)
class VerifiedFirst(Weighted):
    """Answers that a tool has confirmed go before all others; among equals the votes count.

    A note counts as checked if one of its programs ran to its end, or a search brought sources: `checks` names which
    kinds of evidence confirm. It assumes that the tool speaks to the answer, which for arithmetic it mostly does.
    """

    checks: tuple[str, ...] = ("code", "tool")

    def weights(self, view: View, voters: Sequence[Note]) -> Mapping[str, float]:
        """Return a weight with which one checked vote outweighs all unchecked ones."""
        many = float(len(voters) + 1)
        return {note["id"]: many if self._checked(note) else 1.0 for note in voters}

    def _checked(self, note: Note) -> bool:
        return any(step["ok"] and step["kind"] in self.checks for step in note["evidence"])


@dataclass(frozen=True)
class TestFunnel(Aggregator):
    """Code answers through a funnel of tests: R2E-Gym's hybrid verifier and CodeMonkeys' vote by tests.

    1. Keep the better half by a judge's score, at least three (R2E-Gym; one call each).
    2. Among them keep those that pass most regression tests, then those that pass most generated tests.
    3. Of what is left take the best judge's score, then the shortest (CodeMonkeys: fewest characters).

    The tests are run by whoever has a sandbox; `passed` holds how many of each kind every note's program passed.

    Attributes:
        passed: By note id: regression tests and generated tests passed.
        judged: Whether the judge is asked at all; without it all candidates enter stage 2, as in CodeMonkeys.
    """

    __test__ = False  # the name would make pytest collect it

    passed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    judged: bool = True
    over: Literal["round", "independent"] = "round"

    def requests(self, view: View) -> Sequence[Request]:
        """Ask for the judge's scores."""
        wanted = [Request("score", (note["id"],)) for note in self._candidates(view)] if self.judged else []
        return [request for request in wanted if request.id not in view.replies]

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Let the candidates through the funnel."""
        notes = self._candidates(view)
        if not notes:
            return None
        score = {note["id"]: mean_score(view, "score", note["id"], 1) if self.judged else 0.0 for note in notes}
        if self.judged:
            notes = sorted(notes, key=lambda note: -score[note["id"]])[: max(3, len(notes) // 2)]
        for kind in (0, 1):
            best = max(self._passed(note)[kind] for note in notes)
            notes = [note for note in notes if self._passed(note)[kind] == best]
        winner = max(notes, key=lambda note: (score[note["id"]], -len(note["answer"] or "")))
        round_, everyone = voters(view, self.over)
        votes = tally(everyone, groups, view.keys)
        return Choice(winner["answer"] or "", 1 / len(notes), len(notes) > 1, round_, votes)

    def _candidates(self, view: View) -> list[Note]:
        return [note for note in voters(view, self.over)[1] if note["status"] == "ok" and note["answer"]]

    def _passed(self, note: Note) -> tuple[int, int]:
        return self.passed.get(note["id"], (0, 0))


@dataclass(frozen=True)
class PerplexityConsistency(Aggregator):
    """RPC (arXiv 2502.00511): the sum of the probabilities of an answer's different samples.

    An answer scores Σ p over its samples, equal samples counted once. The source first drops samples that a mixture of
    two Weibull distributions puts into the improbable part and that lie below the mean; here the improbable part is
    what lies below the widest gap between sorted log-probabilities under the mean, which needs no fit. Where
    log-probabilities are missing, the majority decides.

    Attributes:
        logprob: By note id: the mean log-probability of the sample's tokens.
    """

    logprob: Mapping[str, float] = field(default_factory=dict)
    over: Literal["round", "independent"] = "independent"

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Sum the probabilities of the kept samples."""
        round_, notes = voters(view, self.over)
        votes = tally(notes, groups, view.keys)
        known = {ballot.note: self.logprob[ballot.note] for ballot in votes.ballots if ballot.note in self.logprob}
        if not known or len(known) < len(votes.ballots):
            return Majority(self.over).choose(view, groups, seed)
        bar = _gap(sorted(known.values()))
        kept = {note: 2.718281828459045**value for note, value in known.items() if value >= bar}
        text = {note["id"]: (note["text"] or note["id"], tokens(note["usage"])) for note in notes}
        once = {text[note]: note for note in reversed(kept)}
        return weighed(votes, {note: kept[note] for note in once.values()}, round_)


def _gap(values: Sequence[float]) -> float:
    """Return the value above the widest gap that lies under the mean; the least if there is none."""
    mean = sum(values) / len(values)
    gaps = [(after - before, after) for before, after in pairwise(values) if after <= mean]
    return max(gaps)[1] if gaps else values[0]
