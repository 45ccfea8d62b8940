"""Recordings for the tests, made here: small, seeded, with every kind of answer."""

import random
from collections.abc import Sequence

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.replay import Gold, Probes, Recording, Run, sample_note


def samples(
    answers: Sequence[str | None], *, question: str = "q", agent: str = "A", lengths: Sequence[int] | None = None
) -> Run:
    """Return a run of independent samples of one agent."""
    lengths = lengths or [1000 + 10 * place for place in range(len(answers))]
    notes = tuple(
        sample_note(agent, place, answer, tokens=length)
        for place, (answer, length) in enumerate(zip(answers, lengths, strict=True))
    )
    return Run(question, roster=(agent,), notes=notes, keys=verbatim)


def thinking(question: str, rng: random.Random, *, size: int = 24, right: float = 0.6, every: int = 100) -> Run:
    """Return a run of samples whose answers were probed while they thought: first noise, then what they end with."""
    answers = ["7" if rng.random() < right else rng.choice(["3", "4", "5"]) for _ in range(size)]
    lengths = [rng.randrange(300, 3000) for _ in answers]
    run = samples(answers, question=question, lengths=lengths)
    probes = {
        note["id"]: Probes(every, tuple(_thought(answer, length // every, rng)))
        for note, answer, length in zip(run.notes, answers, lengths, strict=True)
    }
    return Run(question, roster=run.roster, notes=run.notes, probes=probes, keys=verbatim)


def _thought(answer: str, steps: int, rng: random.Random) -> list[str]:
    settles = rng.randrange(steps + 1)
    return [answer if step >= settles else rng.choice(["No", "3", "4", "7"]) for step in range(steps)]


def debate(question: str, rng: random.Random, *, agents: int = 4, rounds: int = 3) -> Run:
    """Return a run in which all agents read all notes of the round before."""
    roster = tuple("ABCDEFGH"[:agents])
    notes: list[Note] = []
    shown: tuple[str, ...] = ()
    for round_ in range(1, rounds + 1):
        made = [
            sample_note(
                agent, 0, rng.choice(["7", "7", "3", None]), round_=round_, tokens=rng.randrange(100, 900), saw=shown
            )
            for agent in roster
        ]
        notes += made
        shown = tuple(note["id"] for note in made)
    return Run(question, roster=roster, notes=tuple(notes), keys=verbatim)


def recording(*runs: Run) -> Recording:
    """Return a recording of runs."""
    return Recording(tuple(runs), "a test's recording")


def gold(*runs: Run, answer: str = "7") -> Gold:
    """Return the gold of runs that all have the same right answer."""
    keys = [(run.group, run.question) for run in runs]
    return Gold(lambda: dict.fromkeys(keys, frozenset({answer})))
