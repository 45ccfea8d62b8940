"""The designer: what to design for, from which questions, at what price."""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.design.bench import Probe
from langgraph_tumix.errors import ConfigError

_KINDS: Mapping[str, tuple[type, str]] = {
    "task": (str, "a text"),
    "questions": (Iterable, "a list of texts or Probe(question, gold)"),
    "notes": (Iterable, "a list of texts"),
    "key": (str, "a text"),
    "budget": (Budget, "a Budget(usd=...)"),
    **dict.fromkeys(("proposals", "keep", "probes", "shown", "seed"), (int, "a whole number")),
    "confidence": (float, "a share from 0.5 to below 1"),
}


@dataclass(frozen=True, kw_only=True)
class Designer:
    """Has a model design new agents for a kind of question, vets them, and admits those that help.

    Attributes:
        task: What the questions are like, in words; may be left out where there are questions.
        questions: Sample questions, as texts or as `Probe` with the right answer. A few are shown to the proposer,
            without answers; candidates are measured on the others.
        notes: Notes of earlier runs for the proposer to learn from, as texts. It sees what they hold.
        model: The model that proposes; by default that of the graph. Candidates run on the graph's.
        proposals: How many are asked for; more are not looked at.
        keep: How many are admitted at most.
        shown: Questions shown to the proposer at most; never more than a quarter of them.
        probes: Questions of the dry run.
        approve: Interrupt the graph, so that a person accepts, edits or rejects each candidate that would be admitted.
        budget: What designing may cost, within the question's own budget; ``seconds`` count from its beginning. Where
            the question has a cap and this has none, it is half of that, so that something is left to answer with.
        confidence: Of all intervals, and so of the gate.
        key: Under which the result is kept; by default it follows from task, questions and roster.
        seed: Fixes which questions are shown.
        memory: Keeps the result where the graph has no store, for as long as this process lives.

    Raises:
        ConfigError: There is neither task nor question, or a value is out of its range.

    >>> Designer(task="Dates in the Gregorian calendar").keep
    3
    """

    task: str = ""
    questions: Sequence[str | Probe] = ()
    notes: Sequence[str] = ()
    model: str | BaseChatModel | None = None
    proposals: int = 6
    keep: int = 3
    shown: int = 4
    probes: int = 4
    approve: bool = False
    budget: Budget = field(default_factory=Budget)
    confidence: float = 0.95
    key: str = ""
    seed: int = 0
    memory: InMemoryStore = field(default_factory=InMemoryStore, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, (kind, words) in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, str) and kind is not str):
                raise ConfigError(f"Designer({name}={value!r}): give {words}")
        object.__setattr__(self, "notes", tuple(self.notes))
        probes = tuple(Probe(one) if isinstance(one, str) else one for one in self.questions)
        if any(not isinstance(probe, Probe) or not probe.question.strip() for probe in probes):
            raise ConfigError("Designer(questions=...) takes texts and Probe(question, gold)")
        object.__setattr__(self, "questions", tuple({probe.question: probe for probe in probes}.values()))
        if not self.task.strip() and not probes:
            raise ConfigError("Designer needs a task in words, or sample questions: give task= or questions=")
        for name, least in (("proposals", 1), ("keep", 1), ("probes", 1), ("shown", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"Designer({name}={getattr(self, name)}): give at least {least}")
        if not 0.5 <= self.confidence < 1:
            raise ConfigError(f"Designer(confidence={self.confidence}): give a share from 0.5 to below 1")
        if "." in self.key:
            raise ConfigError(f"Designer(key={self.key!r}): a store's names hold no full stop")

    def task_key(self, roster: Sequence[Agent]) -> str:
        """Return the key under which the result is kept."""
        told = [self.task, [probe.question for probe in self._probes], sorted(agent.name for agent in roster)]
        return self.key or hashlib.sha256(json.dumps(told).encode("utf-8", "replace")).hexdigest()[:16]

    def split(self, asked: str = "") -> tuple[list[str], list[Probe]]:
        """Return the questions for the proposer, as bare texts, and those to try candidates on.

        No question is both, unless there is only one. Where there is none at all, candidates are tried on the
        question that was `asked`, and the proposer sees the task alone.
        """
        probes = list(self._probes)
        if not probes:
            return [], [Probe(asked)] if asked else []
        if len(probes) == 1:
            return [probes[0].question], [Probe(probes[0].question)]
        random.Random(self.seed).shuffle(probes)
        shown = min(self.shown, max(1, len(probes) // 4))
        return [probe.question for probe in probes[:shown]], probes[shown:]

    @property
    def _probes(self) -> Sequence[Probe]:
        return self.questions  # type: ignore[return-value]  # made so above
