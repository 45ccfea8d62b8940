"""A model as proposer: it reads what came of earlier trials, and answers with points of the search space, as data."""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from langgraph_tumix.replay.search import Trial
from langgraph_tumix.replay.space import Family, Options

LAST = 40
"""Trials that are shown: the latest."""


class Proposer:
    """Proposes points as AgentTTS does (arXiv 2508.00890): from all trials, and from notes that it keeps for itself.

    It sees figures, never a question nor its right answer, and what it replies is read as data: a point that is not of
    the space is dropped and counted. Optuna proposes the other half of each batch, so a bad proposer costs half of the
    trials and no more. Its calls are the caller's: count and cap them there.

    Args:
        ask: Sends a text to a model and returns the reply, such as ``lambda text: model.invoke(text).text``.
        unit: What costs are in, for the prompt.
        budget: What a question may cost, for the prompt.

    Attributes:
        notes: What the model has noted, call by call.

    >>> Proposer(lambda text: '{"note": "less", "points": [{"family": "CMC", "beta": 0.1}]}')([], [], 1)
    [{'family': 'CMC', 'beta': 0.1}]
    """

    def __init__(self, ask: Callable[[str], str], *, unit: str = "tokens", budget: float | None = None) -> None:
        self.ask, self.unit, self.budget = ask, unit, budget
        self.notes: list[str] = []

    def __call__(self, families: Sequence[Family], trials: Sequence[Trial], number: int) -> list[Mapping[str, Any]]:
        """Ask for points; a reply that cannot be read is none."""
        if number < 1:
            return []
        reply = self.ask(self._prompt(families, trials, number))
        try:
            told = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])
        except ValueError:
            return []
        if isinstance(note := told.get("note"), str):
            self.notes.append(note)
        points = told.get("points")
        return [point for point in points if isinstance(point, dict)] if isinstance(points, list) else []

    def _prompt(self, families: Sequence[Family], trials: Sequence[Trial], number: int) -> str:
        text = files("langgraph_tumix.replay").joinpath("prompts/propose.md").read_text("utf-8")
        return Template(text).substitute(
            number=number,
            space="\n".join(f"- {family.name}: {json.dumps(_knobs(family))}" for family in families),
            unit=self.unit,
            cap="" if self.budget is None else f", which may not exceed {self.budget:g}",
            trials="\n".join(_line(trial) for trial in trials[-LAST:]),
            notes="\n".join(f"- {note}" for note in [*self.notes[:1], *self.notes[1:][-2:]]) or "(nothing yet)",
        )


def _knobs(family: Family) -> dict[str, Any]:
    return {
        name: list(knob.labels) if isinstance(knob, Options) else {"from": knob.ends[0], "to": knob.ends[1]}
        for name, knob in family.knobs.items()
    }


def _line(trial: Trial) -> str:
    outcome = trial.outcome
    point = json.dumps({"family": trial.family, **trial.point})
    if outcome.validity == "invalid":
        return f"- {point}: invalid, {outcome.why}"
    return f"- {point}: {100 * outcome.accuracy:.1f} %, {outcome.cost:.6g}"
