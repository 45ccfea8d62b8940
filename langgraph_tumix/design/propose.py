"""Asking a model for new agents. What it is shown: the roster, the task, sample questions, notes; never an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage

from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.text import cut, fence
from langgraph_tumix.design.proposal import MOST_CHECKS, MOST_STEPS, MOST_TOOL_USES, read_proposals, submit
from langgraph_tumix.design.screen import LONGEST
from langgraph_tumix.errors import ModelError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model

_INSTRUCTION_SHOWN = 600  # characters of each roster member's instruction
_QUESTION_SHOWN = 2_000
_NOTES_SHOWN = 12_000


@dataclass(frozen=True)
class Brief:
    """All that a proposer is told. It holds texts only: no type in here could carry a right answer.

    Attributes:
        roster: The agents in force.
        task: A description of the task; may be empty.
        questions: Sample questions.
        notes: Notes of earlier runs.
        tools: What is at hand, in words.
        count: How many agents are wanted.
        marker: The secret of this prompt's fences.
    """

    roster: Sequence[Agent]
    task: str
    questions: Sequence[str]
    notes: Sequence[str]
    tools: str
    count: int
    marker: str


async def propose(brief: Brief, model: Model, meter: Meter) -> list[Any]:
    """Return what a model proposes; nothing of it has been looked at.

    Raises:
        BudgetExceeded: The call does not fit under a cap.
        ModelError: The model gave no reply.
    """
    prompt = _prompt(brief)
    if model.profile.get("tool_calling") is not False and not model.simulated:
        try:
            reply = await meter.ask(model, prompt, tools=[submit])
        except (NotImplementedError, ModelError) as error:
            # Some models take no tools, and what a model writes into a broken tool call is not seen as a reply.
            if isinstance(error, ModelError) and error.kind not in ("empty", "request", "reply"):
                raise
        else:
            called = [call["args"].get("agents") for call in reply.tool_calls]
            submitted = [one for agents in called if isinstance(agents, list) for one in agents]
            return submitted or read_proposals(reply.text)
    return read_proposals((await meter.ask(model, prompt)).text)


def _prompt(brief: Brief) -> list[AnyMessage]:
    text = _template("propose").format(
        roster="\n".join(_line(agent) for agent in brief.roster),
        task=_task(brief),
        count=brief.count,
        longest=LONGEST,
        steps=MOST_STEPS,
        checks=MOST_CHECKS,
        uses=MOST_TOOL_USES,
        tools=brief.tools,
    )
    return [SystemMessage(_template("system")), HumanMessage(text)]


def _line(agent: Agent) -> str:
    said = " / ".join((agent.instruction, *agent.steps, *([f"guide: {agent.guide}"] if agent.guide else [])))
    tools = f"code {agent.code}, search {agent.search}, {agent.max_tool_uses} tool uses"
    tools += f", {agent.check} ×{agent.checks}" if agent.most_checks else ""
    return f"- {agent.name} ({tools}): {cut(' '.join(said.split()), _INSTRUCTION_SHOWN)}"


def _task(brief: Brief) -> str:
    parts = [fence("task", brief.task, brief.marker)] if brief.task.strip() else []
    if brief.questions:
        shown = "\n\n".join(f"{n}. {cut(question, _QUESTION_SHOWN)}" for n, question in enumerate(brief.questions, 1))
        parts.append(f"Sample questions:\n\n{fence('questions', shown, brief.marker)}")
    if brief.notes:
        noted = cut("\n\n".join(brief.notes), _NOTES_SHOWN)
        parts.append(f"Notes of earlier runs:\n\n{fence('notes', noted, brief.marker)}")
    return "\n\n".join(parts)


@cache
def _template(name: str) -> str:
    return files("langgraph_tumix.design").joinpath(f"prompts/{name}.md").read_text("utf-8").strip()
