"""Scores: whether an answer is right. What went wrong with the infrastructure is no wrong answer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from langchain_core.messages import HumanMessage

from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.keys import group_keys, may_be_same
from langgraph_tumix.core.text import fence
from langgraph_tumix.errors import BudgetExceeded, InterpreterError, ModelError
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.interpreter.base import Interpreter
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model

INFRASTRUCTURE = frozenset({"auth", "model", "rate_limit", "server", "connection", "timeout", "interpreter", "error"})
"""Causes of lost agents that say nothing about what they would have answered."""

TEST_SECONDS = 60.0
"""Wall time of a program together with its tests."""


@dataclass(frozen=True)
class Score:
    """What became of an answer.

    Attributes:
        correct: Whether it is right; None if that cannot be told.
        by: What told: ``key``: the answers' keys; ``tests``: the task's tests; ``model``: a grading model; ``none``.
        why: For a person.
    """

    correct: bool | None
    by: Literal["key", "tests", "model", "none"]
    why: str = ""


@dataclass(frozen=True)
class Scorer:
    """Scores answers.

    Attributes:
        interpreter: Runs the tests of tasks that have some.
        model: Asked where keys differ but may mean the same, as with free text; None: keys alone decide.
    """

    interpreter: Interpreter | None = None
    model: Model | None = None

    async def score(self, task: Task, outcome: Mapping[str, Any], meter: Meter | None = None) -> Score:
        """Score the outcome of a task.

        Args:
            task: The question with what is known about it.
            outcome: Its `Outcome`.
            meter: Charged for the grading model's calls; they are no cost of the answer.
        """
        answer = outcome["answer"]
        if answer is None:
            broken = _infrastructure(outcome)
            return Score(None, "none", broken) if broken else Score(False if task.scored else None, "none", "no answer")
        if task.tests:
            return await self._by_tests(task, answer)
        if task.answer is None:
            return Score(None, "none", "the right answer is not known")
        right, given = group_keys([task.answer, answer])
        if right == given:
            return Score(True, "key")
        if self.model is None or meter is None or not (right and given and may_be_same(right, given)):
            return Score(False, "key", f"{given} is not {right}")
        return await self._by_model(task, answer, self.model, meter)

    async def _by_tests(self, task: Task, answer: str) -> Score:
        if self.interpreter is None:
            return Score(None, "none", "the task has tests, and there is nothing to run them")
        try:
            session = await self.interpreter.open()
        except InterpreterError as error:
            return Score(None, "none", str(error))
        try:
            defined = await session.run(_program(answer), seconds=TEST_SECONDS)
            tested = await session.run(task.tests, seconds=TEST_SECONDS) if defined.status == "ok" else defined
        finally:
            await session.aclose()
        return Score(tested.status == "ok", "tests", "" if tested.status == "ok" else tested.output[-300:])

    async def _by_model(self, task: Task, answer: str, model: Model, meter: Meter) -> Score:
        listed = fence("answers", f"right: {task.answer}\ngiven: {answer}", secrets.token_hex(6))
        prompt = _grade().format(question=task.question, answers=listed)
        try:
            reply = await meter.ask(model, [HumanMessage(prompt)])
        except (ModelError, BudgetExceeded) as error:
            return Score(None, "none", f"the grading model could not be asked: {error}")
        verdict = (extract_answer(reply.text).answer or "").strip().upper()
        return Score(verdict == "YES", "model", reply.text[-300:])


def _infrastructure(outcome: Mapping[str, Any]) -> str:
    """Say what broke, if nobody came to an answer and at least one agent was kept from it; else nothing."""
    last = len(outcome["rounds"])
    causes = {loss["reason"] for loss in outcome["lost"] if loss["round"] == last and loss["cause"] in INFRASTRUCTURE}
    return "; ".join(sorted(causes))[:300]


def _program(answer: str) -> str:
    """Return the program of an answer, without the fence around it."""
    text = answer.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0]
    return text


@cache
def _grade() -> str:
    return files("langgraph_tumix.evaluate").joinpath("prompts/grade.md").read_text("utf-8").strip()
