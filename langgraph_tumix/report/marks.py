"""Which answers of a question's agents are right, and what the vote would be worth after each round."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from langgraph_tumix.core.aggregate import Choice, Majority
from langgraph_tumix.core.keys import answer_key, group_keys
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.view import View
from langgraph_tumix.core.votes import Tally
from langgraph_tumix.report.run import Gold, Result, Run


@dataclass(frozen=True)
class Marked:
    """A result whose agents' answers could be told right from wrong.

    Attributes:
        result: The result.
        right: Whether each answer is right, as written but for space around it.
        notes: The agents' notes.
        rounds: How many rounds there were.
    """

    result: Result
    right: Mapping[str, bool]
    notes: list[Note]
    rounds: int

    def is_right(self, note: Note) -> bool | None:
        """Whether a note is right; None if its agent was kept from answering."""
        if note["status"] in ("failed", "timed_out", "cancelled"):
            return None
        return self.right.get((note["answer"] or "").strip(), False)

    def vote(self, round_: int) -> Choice | None:
        """Return the majority's choice had `round_` been the last; a run that ended before keeps its own."""
        last = min(round_, self.rounds)
        return Majority().choose(View([note for note in self.notes if note["round"] <= last], last), [], 0)

    def value(self, votes: Tally, without: Collection[str] = ()) -> float:
        """Return the chance that the votes are right, 0 to 1: in a tie each leader is as likely.

        Args:
            votes: The votes.
            without: Ids of notes whose votes are not counted.
        """
        counts = Counter(ballot.key for ballot in votes.ballots if ballot.note not in without)
        most = max(counts.values(), default=0)
        leaders = [self.right.get(votes.answer(key), False) for key, count in counts.items() if count == most]
        return fmean(leaders) if leaders else 0.0

    def value_after(self, round_: int) -> float:
        """Return the chance that the vote is right had `round_` been the last."""
        choice = self.vote(round_)
        return self.value(choice.tally) if choice else 0.0


def marked(run: Run, results: Iterable[Result]) -> Iterator[Marked]:
    """Yield the results that are scored, hold notes, and whose right answer can be compared with the agents'."""
    for result in results:
        right = marks(result, run.gold.get(result["task"]))
        if right is not None and result["score"]["correct"] is not None and (notes := result.get("notes")):
            yield Marked(result, right, notes, max(note["round"] for note in notes))


def marks(result: Result, gold: Gold | None) -> dict[str, bool] | None:
    """Return whether each answer that somebody gave is right; None if only tests, or nobody, could tell.

    Keys decide, as in the score. What has the key of the final answer is right when that was found right, so what a
    grading model accepted counts for the agents too.
    """
    known = gold.get("answer") if gold else None
    if gold is None or known is None or gold.get("tests"):
        return None
    final, correct = result["outcome"]["answer"], result["score"]["correct"]
    final_key = answer_key(final) if final is not None else None
    given = {note["answer"].strip() for note in result.get("notes", []) if note["answer"]} | (
        {final} if final else set()
    )
    found = {}
    for answer in given:
        right, key = group_keys([known, answer])
        found[answer] = bool(correct) if key == final_key and correct is not None else right == key
    return found


def per_question(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Average the repeats of each question: they say nothing about other questions.

    >>> per_question([("a", 1), ("a", 0), ("b", 1)])
    {'a': 0.5, 'b': 1.0}
    """
    repeats = defaultdict(list)
    for task, value in values:
        repeats[task].append(value)
    return {task: fmean(each) for task, each in repeats.items()}
