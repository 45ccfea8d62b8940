"""What follows an answer before it counts: a second look by the solver itself, or a check in a call of its own.

::

    recheck, wait   answer → told to look again → …      as often as `checks` says
    verify          answer → check → correction → …      until a check passes, `checks` times at most
    pivot           answer → check → a new conversation  from the check's summary; the same, as long as tools are left

An answer that was given stands until another is: where a check breaks off, it counts.
"""

import time
from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from langgraph_tumix.agents.conclude import conclude
from langgraph_tumix.agents.native import refused
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.run import Run
from langgraph_tumix.agents.work import TRANSCRIPT_LIMIT, AgentState, answers, left_words, rest, task_of, transcript
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.text import cut, fence
from langgraph_tumix.models.ending import ending

FINDINGS_LIMIT = 12_000
"""Characters of what a check found that the solver is shown."""

_FAILED = ("NO", "CONTINUE", "PIVOT")  # any other verdict lets the answer stand


def due(run: Run, state: AgentState) -> bool:
    """Whether the reply at which a run would end is looked at once more."""
    agent, reply = run.equipped.agent, state["messages"][-1]
    if state["checks"] >= agent.most_checks or (agent.check == "pivot" and not state["left"]):
        return False
    return isinstance(reply, AIMessage) and ending(reply) != "length" and answers(reply, final=True)


async def check(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    """Look at the answer; nothing is pending after it if the answer stands."""
    run, made = runtime.context, state["checks"] + 1
    agent = run.equipped.agent
    run.standing = conclude(run, state["messages"])
    if agent.check in ("recheck", "wait"):
        return {"pending": await _again(run, state, template(agent.check)), "checks": made}
    verdict, findings = await _verdict(run, state, agent.check)
    if verdict not in _FAILED:
        return {"pending": [], "checks": made}
    if agent.check == "verify":
        told = template("correct").format(findings=fence("check", findings, run.question["marker"]))
        return {"pending": await _again(run, state, told), "checks": made}
    return {"pending": _anew(run, state, verdict, findings), "checks": made, "since": len(state["messages"])}


async def checked(state: AgentState) -> Literal["model", "guide", "__end__"]:
    """Say what follows a check; `guide` only where there is one."""
    if not state["pending"]:
        return "__end__"
    return "guide" if state["left"] else "model"


async def _again(run: Run, state: AgentState, told: str) -> list[AnyMessage]:
    """Return the next turn of the same conversation."""
    tools = run.equipped.agent.loops
    ending_ = rest(run, state["left"], last=True) if tools else template("how_answer")
    return [*await refused(run, state["messages"][-1]), HumanMessage(f"{told}\n\n{ending_}")]


def _anew(run: Run, state: AgentState, verdict: str, findings: str) -> list[AnyMessage]:
    """Return the beginning of a conversation in which a summary takes the place of the work so far."""
    summary = fence("summary", findings, run.question["marker"])
    told = template("resume").format(verdict=verdict, summary=summary)
    own = f"{task_of(run.equipped.agent, run.tool_seconds)}\n\n{told}\n\n{rest(run, state['left'], last=True)}"
    return run.prompt(state["shared"], own)


async def _verdict(run: Run, state: AgentState, kind: str) -> tuple[str, str]:
    """Have the work judged in a call that has not written it, and return the verdict and what was found."""
    done = fence("progress", cut(transcript(state), TRANSCRIPT_LIMIT), run.question["marker"])
    left = f"\n\nTool uses left: {state['left']}." if run.equipped.agent.loops else ""
    own = f"{template(f'check_{kind}')}\n\n# Progress so far\n\n{done}{left}{left_words(run, state['left'])}"
    started = time.monotonic()
    reply = await run.ask(run.prompt(state["shared"], own))
    verdict = (extract_answer(reply.text).answer or "").strip(" .!*").upper()
    findings = run.unmarked(reply.text.strip(), FINDINGS_LIMIT)
    run.record("check", "", findings, ok=verdict not in _FAILED, seconds=time.monotonic() - started)
    return verdict, findings
