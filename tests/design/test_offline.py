"""Without a key: the simulated model proposes, good and bad; real tools vet; what helps is admitted and used."""

import pytest
from langgraph.store.memory import InMemoryStore

from langgraph_tumix import create_tumix
from langgraph_tumix.agents.evolve import DESIGNED
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.design import Designer, Probe
from langgraph_tumix.design.keep import NAMESPACE
from langgraph_tumix.design.propose import Brief, propose
from langgraph_tumix.design.screen import screen
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import resolve
from langgraph_tumix.offline import OfflineChatModel, questions
from tests.design.test_node import asked

pytestmark = pytest.mark.kernel

SAMPLES = [Probe(one.question, one.answer) for one in questions() if one.kind in ("lookup", "mixed")]


async def test_the_offline_designer_admits_what_helps_and_says_why_the_others_stay_out() -> None:
    store = InMemoryStore()
    designer = Designer(task="Questions about an invented world.", questions=SAMPLES, proposals=12)
    graph = create_tumix("offline", agents="Base,CoT,C", designer=designer, store=store, max_rounds=2)
    state = await asked(graph, "How high is Mount Vorr in metres?")
    (item,) = await store.asearch(NAMESPACE)
    candidates = item.value["report"]["candidates"]
    admitted = {candidate["name"] for candidate in candidates if candidate["status"] == "admitted"}
    assert admitted
    assert {"schema", "tool", "unsafe", "too_long", "limits", "duplicate", "no_gain"} <= {c["kind"] for c in candidates}
    assert all(candidate["reason"] for candidate in candidates if candidate["status"] == "rejected")
    assert (state["answer"], state["outcome"].simulated) == ("2684", True)
    assert admitted <= {note["agent"] for note in state["notes"]}

    again = create_tumix("offline", agents="Base,CoT,C", designer=designer, store=store, max_rounds=2)
    state = await asked(again, "What is the digit sum of the height in metres of Mount Kesseldon?")
    assert state["events"] == ["found"]
    assert (state["answer"], state["outcome"].by_agent["designer"]["model_calls"]) == ("13", 0)
    assert admitted <= {note["agent"] for note in state["notes"]}


LOOKUP = "What is the digit sum of the height in metres of Mount Kesseldon?"


@pytest.mark.parametrize(("question", "answer"), [("What is 48,271 * 7,366?", "355564186"), (LOOKUP, "13")])
async def test_the_offline_model_copes_with_the_fifteen_designed_agents(question: str, answer: str) -> None:
    names = [agent.name for agent in DESIGNED]
    state = await asked(
        create_tumix(OfflineChatModel(error_rate=0), agents=names, min_rounds=1, max_rounds=1), question
    )
    notes = {note["agent"]: note for note in state["notes"]}
    assert notes.keys() == set(names)
    assert {note["status"] for note in notes.values()} <= {"ok", "abstained"}
    assert state["answer"] == answer
    if question == LOOKUP:
        able = [agent.name for agent in DESIGNED if agent.search != "none" and agent.code != "none"]
        assert {notes[name]["answer"] for name in able} == {answer}


@pytest.mark.parametrize("seed", range(5))
async def test_the_offline_model_proposes_good_and_bad_ones_in_turn(seed: int) -> None:
    base = roster("Base,C")
    brief = Brief(base, "Sums.", ["What is 3 + 4?"], [], "code", 8, "5eed5eed5eed")
    proposals = await propose(brief, resolve(OfflineChatModel(seed=seed)), Meter(Ledger(), "q", 4, 60.0))
    assert len(proposals) == 8
    screened = screen(proposals, base, most=8, missing=lambda agent: None)
    assert len([one for one in screened if one.agent]) == 4
