"""What a search has found: the front, the best, and what that one attains on questions that it was not tuned on."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph_tumix.core.allocate import Everyone
from langgraph_tumix.core.allocating.rounds import OverRounds
from langgraph_tumix.core.control import Controller
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay.board import Board
from langgraph_tumix.replay.search import Trial
from langgraph_tumix.replay.spelling import known, spelled
from langgraph_tumix.replay.statistics import pareto

WORTH_KNOWING = 0.02
"""A difference in accuracy that somebody may care about: 2 points."""


@dataclass(frozen=True)
class Tuning:
    """The result of `tune`.

    Attributes:
        trials: All members of the space that were tried, in order.
        unit: What costs are in: ``usd``, ``tokens`` or ``calls``, for each question.
        budget: The cap that was given.
        tuned: The references on the questions that were tuned on.
        best: The trial that was chosen; None if none may be.
        held_out: The references and the best, called ``tuned``, on the other questions; None without a best.
        remarks: What else a reader must know.
    """

    trials: Sequence[Trial]
    unit: str
    budget: float | None
    tuned: Board
    best: Trial | None
    held_out: Board | None
    remarks: Sequence[str] = ()

    @property
    def front(self) -> list[Trial]:
        """The trials that no other beats in cost and accuracy at once, on the questions tuned on, cheapest first."""
        found: dict[tuple[float, float], Trial] = {}
        for trial in self.trials:
            if trial.outcome.validity != "invalid":
                found.setdefault((trial.outcome.accuracy, trial.outcome.cost), trial)
        usable = list(found.values())
        best = pareto([it.outcome.cost for it in usable], [it.outcome.accuracy for it in usable])
        front = [trial for trial, on in zip(usable, best, strict=True) if on]
        return sorted(front, key=lambda trial: trial.outcome.cost)

    @property
    def strategy(self) -> Strategy | None:
        """The strategy that was chosen."""
        return self.best.strategy if self.best else None

    @property
    def spelling(self) -> str:
        """The strategy that was chosen, as ``tumix replay --strategy`` takes it; empty without one."""
        return f"tuned = {spelled(self.best.strategy)}" if self.best else ""

    def verdicts(self) -> list[str]:
        """Say for each reference how the best compares with it on the held-out questions, and what could be seen."""
        if self.held_out is None:
            return []
        names = [row.strategy for row in self.held_out.rows if row.strategy != "tuned"]
        return [line for name in names for line in self._against(self.held_out, name)]

    def _against(self, board: Board, reference: str) -> list[str]:
        cost = board.difference("tuned", reference, self.unit)
        digits = 5 if self.unit == "usd" else 0 if self.unit == "tokens" else 2
        shown = [f"{value:+,.{digits}f}" for value in (cost.value, cost.low, cost.high)]
        lines = [f"{board.verdict('tuned', reference)}; {shown[0]} {self.unit} [{shown[1]}, {shown[2]}]"]
        seen, questions = board.detectable("tuned", reference)
        unclear = board.difference("tuned", reference).verdict == "not distinguishable"
        if unclear and seen > WORTH_KNOWING:
            needed = round(questions * (seen / WORTH_KNOWING) ** 2, -1)
            lines.append(
                f"  too few to decide: {questions} held-out questions show differences from {100 * seen:.1f} points "
                f"on; {100 * WORTH_KNOWING:.0f} points would take about {needed:,.0f}"
            )
        return lines

    def notes(self) -> list[str]:
        """Say what the figures may not be taken for, and what came to nothing."""
        told = list(self.remarks)
        bad = [trial for trial in self.trials if trial.outcome.validity == "invalid"]
        if bad:
            told.append(
                f"{len(bad)} of {len(self.trials)} trials are invalid and were not considered: {bad[0].outcome.why}"
            )
        if self.best is None:
            told.append(self._nothing(len(bad)))
        elif self.budget is None and self.best.outcome.accuracy < self.tuned.rows[0].accuracy.value:
            told.append(
                f"none is as accurate as {self.tuned.rows[0].strategy} where it was tuned: the closest is shown"
            )
        if self.best and self.best.outcome.validity == "approximate":
            told.append(f"the best is approximate: {self.best.outcome.why}")
        return told + (self.held_out.remarks() if self.held_out else [])

    def _nothing(self, bad: int) -> str:
        if bad == len(self.trials) or self.budget is None:
            return "nothing is chosen: no trial could be replayed"
        least = min(trial.outcome.cost for trial in self.trials)
        return f"nothing is chosen: no trial costs {self.budget:g} {self.unit} or less, the cheapest {least:g}"

    def python(self) -> str:
        """Return the Python that builds a graph with the best strategy; empty without one."""
        return as_python(self.best.strategy) if self.best else ""

    def json(self) -> str:
        """Return everything as JSON; what is not known is null."""
        whole = {
            "unit": self.unit,
            "budget": self.budget,
            "best": _told(self.best) if self.best else None,
            "strategy": self.spelling,
            "python": self.python(),
            "front": [_told(trial) for trial in self.front],
            "trials": [_told(trial) for trial in self.trials],
            "tuned_on": json.loads(self.tuned.json()),
            "held_out": json.loads(self.held_out.json()) if self.held_out else None,
            "verdicts": self.verdicts(),
            "remarks": self.notes(),
        }
        return json.dumps(whole, ensure_ascii=False, indent=2)


def _told(trial: Trial) -> dict[str, Any]:
    outcome = trial.outcome
    bad = outcome.validity == "invalid"
    return {
        "number": trial.number,
        "family": trial.family,
        "point": dict(trial.point),
        "strategy": spelled(trial.strategy),
        "accuracy": None if bad else outcome.accuracy,
        "cost": None if bad else outcome.cost,
        "validity": outcome.validity,
        "why": outcome.why,
    }


def as_python(strategy: Strategy) -> str:
    """Return the Python that builds a graph with a strategy.

    A controller steers hidden chains of thought in a replay, which chat models do not let one do; in a graph it steers
    agents over rounds, of which the replay says nothing. That is said in a comment.
    """
    how = strategy.allocate
    remark = ""
    if isinstance(how, Controller):
        remark = (
            "# replayed on hidden chains of thought; in a graph it steers agents over rounds, which is something else\n"
        )
        strategy = replace(strategy, allocate=OverRounds(how))
    plain = Strategy("")
    parts = {"allocate": strategy.allocate, "stop": strategy.stop, "aggregate": strategy.aggregate}
    told = {name: part for name, part in parts.items() if part != getattr(plain, name)}
    limits = "    min_rounds=1,\n    max_rounds=100,\n" if isinstance(strategy.allocate, Everyone) else ""
    arguments = "".join(f"    {name}={part!r},\n" for name, part in told.items()) + limits
    head = "\n".join(["from langgraph_tumix import create_tumix", *_imports(arguments)])
    return f'{remark}{head}\n\ngraph = create_tumix(\n    "offline",  # your model\n{arguments})\n'


def _imports(text: str) -> list[str]:
    """Return the import lines of the parts that a text names."""
    homes: dict[str, set[str]] = defaultdict(set)
    for name in re.findall(r"\b([A-Z]\w*)\(", text):
        if name in known():
            homes[known()[name].__module__].add(name)
    return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(homes.items())]
