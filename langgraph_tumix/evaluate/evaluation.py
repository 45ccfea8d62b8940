"""An evaluation: some presets on some tasks, with everything that is checked before anything is spent."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.answering import Answering
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.matching import check, unit_of
from langgraph_tumix.evaluate.presets import preset_graph
from langgraph_tumix.evaluate.runner import Job, Runner, jobs
from langgraph_tumix.evaluate.scoring import Scorer
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.evaluate.thread import settled
from langgraph_tumix.graph import TumixGraph
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.plan import check_priced
from langgraph_tumix.report.run import Run, read_run
from langgraph_tumix.toolbox import Toolbox


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is to be evaluated.

    Attributes:
        tasks: The questions.
        source: Where they are from.
        presets: Names of configurations; the first one is what the others are compared with.
        model: As in `create_tumix`.
        grader: A model that is asked where keys cannot tell whether an answer is right; None: they alone decide.
        repeats: How often each question is asked.
        seed: Of the first repeat; each further one has the next.
        usd: Dollars that all of it may cost, grading included; None is no cap.
        at_once: Questions in work at one time.
        options: Further keywords of `create_tumix`, for all presets.

    Raises:
        ConfigError: There is nothing to do, or a number is out of its range.
    """

    tasks: Sequence[Task]
    source: str
    presets: Sequence[str]
    model: str | BaseChatModel
    grader: str | BaseChatModel | None = None
    repeats: int = 1
    seed: int = 0
    usd: float | None = None
    at_once: int = 4
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.tasks or not self.presets:
            raise ConfigError("there is nothing to evaluate: give at least one question and one preset")
        if self.repeats < 1 or self.at_once < 1:
            raise ConfigError(f"repeats is {self.repeats}, questions at once {self.at_once}: give at least 1 of each")
        check(self.presets)

    @cached_property
    def speaker(self) -> Model:
        """The model."""
        return resolve(self.model, self.options.get("prices"))

    @property
    def jobs(self) -> list[Job]:
        """All that is to be done."""
        return jobs(self.tasks, self.presets, self.repeats)

    @property
    def about(self) -> dict[str, Any]:
        """What run.json says."""
        return {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": _version(),
            "model": self.speaker.name,
            "grader": resolve(self.grader).name if self.grader else None,
            "simulated": self.speaker.simulated,
            "tasks": self.source,
            "presets": list(self.presets),
            "repeats": self.repeats,
            "seed": self.seed,
        }

    def make(
        self, saver: BaseCheckpointSaver[Any] | None, account: Ledger, record: Callable[[str], Any] = lambda name: None
    ) -> Callable[[str], TumixGraph]:
        """Return what makes the graph of a preset. They share their tools, so that kernels are counted together.

        Args:
            saver: Their checkpointer.
            account: What they spend from.
            record: Gives what each records in, as `create_tumix` takes it.
        """
        options = {"tools": Toolbox.default(self.speaker), "budget": Budget(within=account), **self.options}
        return lambda name: preset_graph(name, self.model, checkpointer=saver, record=record(name), **options)

    def recording(self, run: RunFolder, name: str) -> Path:
        """Return where a preset records, for `tumix replay`; the right answers are written beside it."""
        from langgraph_tumix.replay.files import gold_path, write_gold

        file = run.recording(name)
        file.parent.mkdir(exist_ok=True)
        known = {("", task.question): frozenset([task.answer]) for task in self.tasks if task.answer is not None}
        write_gold(gold_path(file), known)
        return file

    def check(self) -> None:
        """See that all graphs can be had.

        Raises:
            ConfigError: One of them cannot.
        """
        make = self.make(None, Account(self.usd))
        for name in self.presets:
            make(f"{name.partition(':')[0]}:1" if unit_of(name) else name)

    def scorer(self) -> Scorer:
        """Return what scores the answers.

        Raises:
            ConfigError: The grading model cannot be had, or its price is unknown under a cap.
        """
        grader = resolve(self.grader, self.options.get("prices")) if self.grader else None
        check_priced(Budget(usd=self.usd), [grader] if grader else [])
        tests = any(task.tests for task in self.tasks)
        return Scorer(Toolbox.default(self.speaker).code if tests else None, grader)

    @asynccontextmanager
    async def opened(self, folder: Path, workers: int = 0) -> AsyncIterator[tuple[Runner, list[dict[str, Any]]]]:
        """Hold the run's folder, and give what does the jobs and the results that are there already.

        Args:
            folder: The run's folder.
            workers: Processes of a Ray cluster that do the jobs; 0: this process does.

        Raises:
            ConfigError: Something asked for cannot be had, or the folder belongs to another evaluation.
        """
        try:
            from langgraph_tumix.sqlite import GroupedSqliteSaver
        except ImportError:
            raise ConfigError(
                "an evaluation keeps its place with SQLite: pip install 'langgraph-tumix[eval]'"
            ) from None
        account, scorer, run = Account(self.usd), self.scorer(), RunFolder(folder)
        self.check()  # whatever cannot be had shows before a folder is made
        with run.begin(self.about, self.tasks) as results:
            if workers:
                from langgraph_tumix.evaluate.cluster import clustered

                async with clustered(self, run, workers) as cluster:
                    yield Runner(run, cluster, self.at_once), results
                return
            async with GroupedSqliteSaver.opened(run.threads) as saver:
                make = self.make(saver, account, lambda name: self.recording(run, name))
                engine = Answering(make, saver, account, scorer, self.seed)
                try:
                    yield Runner(run, engine, self.at_once), results
                finally:
                    await settled(saver)

    async def run(self, folder: Path | str) -> Run:
        """Do what is not done yet, and return the run: what `tumix eval` does, in a notebook or a program.

        Args:
            folder: Where results go; a folder that holds some of them is gone on with.

        Raises:
            ConfigError: Something asked for cannot be had, or the folder belongs to another evaluation.
        """
        folder = Path(folder)
        async with self.opened(folder) as (runner, before):
            await runner.run(self.jobs, before)
        return read_run(folder)


def _version() -> str:
    try:
        return version("langgraph-tumix")
    except PackageNotFoundError:  # a checkout that is not installed
        return "unknown"
