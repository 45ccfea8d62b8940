"""Aggregators that ask a model to choose, to compare or to write the answer anew."""

import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from langgraph_tumix.core.aggregate import Aggregator, Choice, Majority
from langgraph_tumix.core.aggregating.weights import mean_score, voters
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.requests import Request
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import tally


@dataclass(frozen=True)
class ModelChoice(Aggregator):
    """Base of the aggregators that make one or several calls. Where these fail, the majority stands in."""

    over: Literal["round", "independent"] = field(default="round", kw_only=True)

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        """Return the answer that the calls led to, else the majority's."""
        answer = self.chosen(view)
        if answer is None:
            return Majority(self.over).choose(view, groups, seed)
        round_, notes = voters(view, self.over)
        votes = tally(notes, groups, view.keys)
        key = view.keys([answer, *(ballot.answer for ballot in votes.ballots)])[0] or ""
        behind = sum(ballot.key == key for ballot in votes.ballots)
        return Choice(answer, behind / max(1, len(notes)), False, round_, votes)

    @abstractmethod
    def chosen(self, view: View) -> str | None:
        """Return the answer, None if no reply holds one."""

    def answered(self, view: View) -> list[Note]:
        """Return the notes with an answer."""
        return [note for note in voters(view, self.over)[1] if note["status"] == "ok" and note["answer"]]

    def missing(self, view: View, wanted: Sequence[Request]) -> Sequence[Request]:
        """Return the requests without a reply."""
        return [request for request in wanted if request.id not in view.replies]


@dataclass(frozen=True)
class Select(ModelChoice):
    """Universal self-consistency (arXiv 2311.17311): one call sees all answers and picks the most consistent one.

    Works on free text. The order in which notes are shown biases the choice; it is drawn from `seed`.
    """

    seed: int = 0

    def requests(self, view: View) -> Sequence[Request]:
        """Ask once, unless there is nothing to choose between."""
        return self.missing(view, [self._request(view)]) if len(view.votes().counts) > 1 else ()

    def chosen(self, view: View) -> str | None:
        """Return the answer of the note that was picked."""
        request = self._request(view)
        reply = view.replies.get(request.id)
        place = int(reply.numbers[0]) - 1 if reply and reply.numbers else -1
        if not 0 <= place < len(request.notes):
            return None
        return next(note["answer"] for note in view.notes if note["id"] == request.notes[place])

    def _request(self, view: View) -> Request:
        shown = [note["id"] for note in self.answered(view)]
        random.Random(f"{self.seed}/{view.round}").shuffle(shown)
        return Request("select", tuple(shown))


@dataclass(frozen=True)
class Synthesise(ModelChoice):
    """GSA (arXiv 2503.04104): one call reads the answers and writes a better one.

    TUMIX's rounds after the first are that, done by every agent.
    """

    def requests(self, view: View) -> Sequence[Request]:
        """Ask once, if there is anything to read."""
        return self.missing(view, [self._request(view)]) if self.answered(view) else ()

    def chosen(self, view: View) -> str | None:
        """Return the new answer."""
        reply = view.replies.get(self._request(view).id)
        return reply.answer if reply else None

    def _request(self, view: View) -> Request:
        return Request("synthesise", tuple(note["id"] for note in self.answered(view)))


@dataclass(frozen=True)
class Committee(ModelChoice):
    """DEI: `judges` independent scores for one note of each different answer; the best mean wins.

    Like `Scored` with one difference that matters: votes do not count, so a minority's answer can win.
    """

    judges: int = 3

    def requests(self, view: View) -> Sequence[Request]:
        """Ask each judge about each different answer."""
        notes = self._candidates(view)
        wanted = [Request("score", (note["id"],), judge) for note in notes for judge in range(self.judges)]
        return self.missing(view, wanted) if len(notes) > 1 else ()

    def chosen(self, view: View) -> str | None:
        """Return the answer with the best mean score."""
        notes = self._candidates(view)
        if len(notes) < 2:
            return notes[0]["answer"] if notes else None
        return max(notes, key=lambda note: mean_score(view, "score", note["id"], self.judges))["answer"]

    def _candidates(self, view: View) -> list[Note]:
        votes = tally(self.answered(view), keys=view.keys)
        first = {ballot.key: ballot.note for ballot in reversed(votes.ballots)}
        return [note for note in self.answered(view) if note["id"] in first.values()]
