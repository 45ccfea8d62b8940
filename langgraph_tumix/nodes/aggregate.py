"""The last node: the majority's answer, after a grouping call where it can matter, and the outcome around it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from langgraph_tumix.agents.prompt import template
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.groups import agreed_groups, grouping
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.text import cut, fence
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.events import event
from langgraph_tumix.nodes.judge import CUT_SHORT
from langgraph_tumix.nodes.requests import Errands
from langgraph_tumix.nodes.summary import cut_short, summarise
from langgraph_tumix.outcome import Outcome
from langgraph_tumix.plan import Plan, Voice, seconds_left
from langgraph_tumix.record import end_recorded
from langgraph_tumix.state import TumixState, Update

ANSWER_LIMIT = 2_000
"""Characters of each answer that the grouping call sees."""


async def aggregate_node(plan: Plan, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
    """End a question."""
    context, warnings = plan.context(runtime), list[str]()
    view = plan.view(state, context)
    async with plan.step(state, runtime, "close") as step:
        grouper, errands = step.voice(plan.judge, "aggregator"), Errands(plan, state, step)
        # Once time or money is up, the closing vote costs nothing of either.
        answers = {} if cut_short(state) else plan.aggregator.to_group(view)
        if not cut_short(state):
            warnings += await errands.run(view, seconds_left(state, context))
        said = ""
        try:
            async with asyncio.timeout(seconds_left(state, context)):
                said = await _grouping(state, answers, grouper) if answers else ""
        except (ModelError, BudgetExceeded, TimeoutError) as error:
            why = str(error) or CUT_SHORT["deadline"]
            warnings.append(f"answers that may mean the same could not be grouped: {why}")
    groups = agreed_groups(said, list(answers))
    choice = plan.aggregator.choose(replace(view, replies=errands.replies), groups, context.seed)
    outcome = summarise(plan, state, choice, add_usage(grouper.spent, errands.spent), warnings)
    grouped = {grouping(answers): Reply(answer=said, usage=grouper.spent)} if said else {}
    await end_recorded(plan.record, state, errands.replies | grouped, outcome)
    runtime.stream_writer(event("answer", answer=outcome.answer, status=outcome.status, spent=outcome.usage))
    return {"answer": outcome.answer, "outcome": outcome, "messages": [_message(outcome, plan.name)]}


async def _grouping(state: TumixState, answers: Mapping[str, str], grouper: Voice) -> str:
    """Ask which answers mean the same, and return the numbers that stood in the reply."""
    one_line = (cut(" ".join(answer.split()), ANSWER_LIMIT) for answer in answers.values())
    numbered = "\n".join(f"{number}. {answer}" for number, answer in enumerate(one_line, 1))
    listed = fence("answers", numbered, state["asked"]["marker"])
    prompt = template("group").format(question=state["asked"]["text"], answers=listed)
    reply = await grouper.ask([SystemMessage(template("system")), HumanMessage(prompt)])
    return extract_answer(reply.text).answer or "none"


def _message(outcome: Outcome, name: str) -> AIMessage:
    """Return the answer as a message. That it is weak must be seen by whoever reads only this."""
    text = outcome.answer if outcome.answer is not None else "No answer was found."
    caution = "" if outcome.status == "complete" else f"\n\n({_caution(outcome)})"
    usage = outcome.usage
    return AIMessage(
        text + caution,
        name=name,
        response_metadata={"model_name": name, "tumix_status": outcome.status},
        usage_metadata={
            "input_tokens": usage["input_tokens"],
            "output_tokens": usage["output_tokens"],
            "total_tokens": usage["input_tokens"] + usage["output_tokens"],
        },
    )


def _caution(outcome: Outcome) -> str:
    in_force = [entry for entry in outcome.lost if entry["round"] == outcome.decided_in and entry["cause"] != "quorum"]
    lost = len({entry["agent"] for entry in in_force})
    words = {
        "degraded": "degraded",
        "budget": "cut short by its budget",
        "deadline": "cut short by its deadline",
        "no_answer": outcome.stop_reason,
    }[outcome.status]
    return f"{words}: {lost} of {outcome.agents} agents were lost" if lost else words
