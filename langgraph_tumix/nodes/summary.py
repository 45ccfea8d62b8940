"""From the channels at the end of a question to its outcome."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from langgraph_tumix.clock import now
from langgraph_tumix.core.aggregate import Choice
from langgraph_tumix.core.notes import LOST, Note
from langgraph_tumix.core.usage import Usage, add_usage, cached
from langgraph_tumix.nodes.judge import CUT_SHORT, NOT_ASKED
from langgraph_tumix.outcome import Outcome, OutcomeStatus
from langgraph_tumix.plan import Plan, spent
from langgraph_tumix.state import RoundReport, TumixState


def cut_short(state: TumixState) -> OutcomeStatus | None:
    """Return which cap ended the run early, if one did."""
    reason = state["rounds"][-1]["reason"]
    if reason == CUT_SHORT["budget"]:
        return "budget"
    return "deadline" if reason == CUT_SHORT["deadline"] else None


def summarise(plan: Plan, state: TumixState, choice: Choice | None, closing: Usage, warnings: Sequence[str]) -> Outcome:
    """Return the outcome of a question.

    Args:
        plan: The graph's plan.
        state: The channels at the end.
        choice: What the aggregator chose, None if there was no vote.
        closing: What the aggregation cost.
        warnings: What it has to say.
    """
    notes, rounds = state["notes"], state["rounds"]
    lost = [note for note in notes if note["status"] in LOST]
    votes = choice.tally if choice else None
    judging, design = [report["usage"] for report in rounds], state.get("design")
    others = {"judge": add_usage(*judging), "aggregator": closing} | ({"designer": design["usage"]} if design else {})
    return Outcome(
        question=state["asked"]["text"],
        answer=choice.answer if choice else None,
        confidence=round(choice.confidence, 4) if choice else 0.0,
        # Agents that a quorum left behind were not needed, which is not the same as a failure.
        status=_status(state, choice, {note["round"] for note in lost if note["cause"] != "quorum"}),
        stop_reason=rounds[-1]["reason"],
        simulated=any(model.simulated for model in plan.models),
        agents=len(plan.roster) + (len(design["agents"]) if design else 0),
        rounds=[dict(report) for report in rounds],
        votes={votes.answer(key): count for key, count in votes.counts.items()} if votes else {},
        decided_in=choice.round if choice else None,
        tie=choice.tie if choice else False,
        usage=add_usage(spent(state), closing),
        by_agent={name: dict(usage) for name, usage in (_by(notes, "agent") | others).items()},
        by_round=_by_round(notes, rounds),
        lost=[_loss(note) for note in lost],
        left_out=dict(plan.left_out),
        tools=state["tools"],
        warnings=[*warnings, *(design["warnings"] if design else []), *_warnings(state, notes)],
        seconds=round(now() - state["asked"]["asked"], 3),
    )


def _loss(note: Note) -> dict[str, Any]:
    fields: tuple[Literal["agent", "round", "sample", "status", "cause", "reason"], ...]
    fields = ("agent", "round", "sample", "status", "cause", "reason")
    return {field: note[field] for field in fields}


def _status(state: TumixState, choice: Choice | None, losing: set[int]) -> OutcomeStatus:
    if choice is None:
        return "no_answer"
    return cut_short(state) or ("degraded" if max(losing, default=0) >= choice.round else "complete")


def _by(
    notes: Iterable[Note], field: Literal["agent", "round"], more: dict[str, Usage] | None = None
) -> dict[str, Usage]:
    """Sum usage by agent or by round."""
    sums: dict[str, Usage] = dict(more or {})
    for note in notes:
        key = str(note[field])
        sums[key] = add_usage(sums[key], note["usage"]) if key in sums else note["usage"]
    return sums


def _by_round(notes: Iterable[Note], rounds: Iterable[RoundReport]) -> dict[str, dict[str, Any]]:
    sums = _by(notes, "round", {str(report["round"]): report["usage"] for report in rounds})
    return {round_: {**usage, "cached": round(cached(usage), 4)} for round_, usage in sums.items()}


def _warnings(state: TumixState, notes: Sequence[Note]) -> list[str]:
    warnings = [report["verdict"] for report in state["rounds"] if report["verdict"].startswith(NOT_ASKED)]
    fruitless = {note["agent"] for note in notes if _searched_in_vain(note)}
    if fruitless:
        warnings.append(f"searched and found nothing: {', '.join(sorted(fruitless))}")
    unmetered = sum(note["usage"]["unmetered_calls"] for note in notes)
    if unmetered:
        warnings.append(f"the tokens of {unmetered} calls are estimated: the provider reported none")
    return warnings


def _searched_in_vain(note: Note) -> bool:
    searches = [step for step in note["evidence"] if step["kind"] == "search"]
    return bool(searches) and not any(step["ok"] for step in searches)
