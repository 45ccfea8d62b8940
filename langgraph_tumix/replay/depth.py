"""Replaying a controller on samples whose answers were probed while they were thinking."""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.control import Branch, Controller
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.recording import Run


@dataclass(frozen=True, slots=True)
class Chain:
    """One sample as a controller may come to see it: probed answers, then its own, and its length in tokens."""

    probes: tuple[str | None, ...]
    answer: str | None
    tokens: int
    every: int

    def step(self, branch: Branch) -> int:
        """Take the branch one step further and return what that cost.

        A step costs the distance of the probes. The step that ends the sample costs what is then left of its recorded
        length, and so settles probes that are missing in the recording, as AutoTTS does.
        """
        depth = len(branch.answers)
        if depth < len(self.probes):
            branch.answers.append(self.probes[depth])
            cost = self.every
        else:
            branch.answers.append(self.answer)
            branch.final = branch.over = True
            cost = max(0, self.tokens - branch.spent)
        branch.spent += cost
        return cost


@dataclass(frozen=True, slots=True)
class Steered:
    """What a controller did: the key of its answer, all tokens, those of the longest branch of each wave, its waves."""

    answer: str | None
    tokens: int
    latency: int
    waves: int
    opened: int


def chains(run: Run) -> list[Chain]:
    """Return the samples of a run.

    Raises:
        RecordingError: There are none whose probes and tokens were recorded.
    """
    found = [(note, run.probes[note["id"]]) for note in run.notes if note["id"] in run.probes]
    forms = list(dict.fromkeys(form for note, probes in found for form in (note["answer"] or "", *probes.answers)))
    key = dict(zip(forms, run.keys(forms), strict=True))
    samples = [
        Chain(
            tuple(key[form] for form in probes.answers), key[note["answer"] or ""], tokens(note["usage"]), probes.every
        )
        for note, probes in found
    ]
    if not samples or not run.metered:
        raise RecordingError(f"question {run.question}: controllers need samples with probes and tokens")
    return samples


def steer(controller: Controller, samples: Sequence[Chain], order: Sequence[int]) -> Steered:
    """Run a controller on one question; branch i is sample ``order[i]``."""
    branches: list[Branch] = []
    moves = controller.control(branches)
    spent = latency = waves = 0
    try:
        while True:
            move = next(moves)
            new = range(len(branches), min(len(branches) + move.open, len(order)))
            branches += [Branch() for _ in new]
            steps = [*move.advance, *((place, 1) for place in new)]
            longest = 0
            for place, count in steps:
                branch, chain, cost = branches[place], samples[order[place]], 0
                for _ in range(count):
                    if branch.over:
                        break
                    cost += chain.step(branch)
                spent += cost
                longest = max(longest, cost)
            latency += longest
            waves += bool(steps)
    except StopIteration as end:
        return Steered(end.value, spent, latency, waves, len(branches))
