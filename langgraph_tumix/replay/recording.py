"""The recording: what happened to each question, and where its gold answers are kept apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.keys import group_keys
from langgraph_tumix.core.notes import Note, Status, note_id
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.core.votes import Keys
from langgraph_tumix.errors import RecordingError


@dataclass(frozen=True, slots=True)
class Probes:
    """The answers that were forced out of a sample while it was thinking.

    Attributes:
        every: Tokens between two probes.
        answers: One for each probe, in order; the sample's own answer comes after the last.
    """

    every: int
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge said at the end of a round, and what asking it cost."""

    stop: bool
    usage: Usage


@dataclass(frozen=True)
class Run:
    """What happened to one question, once.

    Attributes:
        question: Its id, unique with `group` and `repeat`.
        group: What belongs together: a data set and a model, say. Figures are averaged within groups first.
        repeat: Which of several independent runs of the question this is.
        text: The question itself, as far as it was recorded.
        roster: The agents, in their order.
        notes: All notes, whole, each with what it saw, cost and when it was done.
        verdicts: By round.
        replies: What scorers and comparisons said, by request.
        probes: By note.
        keys: What makes two answers one.
        metered: Whether the tokens are known; what is not known is reported as unknown, never as 0.
    """

    question: str
    group: str = ""
    repeat: int = 0
    text: str = ""
    roster: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    probes: Mapping[str, Probes] = field(default_factory=dict)
    keys: Keys = group_keys
    metered: bool = True

    @property
    def id(self) -> tuple[str, str, int]:
        """Group, question and repeat."""
        return self.group, self.question, self.repeat


@dataclass(frozen=True)
class Recording:
    """Runs, and what was left out when they were read.

    Attributes:
        runs: In the order of the file.
        source: Where they come from.
        left_out: How many rows were left out, by the reason.
    """

    runs: tuple[Run, ...]
    source: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, in order."""
        return tuple(dict.fromkeys(run.group for run in self.runs))

    def where(self, keep: Callable[[Run], bool]) -> "Recording":
        """Return the recording of the runs that are kept.

        Raises:
            RecordingError: None is.
        """
        runs = tuple(run for run in self.runs if keep(run))
        if not runs:
            raise RecordingError(f"{self.source or 'the recording'}: no run is left; loosen the condition")
        return Recording(runs, self.source, self.left_out)


Answers = Mapping[tuple[str, str], frozenset[str]]
"""The right answers by group and question, each in all the forms that count."""


class Gold:
    """The right answers, out of reach: they are read when a replay is scored, after the last strategy has run.

    Until then they are not in memory. A program that is out to cheat could still open the file: run code that you do
    not trust in a process that cannot.

    Args:
        load: Reads them.

    >>> gold = Gold(lambda: {("", "q1"): frozenset({"42"})})
    """

    def __init__(self, load: Callable[[], Answers]) -> None:
        self._load = load

    def read(self) -> Answers:
        """Return the right answers."""
        return self._load()


def sample_note(
    agent: str,
    sample: int,
    answer: str | None,
    *,
    round_: int = 1,
    tokens: int | None = None,
    saw: Sequence[str] = (),
    calls: int = 1,
) -> Note:
    """Return the note of a sample of which little more than the answer is known.

    Its time is counted in tokens, as if each took a second, so that who thinks less finishes first.
    """
    status: Status = "abstained" if answer is None else "ok"
    length = float(tokens or 0)
    return Note(
        id=note_id(round_, agent, sample),
        agent=agent,
        round=round_,
        sample=sample,
        status=status,
        cause="" if status == "ok" else "no_answer",
        reason="",
        answer=answer,
        text="",
        evidence=[],
        saw=list(saw),
        model=agent,
        usage=used(model_calls=calls, output_tokens=tokens or 0, unmetered_calls=int(tokens is None), usd=None),
        seconds=length,
        finished=length,
    )
