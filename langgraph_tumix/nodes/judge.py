"""The judge's node: counts the votes of the round that ended, and decides whether there is another one."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from langgraph.runtime import Runtime

from langgraph_tumix.agents.prompt import messages, shared_part, template
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.notes import LOST, Note, of_round
from langgraph_tumix.core.stop import Decision, StableMajority
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.events import event
from langgraph_tumix.plan import Plan, Voice, seconds_left, spent
from langgraph_tumix.record import round_recorded, verdict_recorded
from langgraph_tumix.state import RoundReport, TumixState, Update

CUT_SHORT = {"budget": "the budget was reached", "deadline": "the deadline was reached"}
"""Causes of a lost note after which no further round is begun, and what the report then says."""

NOT_ASKED = "The judge could not be asked"


async def judge_node(plan: Plan, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
    """Judge a round: vote, ask the judge where the stop rule wants it, and decide."""
    context = plan.context(runtime)
    view = plan.view(state, context)
    await round_recorded(plan.record, state, view.roster)
    async with plan.step(state, runtime, "judge") as step:
        judge = step.voice(plan.judge, "judge")
        decision, verdict = await _decide(plan, state, view, context, judge)
    if verdict and not verdict.startswith(NOT_ASKED):
        await verdict_recorded(plan.record, state, says_stop(verdict), judge.spent)
    if not decision.stop and not plan.allocator(context).plan(view):
        decision = Decision(True, "the plan is at its end")
    votes = view.votes()
    report = RoundReport(
        round=view.round,
        votes={votes.answer(key): count for key, count in votes.counts.items()},
        agreement=round(votes.agreement, 4),
        margin=round(votes.margin, 4),
        entropy=round(votes.entropy, 4),
        stop=bool(decision.stop),
        reason=decision.reason,
        verdict=verdict,
        usage=judge.spent,
    )
    total = add_usage(spent(state), report["usage"])
    shown = {key: value for key, value in report.items() if key not in ("verdict", "usage")}
    runtime.stream_writer(event("judged", **shown, spent=total))
    return {"rounds": [*state["rounds"], report]}


async def route(state: TumixState) -> Literal["dispatch", "aggregate"]:
    """Say where the judge's decision leads."""
    return "aggregate" if state["rounds"][-1]["stop"] else "dispatch"


async def _decide(
    plan: Plan, state: TumixState, view: View, context: TumixContext, judge: Voice
) -> tuple[Decision, str]:
    """Return the decision, and what the judge wrote if it was asked."""
    left = seconds_left(state, context)
    late = view.round >= context.min_rounds
    forced = _forced(of_round(view.notes, view.round), left, late=late, everyone=plan.allocate is None)
    rule = plan.rule(context)
    decision = forced or rule.decide(view)
    if decision.stop is not None:
        return decision, ""
    try:
        async with asyncio.timeout(left):
            stop, verdict = await _ask(plan, state, context, judge)
    except TimeoutError:
        return Decision(True, CUT_SHORT["deadline"]), f"{NOT_ASKED}: {CUT_SHORT['deadline']}"
    except BudgetExceeded as error:
        return Decision(True, CUT_SHORT["budget"]), f"{NOT_ASKED}: {error}"
    except ModelError as error:
        # The paper's rule variant needs no judge and is as accurate, if dearer (table 13).
        return StableMajority().decide(view), f"{NOT_ASKED}: {error}"
    return rule.decide(replace(view, verdict=stop, spent=add_usage(view.spent, judge.spent))), verdict


def _forced(notes: list[Note], left: float | None, *, late: bool, everyone: bool) -> Decision | None:
    """Stop without asking anyone, where another round could not be had or could not help.

    An allocator may have asked a few of the agents only: that they were lost says nothing of the others.
    """
    if left is not None and left <= 0:
        return Decision(True, CUT_SHORT["deadline"])
    for cause, words in CUT_SHORT.items():
        if any(note["cause"] == cause for note in notes):
            return Decision(True, words)
    if not everyone:
        return None
    if all(note["status"] in LOST for note in notes):
        cause, _ = Counter(note["cause"] for note in notes).most_common(1)[0]
        return Decision(True, f"no agent came to an end ({cause})")
    if late and not any(note["status"] == "ok" for note in notes):
        return Decision(True, "no agent has an answer")
    return None


async def _ask(plan: Plan, state: TumixState, context: TumixContext, judge: Voice) -> tuple[bool, str]:
    """Ask the judge. It sees just what the agents of the next round would see, so that a cache can serve both."""
    asked, round_ = state["asked"], state["round"]
    shown = of_round(state["notes"], round_)
    shared = shared_part(asked, shown, limit=plan.judge.notes_limit, seed=context.seed)
    own = template("judge").format(round=round_, max_rounds=context.max_rounds)
    reply = await judge.ask(messages(shared, own, asked["images"], judge.caching.mark))
    return says_stop(reply.text), reply.text


def heard(state: TumixState) -> Sequence[Note]:
    """Return the notes that the judge has read since the round ended, none if it was not asked or not reached."""
    report = state["rounds"][-1] if state.get("rounds") else None
    if report is None or not report["verdict"] or report["verdict"].startswith(NOT_ASKED):
        return ()
    return of_round(state["notes"], report["round"])


def says_stop(verdict: str) -> bool:
    """Whether the judge's words say stop; anything but a clear yes goes on."""
    return (extract_answer(verdict).answer or "").strip().upper() == "YES"
