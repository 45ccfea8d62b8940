"""Running hostile programs at a level of isolation, and saying what became of them."""

import asyncio
import contextlib
import inspect
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter import JupyterInterpreter
from tests.hostile.canaries import host_key, inherited, planted
from tests.hostile.program import LEVELS, Level, Program
from tests.hostile.traces import left_behind
from tests.hostile.visit import Visit, pay, reasons

MEMORY_MB = 1024  # of which an idle kernel takes half
LIMIT = 2.0  # seconds that a program's cell may take
PARALLEL = 4


@dataclass(frozen=True)
class Verdict:
    """What became of a program's aim.

    Attributes:
        program: Whose.
        level: Where.
        outcome: ``blocked``, ``escaped``, or ``broken``: the program itself is wrong and shows nothing.
        detail: How.
        seconds: How long its cell had control.
        growth_mb: By how much the host's memory grew meanwhile, at its peak, in MiB.
    """

    program: Program
    level: Level
    outcome: Literal["blocked", "escaped", "broken"]
    detail: str
    seconds: float = 0.0
    growth_mb: float = 0.0

    @property
    def met(self) -> bool:
        """Whether it is what was expected."""
        expected = self.program.expected[self.level]
        return self.outcome != "broken" and expected in ("varies", self.outcome)


def interpreter_at(level: Level) -> JupyterInterpreter:
    """Make an interpreter with exactly that isolation.

    Raises:
        ConfigError: It cannot be had here.
    """
    options: dict[str, Any] = {"memory_mb": MEMORY_MB}
    if "isolation" in inspect.signature(JupyterInterpreter).parameters:
        options["isolation"] = level
    interpreter = JupyterInterpreter(**options)
    if interpreter.isolation.level != level:
        raise ConfigError(f"{level} is not to be had: {interpreter.isolation.level} is what there is")
    return interpreter


class Runner:
    """Runs programs at one level, each in a session of its own.

    Args:
        level: The level.
        limit: How many seconds a program's cell may take.

    Attributes:
        interpreter: What it runs them in.
        left: Temporary files that the interpreter left behind.

    Raises:
        ConfigError: The level cannot be had here.
    """

    def __init__(self, level: Level, *, limit: float = LIMIT) -> None:
        self._level = level
        self._limit = limit
        self.interpreter = interpreter_at(level)
        self.left: list[str] = []

    async def run(self, programs: Sequence[Program]) -> list[Verdict]:
        """Run programs, four at a time but for those that want to be alone, and leave nothing behind."""
        places = asyncio.Semaphore(PARALLEL)

        async def one(program: Program) -> Verdict:
            async with places:
                return await self._run(program, base, key)

        with host_key() as key, folder() as base, inherited(base, key):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(program)) for program in programs if not program.alone]
            verdicts = [task.result() for task in tasks]
            verdicts += [await one(program) for program in programs if program.alone]
            self.left += os.listdir(tempfile.gettempdir())
        return sorted(verdicts, key=lambda verdict: programs.index(verdict.program))

    async def _run(self, program: Program, base: Path, key: str) -> Verdict:
        own = Path(tempfile.mkdtemp(prefix="c-", dir=base))
        limit = program.seconds or self._limit
        async with planted(own, MEMORY_MB) as canaries:
            traces = canaries.targets.marker, Path(tempfile.gettempdir())
            try:
                visit = await pay(self.interpreter, program, canaries, limit=limit)
            except BaseException as error:
                left_behind(*traces, within=0)
                if isinstance(error, InterpreterError):
                    return Verdict(program, self._level, "broken", str(error))
                raise
            found = reasons(visit, canaries, key, limit=limit)
            found += await asyncio.to_thread(left_behind, *traces)
        outcome, detail = conclude(program, visit, found)
        return Verdict(program, self._level, outcome, detail, visit.seconds, visit.growth_mb)


def conclude(
    program: Program, visit: Visit, found: Iterable[str]
) -> tuple[Literal["blocked", "escaped", "broken"], str]:
    """Say what became of a program, from what the host found out and what it said itself."""
    said, detail = visit.said
    if reason := "; ".join(found):
        return "escaped", reason
    if said:
        return "blocked", detail
    result = visit.result
    if not program.speaks or result.status == "died":
        kernel = "new" if result.state_lost else "same"
        return "blocked", f"{result.status} after {visit.seconds:.2f} s, {kernel} kernel"
    return "broken", f"{result.status} without a verdict: {result.output[-300:]}"


async def runners(
    levels: Iterable[Level] = LEVELS, *, limit: float = LIMIT
) -> tuple[dict[Level, Runner], dict[Level, str]]:
    """Return a runner for each of the levels that can be had, and for the others why they cannot."""
    had: dict[Level, Runner] = {}
    missing: dict[Level, str] = {}
    for level in levels:
        try:
            runner = await asyncio.to_thread(Runner, level, limit=limit)
            await (await runner.interpreter.open()).aclose()
        except (ConfigError, InterpreterError) as error:
            missing[level] = str(error)
        else:
            had[level] = runner
    return had, missing


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for canaries, and one below it where all temporary files go meanwhile."""
    before = tempfile.tempdir
    base = Path(tempfile.mkdtemp(prefix="h-", dir="/tmp"))  # the paths of unix sockets must be short
    (base / "t").mkdir()
    tempfile.tempdir = str(base / "t")
    try:
        yield base
    finally:
        tempfile.tempdir = before
        shutil.rmtree(base)
