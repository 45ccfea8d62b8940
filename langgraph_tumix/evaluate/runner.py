"""The runner: every question, with every preset, as often as asked; after a crash it goes on where it was."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from langgraph_tumix.background import finished
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.scoring import Score, Scorer
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.evaluate.thread import Thread
from langgraph_tumix.graph import TumixGraph
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.outcome import Outcome

CALL_SECONDS = 300.0
"""Wall time of one call of the grading model at most."""

WRITING = 0.5
"""Seconds for the last replies to be written down before the questions of an empty account are suspended."""


@dataclass(frozen=True)
class Job:
    """One question, with one preset, once."""

    preset: str
    task: Task
    repeat: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from the others."""
        return self.preset, self.task.id, self.repeat

    @property
    def name(self) -> str:
        """The same as a text."""
        return f"{self.preset}/{self.repeat}/{self.task.id}"


def jobs(tasks: Sequence[Task], presets: Sequence[str], repeats: int = 1) -> list[Job]:
    """List the jobs: all presets of a question next to each other, so that a run that is cut short compares fairly."""
    return [Job(preset, task, repeat) for repeat in range(repeats) for task in tasks for preset in presets]


@dataclass
class Progress:
    """How far an evaluation is.

    Attributes:
        jobs: Questions in all, over presets and repeats.
        done: How many of them have a result.
        right: How many of these are right.
        scored: Of how many that can be told.
        graded: What the grading model has cost.
        before: How many were done when this session began.
        begun: When that was, on the monotonic clock.
        suspended: Whether the evaluation's own cap ended the session.
    """

    jobs: int
    done: int = 0
    right: int = 0
    scored: int = 0
    graded: Usage = field(default_factory=used)
    before: int = 0
    begun: float = field(default_factory=time.monotonic)
    suspended: bool = False

    @property
    def seconds_left(self) -> float | None:
        """An estimate, from the pace of this session; None before its first result."""
        fresh = self.done - self.before
        return (time.monotonic() - self.begun) / fresh * (self.jobs - self.done) if fresh else None

    def add(self, result: Mapping[str, Any]) -> None:
        """Count a result."""
        self.done += 1
        self.scored += result["score"]["correct"] is not None
        self.right += result["score"]["correct"] is True
        self.graded = add_usage(self.graded, result["grading"])


@dataclass(frozen=True)
class Runner:
    """Runs an evaluation.

    Attributes:
        folder: Where results go.
        graphs: A graph for each preset; each compiled with `saver`, its budget within `account`.
        saver: Keeps questions under way.
        account: What the whole evaluation may cost, grading included; it knows at any moment what was spent.
        scorer: Scores answers.
        at_once: Questions in work at one time.
        seed: Of the first repeat; each further one has the next.
    """

    folder: RunFolder
    graphs: Mapping[str, TumixGraph]
    saver: BaseCheckpointSaver[Any]
    account: Account
    scorer: Scorer = field(default_factory=Scorer)
    at_once: int = 4
    seed: int = 0

    async def run(
        self,
        work: Sequence[Job],
        results: Sequence[Mapping[str, Any]] = (),
        follow: Callable[[Progress], object] = lambda progress: None,
    ) -> Progress:
        """Do the jobs that have no result yet; when the account is empty, suspend those in work.

        Args:
            work: All jobs.
            results: The results that are there.
            follow: Called with the progress, once before the first job and after each.
        """
        progress = Progress(len(work))
        paid = [add_usage(result["outcome"]["usage"], result["grading"]) for result in results]
        done = {(result["preset"], result["task"], result["repeat"]) for result in results}
        left = [job for job in work if job.key not in done]
        for result in results:
            progress.add(result)
        progress.before = progress.done
        self.account.spent = add_usage(*paid, *[await self._thread(job).paid() for job in left])
        follow(progress)
        try:
            await self._all(iter(left), progress, follow)
        finally:
            await finished()
        progress.suspended = self.account.empty
        return progress

    async def _all(self, left: Iterator[Job], progress: Progress, follow: Callable[[Progress], object]) -> None:
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._work(left, progress, follow)) for _ in range(self.at_once)]
            suspending = group.create_task(self._suspend(workers))
            await asyncio.wait(workers)
            suspending.cancel()

    async def _suspend(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Once the account is empty and the last call has come back, stop everyone where they stand."""
        await self.account.still.wait()
        await asyncio.sleep(WRITING)
        for worker in workers:
            worker.cancel()

    async def _work(self, left: Iterator[Job], progress: Progress, follow: Callable[[Progress], object]) -> None:
        for job in left:
            result = await self._result(job)
            await asyncio.to_thread(self.folder.append, result)
            await self._thread(job).discard()
            progress.add(result)
            follow(progress)

    async def _result(self, job: Job) -> dict[str, Any]:
        try:
            context = {"seed": self.seed + job.repeat}
            state = await self._thread(job).answered(job.task.question, context)
        except ConfigError as error:  # this question cannot be asked, others can
            return _result(job, _unasked(job, error), [], Score(None, "none", str(error)), used())
        grading = Ledger(name="grading", parent=self.account)
        meter = Meter(grading, question=job.name, ceiling=64, call_seconds=CALL_SECONDS)
        score = await self.scorer.score(job.task, state["outcome"], meter)
        return _result(job, state["outcome"], state["notes"], score, grading.spent)

    def _thread(self, job: Job) -> Thread:
        return Thread(self.graphs[job.preset], self.saver, job.name)


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
