"""What does a job in this process: answers its question from where it stands, and scores the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver

from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.runner import Job
from langgraph_tumix.evaluate.scoring import Score, Scorer
from langgraph_tumix.evaluate.thread import Thread
from langgraph_tumix.graph import TumixGraph
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.outcome import Outcome

Spender = TypeVar("Spender", bound=Ledger)

CALL_SECONDS = 300.0
"""Wall time of one call of the grading model at most."""


@dataclass(frozen=True)
class Answering(Generic[Spender]):
    """Does jobs.

    Attributes:
        make: Gives the graph of a preset; compiled with `saver`, its budget within `account`.
        saver: Keeps questions under way.
        account: What the whole evaluation may cost, grading included.
        scorer: Scores answers.
        seed: Of the first repeat; each further one has the next.
    """

    make: Callable[[str], TumixGraph]
    saver: BaseCheckpointSaver[Any]
    account: Spender
    scorer: Scorer = field(default_factory=Scorer)
    seed: int = 0

    @cached_property
    def _graphs(self) -> dict[str, TumixGraph]:
        return {}

    async def begin(self, spent: Usage) -> None:
        """Enter in the account what earlier sessions have spent."""
        self.account.spent = spent

    async def result(self, job: Job) -> dict[str, Any]:
        """Answer a job's question, from where it stands, and score the answer."""
        try:
            state = await self._thread(job).answered(job.task.question, {"seed": self.seed + job.repeat})
        except ConfigError as error:  # this question cannot be asked, others can
            return _result(job, _unasked(job, error), [], Score(None, "none", str(error)), used())
        grading = Ledger(name="grading", parent=self.account)
        meter = Meter(grading, question=job.name, ceiling=64, call_seconds=CALL_SECONDS)
        score = await self.scorer.score(job.task, state["outcome"], meter)
        return _result(job, state["outcome"], state["notes"], score, grading.spent)

    async def paid(self, jobs: Sequence[Job]) -> Usage:
        """Return what jobs under way have cost so far."""
        return add_usage(*[await self._thread(job).paid() for job in jobs])

    async def discard(self, job: Job) -> None:
        """Forget a job whose result is kept."""
        await self._thread(job).discard()

    def _thread(self, job: Job) -> Thread:
        graph = self._graphs.get(job.configuration)
        if graph is None:
            graph = self._graphs[job.configuration] = self.make(job.configuration)
        return Thread(graph, self.saver, job.name)


def _result(job: Job, outcome: Mapping[str, Any], notes: Sequence[Any], score: Score, grading: Usage) -> dict[str, Any]:
    return {
        "preset": job.preset,
        "task": job.task.id,
        "repeat": job.repeat,
        "outcome": dict(outcome),
        "notes": list(notes),
        "score": asdict(score),
        "grading": grading,
    }


def _unasked(job: Job, error: ConfigError) -> Outcome:
    """Return the outcome of a question that was refused before anything was spent."""
    return Outcome(
        question=job.task.question,
        answer=None,
        confidence=0.0,
        status="no_answer",
        stop_reason="it could not be asked",
        simulated=False,
        agents=0,
        rounds=[],
        decided_in=None,
        votes={},
        tie=False,
        usage=used(),
        by_agent={},
        by_round={},
        lost=[],
        left_out={},
        tools={},
        warnings=[str(error)],
        seconds=0.0,
    )
