"""The runner: every question, with every preset, as often as asked; after a crash it goes on where it was."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from langgraph_tumix.background import finished
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.matching import matches, unit_of
from langgraph_tumix.evaluate.tasks import Task

WRITING = 0.5
"""Seconds for the last replies to be written down before the questions of an empty account are suspended."""


@dataclass(frozen=True)
class Job:
    """One question, with one preset, once.

    Attributes:
        preset: The preset's name in the evaluation.
        task: The question.
        repeat: The how manieth time, from 0.
        configuration: The preset that answers, where its name leaves a number to be found.
    """

    preset: str
    task: Task
    repeat: int
    configuration: str

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
    return [Job(preset, task, repeat, preset) for repeat in range(repeats) for task in tasks for preset in presets]


@dataclass
class Progress:
    """How far an evaluation is.

    Attributes:
        jobs: Questions in all, over presets and repeats.
        done: How many of them have a result.
        right: How many of these are right.
        scored: Of how many that can be told.
        graded: What the grading model has cost.
        spent: By preset, what each answer has cost.
        before: How many were done when this session began.
        begun: When that was, on the monotonic clock.
        suspended: Whether the evaluation's own cap ended the session.
    """

    jobs: int
    done: int = 0
    right: int = 0
    scored: int = 0
    graded: Usage = field(default_factory=used)
    spent: dict[str, list[Usage]] = field(default_factory=lambda: defaultdict(list))
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
        self.spent[result["preset"]].append(result["outcome"]["usage"])


class Engine(Protocol):
    """What does the jobs, here or elsewhere.

    Attributes:
        account: What the whole evaluation may cost, grading included; it knows at any moment what was spent.
    """

    @property
    def account(self) -> Account:
        """The account, or what was last seen of it."""
        ...

    async def begin(self, spent: Usage) -> None:
        """Enter in the account what earlier sessions have spent."""
        ...

    async def result(self, job: Job) -> dict[str, Any]:
        """Answer a job's question, from where it stands, and score the answer."""
        ...

    async def paid(self, jobs: Sequence[Job]) -> Usage:
        """Return what jobs under way have cost so far."""
        ...

    async def discard(self, job: Job) -> None:
        """Forget a job whose result is kept."""
        ...


@dataclass(frozen=True)
class Runner:
    """Runs an evaluation.

    Attributes:
        folder: Where results go.
        engine: Does the jobs.
        at_once: Questions in work at one time.
    """

    folder: RunFolder
    engine: Engine
    at_once: int = 4

    async def run(
        self,
        work: Sequence[Job],
        results: Sequence[Mapping[str, Any]] = (),
        follow: Callable[[Progress], object] = lambda progress: None,
    ) -> Progress:
        """Do the jobs that have no result yet; when the account is empty, suspend those in work.

        Presets at matched cost come last: what they are matched with has to be known.

        Args:
            work: All jobs.
            results: The results that are there.
            follow: Called with the progress, once before the first job and after each.
        """
        progress, account = Progress(len(work)), self.engine.account
        paid = [add_usage(result["outcome"]["usage"], result["grading"]) for result in results]
        done = {(result["preset"], result["task"], result["repeat"]) for result in results}
        left = self._configured([job for job in work if job.key not in done])
        known = [job for job in left if not unit_of(job.configuration)]
        for result in results:
            progress.add(result)
        progress.before = progress.done
        account.spent = add_usage(
            *paid, await self.engine.paid([job for job in left if not unit_of(job.configuration)])
        )
        follow(progress)
        try:
            await self._all(known, progress, follow)
            if not account.empty and (matched := [job for job in left if unit_of(job.configuration)]):
                self.folder.match(matches([job.preset for job in work], progress.spent))
                await self._all(self._configured(matched), progress, follow)
        finally:
            await finished()
        progress.suspended = account.empty
        return progress

    def _configured(self, jobs: Sequence[Job]) -> list[Job]:
        """Tell the jobs what their presets were matched to, as far as that is known."""
        known = self.folder.matched
        return [replace(job, configuration=known.get(job.preset, job.preset)) for job in jobs]

    async def _all(self, left: Sequence[Job], progress: Progress, follow: Callable[[Progress], object]) -> None:
        queue = iter(left)
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work(queue, progress, follow)) for _ in range(self.at_once)]
                suspending = group.create_task(self._suspend(workers))
                await asyncio.wait(workers)
                suspending.cancel()
        except* ConfigError as found:
            raise found.exceptions[0] from None

    async def _suspend(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Once the account is empty and the last call has come back, stop everyone where they stand."""
        await self.engine.account.still.wait()
        await asyncio.sleep(WRITING)
        for worker in workers:
            worker.cancel()

    async def _work(self, left: Iterator[Job], progress: Progress, follow: Callable[[Progress], object]) -> None:
        for job in left:
            result = await self.engine.result(job)
            await asyncio.to_thread(self.folder.append, result)
            await self.engine.discard(job)
            progress.add(result)
            follow(progress)
