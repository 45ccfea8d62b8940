"""A person's approval: what they are shown, how their reply is read, and what becomes of the candidates."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langgraph.types import interrupt

from langgraph_tumix.design.bench import Probe
from langgraph_tumix.design.report import Report
from langgraph_tumix.design.vet import Vetting

Decision = Literal["accept", "reject"] | Mapping[str, Any]
"""What becomes of one candidate; a mapping is the specification as it was edited."""

HOW = "'accept' or 'reject' for all of them, or {name: 'accept', 'reject' or the edited specification} for each"

SCHEMA = {
    "title": "Decision",
    "anyOf": [
        {"enum": ["accept", "reject"]},
        {"type": "object", "additionalProperties": {"anyOf": [{"enum": ["accept", "reject"]}, {"type": "object"}]}},
    ],
}


def ask(report: Report) -> dict[str, Decision]:
    """Interrupt the graph until a person has decided on each candidate that would be admitted.

    A reply that cannot be understood is answered by the same question, with what is wrong about it.
    """
    fields = ("name", "rationale", "agent", "worth")
    waiting = [candidate for candidate in report["candidates"] if candidate["status"] == "admitted"]
    shown = [{field: candidate[field] for field in fields} for candidate in waiting]
    question = {"ask": "May these agents answer?", "reply": HOW, "agents": shown, "warnings": report["warnings"]}
    problem = ""
    while True:
        reply = interrupt(question | ({"problem": problem} if problem else {}), response_schema=SCHEMA)
        try:
            return read_decisions(reply, [candidate["name"] for candidate in waiting])
        except ValueError as error:
            problem = str(error)


def read_decisions(reply: object, names: Sequence[str]) -> dict[str, Decision]:
    """Read a person's reply.

    Raises:
        ValueError: It does not say what becomes of each.

    >>> read_decisions("accept", ["A", "B"])
    {'A': 'accept', 'B': 'accept'}
    """
    if isinstance(reply, str) and reply.lstrip().startswith("{"):
        try:
            reply = json.loads(reply)
        except ValueError as error:
            raise ValueError(f"the reply is no JSON ({error}): give {HOW}") from None
    if isinstance(reply, Mapping):
        unknown = sorted(set(map(str, reply)) - set(names))
        if unknown:
            raise ValueError(f"there is no candidate {unknown[0][:60]!r}, only {', '.join(names)}: give {HOW}")
        undecided = [name for name in names if name not in reply]
        if undecided:
            raise ValueError(f"nothing is said about {undecided[0]!r}: give {HOW}")
        return {name: _decision(reply[name]) for name in names}
    return dict.fromkeys(names, _decision(reply))


def _decision(value: object) -> Decision:
    if isinstance(value, Mapping):
        return value
    words: dict[object, Decision] = {True: "accept", False: "reject", "accept": "accept", "reject": "reject"}
    if not isinstance(value, str | bool) or value not in words:
        raise ValueError(f"{str(value)[:60]!r} is no decision: give {HOW}")
    return words[value]


async def decide(
    report: Report, decisions: Mapping[str, Decision], vetting: Vetting, probes: Sequence[Probe]
) -> Report:
    """Carry out a person's decisions. An edited specification is read and tried like a new one.

    Its worth is not measured again: the person has decided that it may answer.
    """
    decided = []
    for candidate in report["candidates"]:
        decision = decisions.get(candidate["name"]) if candidate["status"] == "admitted" else None
        changes: dict[str, Any] = {}
        if decision == "reject":
            changes = {"status": "rejected", "kind": "declined", "reason": "a person declined it"}
        elif isinstance(decision, Mapping) and dict(decision) != candidate["agent"]:
            vetting.read([decision], most=1)
            await vetting.dry_run(probes)
            changes = vetting.candidates[-1].as_data() | {"rationale": candidate["rationale"], "edited": True}
        decided.append(candidate | changes)
    return report | {"candidates": decided, "usage": vetting.bench.meter.ledger.spent}
