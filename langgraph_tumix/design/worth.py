"""What a candidate is worth beside a roster, with intervals; and whether that is enough to admit it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Literal

from langgraph_tumix.core.statistics import Interval, bootstrap, minimum_detectable_effect, wilson
from langgraph_tumix.design.screen import Rejection
from langgraph_tumix.design.sheet import Sheet

LEAST_LABELLED = 10
"""Questions with a right answer below which nothing is admitted for its gain: the interval would promise too much."""


@dataclass(frozen=True)
class Worth:
    """A candidate's worth on questions that its proposer has not seen.

    Attributes:
        basis: ``gold``: measured against right answers; ``agreement``: none were known, so these figures say how the
            candidate relates to the roster and nothing about who is right.
        questions: How many it rests on.
        answered: Share of them that it answered.
        accuracy: Its own, with Wilson's interval.
        against: Its accuracy less the mean of the roster's members.
        coverage: What it adds to the share of questions that anyone has right.
        vote: What it adds to the accuracy of the majority vote.
        detectable: The least gain in accuracy that so many questions would show, four times in five.
        agreement: Share of questions on which it says what the roster's majority says.
        diversity: Mean share of the contested questions on which it differs from a member.
    """

    basis: Literal["gold", "agreement"]
    questions: int
    answered: float
    agreement: float
    diversity: float
    accuracy: Interval | None = None
    against: Interval | None = None
    coverage: Interval | None = None
    vote: Interval | None = None
    detectable: float | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-safe data, rounded, without what was not measured."""
        return {key: _rounded(value) for key, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """Return it in a line."""
        if self.accuracy is None or self.coverage is None or self.vote is None:
            return (
                f"no right answers known: agrees with the majority on {self.agreement:.0%} of {self.questions} "
                f"questions, differs from members on {self.diversity:.0%}"
            )
        return (
            f"accuracy {_share(self.accuracy)}, coverage {_gain(self.coverage)}, vote {_gain(self.vote)} "
            f"on {self.questions} questions; detectable: {self.detectable:.0%}"
        )


def worth(sheet: Sheet, candidate: str, roster: Sequence[str], beside: Sequence[str], *, confidence: float) -> Worth:
    """Return the worth of a candidate.

    Args:
        sheet: Answers of all concerned.
        candidate: Whose worth.
        roster: The agents in force, whose mean accuracy it is held against.
        beside: Those to whom it would be added: the roster, and whoever was admitted before.
        confidence: Of the intervals.
    """
    labelled = sheet.labelled
    rows = labelled if labelled.keys else sheet
    column = rows.agents.index(candidate)
    answered = sum(keys[column] is not None for keys in rows.keys) / max(1, len(rows.keys))
    alike = [rows.alike(candidate, member, [*beside, candidate]) for member in beside]
    diversity = fmean(1 - same / total if total else 0.0 for same, total in alike)
    agreement, questions = rows.agreeing(candidate, beside), len(rows.keys)
    if not labelled.keys:
        return Worth("agreement", questions, answered, agreement, diversity)
    own, with_it = labelled.right(candidate), [*beside, candidate]
    mean = [fmean(rights) for rights in zip(*(labelled.right(member) for member in roster), strict=True)]
    vote = _difference(labelled.voted(with_it), labelled.voted(beside))
    return Worth(
        "gold",
        questions,
        answered,
        agreement,
        diversity,
        accuracy=wilson(sum(own), questions, confidence=confidence),
        against=bootstrap(_difference(own, mean), confidence=confidence),
        coverage=bootstrap(_difference(labelled.covered(with_it), labelled.covered(beside)), confidence=confidence),
        vote=bootstrap(vote, confidence=confidence),
        detectable=detectable(vote, confidence=confidence),
    )


def detectable(differences: Sequence[float], *, confidence: float) -> float:
    """Return the least gain that so many questions would show; at least one in ten of them is taken to be discordant.

    Few questions may show no discord at all by chance, which would promise that the smallest gain is visible.
    """
    discordant = max(0.1, sum(difference != 0 for difference in differences) / max(1, len(differences)))
    return minimum_detectable_effect(len(differences), discordant=discordant, confidence=confidence)


def refused(found: Worth, lowest_agreement: float) -> Rejection | None:
    """Return why a candidate of this worth is not admitted, None if it is.

    With right answers: it must gain votes beyond doubt, or coverage beyond doubt without a loss of votes, and must not
    be less accurate than the roster's mean beyond doubt. Without: it must not agree less with the majority than every
    member does.

    Args:
        found: Its worth.
        lowest_agreement: The agreement of the roster's least agreeing member with the majority.
    """
    if found.accuracy is None or found.against is None or found.coverage is None or found.vote is None:
        if found.questions == 0:
            return Rejection("budget", "no question was tried with all agents: budget or time did not suffice")
        if found.agreement < lowest_agreement:
            return Rejection("worse", f"{found}; the least agreeing member: {lowest_agreement:.0%}")
        return None
    if found.against.verdict == "worse":
        return Rejection("worse", f"less accurate than the roster's mean ({_gain(found.against)}): {found}")
    if found.vote.verdict == "worse":
        return Rejection("worse", f"the majority loses by it: {found}")
    if found.questions < LEAST_LABELLED:
        return Rejection("no_gain", f"{found.questions} questions are too few to show a gain: {found}")
    covers_more = found.coverage.verdict == "better" and found.vote.value >= 0
    if not covers_more and found.vote.verdict != "better":
        return Rejection("no_gain", f"no gain that can be told from chance: {found}")
    return None


def _difference(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(first, second, strict=True)]


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _share(interval: Interval) -> str:
    return f"{interval.value:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def _gain(interval: Interval) -> str:
    return f"{interval.value:+.1%} [{interval.low:+.1%}, {interval.high:+.1%}]"
