"""Auto-design in the graph: once for each task, kept in the store, charged, approved by a person, never in the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore
from langgraph.types import Command

from langgraph_tumix import Budget, create_tumix
from langgraph_tumix.design import Designer
from langgraph_tumix.design.keep import NAMESPACE
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.graph import TumixGraph
from langgraph_tumix.testing import ScriptedChatModel
from langgraph_tumix.toolbox import Toolbox
from tests.design.models import GOOD, designing, is_proposer, knows, numbered
from tests.graph.roles import play, toolbox

pytestmark = pytest.mark.long

OTHER = GOOD | {"name": "Coder", "instruction": "Compute it by a program.", "search": "none", "code": "loop"}


def tools() -> Toolbox:
    fakes = toolbox()
    return Toolbox(code=fakes.code, gs=fakes.gs)


def graph_of(model: ScriptedChatModel, designer: Designer, **options: Any) -> TumixGraph:
    given: dict[str, Any] = {"agents": "Base,CoT", "tools": tools(), "min_rounds": 1, "max_rounds": 1} | options
    return create_tumix(model, designer=designer, **given)


async def asked(graph: TumixGraph, question: Any = "Question number 99?", thread: str = "") -> dict[str, Any]:
    """Run a question, or resume one, and return the channels at the end and the events of the design."""
    config: Any = {"configurable": {"thread_id": thread}} if thread else None
    given: Any = {"question": question} if isinstance(question, str) else question
    state, events = dict[str, Any](), list[str]()
    stream: AsyncIterator[Any] = graph.astream(given, config, stream_mode=["values", "custom"])
    async for mode, data in stream:
        if mode == "values":
            state = data
        elif data["tumix"]["event"] == "design" and data["tumix"]["what"] != "tried":
            events.append(data["tumix"]["what"])
    return state | {"events": events}


def proposals_asked(model: ScriptedChatModel) -> int:
    return sum(is_proposer(call) for call in model.calls)


def agents_of(state: dict[str, Any]) -> set[str]:
    return {note["agent"] for note in state["notes"]}


async def test_what_was_designed_answers_at_once_and_is_in_the_outcome() -> None:
    model = designing([GOOD, None], knows)
    state = await asked(graph_of(model, Designer(questions=numbered(16)), store=InMemoryStore()))
    outcome = state["outcome"]
    assert state["events"] == ["proposed", "rejected", "trying", "admitted"]
    assert agents_of(state) == {"Base", "CoT", "Lookup"}
    assert outcome.agents == 3
    assert outcome.usage["model_calls"] == len(model.calls), "what the design cost is in the sum"
    assert outcome.by_agent["designer"]["model_calls"] > 30
    assert outcome.by_agent["Lookup"]["model_calls"] == 2
    assert outcome.tools["gs"] == "a fake", "a tool that only the new agent uses"
    assert any("design: 12 questions show a gain" in warning for warning in outcome.warnings)


async def test_trials_are_the_same_where_somebody_traces_them() -> None:
    names = list[str]()

    class Trace(AsyncCallbackHandler):
        async def on_chain_start(self, serialized: Any, inputs: Any, **more: Any) -> None:
            names.append(more["name"])

    reports, ways = list[Any](), list[Any]([{}, {"callbacks": [Trace()]}])
    for config in ways:
        graph = graph_of(designing([GOOD], knows), Designer(questions=numbered(16)), store=InMemoryStore())
        state: Any = await graph.ainvoke({"question": "Question number 99?"}, config)
        reports.append((state["outcome"].by_agent, state["outcome"].warnings))
    assert reports[0] == reports[1]
    assert names.count("agent Lookup") == 12, "each trial, by its agent"


async def test_later_questions_and_threads_find_it_without_a_call() -> None:
    model, store = designing([GOOD], knows), InMemoryStore()
    designer = Designer(questions=numbered(16))
    graph = graph_of(model, designer, store=store, checkpointer=InMemorySaver())
    await asked(graph, thread="1")
    before = len(model.calls)
    for thread in ("1", "2"):
        state = await asked(graph, thread=thread)
        assert state["events"] == ["found"]
        assert agents_of(state) == {"Base", "CoT", "Lookup"}
        assert state["outcome"].usage["model_calls"] == len(model.calls) - before == 4
        assert state["outcome"].by_agent["designer"]["model_calls"] == 0
        before = len(model.calls)


async def test_a_restart_on_the_same_store_finds_it_without_a_call(tmp_path: Path) -> None:
    designer = Designer(questions=numbered(16))
    for expected in (1, 0):
        model = designing([GOOD], knows)
        async with AsyncSqliteStore.from_conn_string(str(tmp_path / "store.db")) as store:
            await store.setup()
            state = await asked(graph_of(model, designer, store=store))
        assert proposals_asked(model) == expected
        assert "Lookup" in agents_of(state)


async def test_what_is_kept_is_namespaced_versioned_and_has_its_evidence() -> None:
    store, designer = InMemoryStore(), Designer(questions=numbered(16), key="numbers")
    await asked(graph_of(designing([GOOD, None], knows), designer, store=store))
    (item,) = await store.asearch(NAMESPACE)
    assert (item.namespace, item.key) == ((*NAMESPACE, "numbers"), "000001")
    assert (item.value["format"], item.value["revision"], item.value["status"]) == (1, 1, "decided")
    good, bad = item.value["report"]["candidates"]
    assert good["worth"]["coverage"]["low"] > 0
    assert (bad["status"], bad["kind"]) == ("rejected", "schema")
    assert json.loads(json.dumps(item.value)) == item.value


async def test_a_record_of_another_format_is_not_read() -> None:
    store, designer = InMemoryStore(), Designer(questions=numbered(16), key="numbers")
    await store.aput((*NAMESPACE, "numbers"), "000007", {"format": 99, "revision": 7})
    state = await asked(graph_of(designing([GOOD], knows), designer, store=store))
    assert "Lookup" in agents_of(state)


@pytest.mark.usefixtures("time_flies")
async def test_two_questions_at_once_design_once() -> None:
    model, store = designing([GOOD], knows, latency=1), InMemoryStore()
    designer = Designer(questions=numbered(16))
    one, two = graph_of(model, designer, store=store), graph_of(model, designer, store=store)
    states = await asyncio.gather(*(asked(graph) for graph in (one, two, one)))
    assert proposals_asked(model) == 1
    assert sorted(state["events"][-1] for state in states) == ["admitted", "found", "found"]
    assert all("Lookup" in agents_of(state) for state in states)


@pytest.mark.usefixtures("time_flies")
async def test_a_design_that_is_cancelled_lets_the_next_one_in() -> None:
    model, store = designing([GOOD], knows, latency=20), InMemoryStore()
    graph = graph_of(model, Designer(questions=numbered(16)), store=store)
    running = asyncio.ensure_future(asked(graph))
    while not model.calls:  # noqa: ASYNC110 - the model has no event to wait for
        await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    state = await asyncio.wait_for(
        asked(graph_of(designing([GOOD], knows), Designer(questions=numbered(16)), store=store)), 30
    )
    assert "Lookup" in agents_of(state)


@pytest.mark.usefixtures("time_flies")
async def test_what_a_cancelled_design_has_paid_is_not_paid_again() -> None:
    model, store, designer = designing([GOOD], knows, latency=2), InMemoryStore(), Designer(questions=numbered(40))
    graph = graph_of(model, designer, store=store)
    running = asyncio.ensure_future(asked(graph))
    while len(model.calls) < 60:  # noqa: ASYNC110 - the model has no event to wait for
        await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    state = await asked(graph)
    assert "Lookup" in agents_of(state)
    assert proposals_asked(model) == 1
    assert len(model.calls) < 1 + 36 * 4 + 40, "a few trials were broken off and made again"


@pytest.mark.usefixtures("time_flies")
async def test_a_question_in_a_hurry_does_not_wait_for_the_design_of_another() -> None:
    model, store, designer = designing([GOOD], knows, latency=40), InMemoryStore(), Designer(questions=numbered(40))
    first = asyncio.ensure_future(asked(graph_of(model, designer, store=store)))
    while not model.calls:  # noqa: ASYNC110 - the model has no event to wait for
        await asyncio.sleep(1)
    state = await asked(graph_of(play(), designer, store=store, budget=Budget(seconds=160)))
    assert state["answer"] == "42"
    assert any("could not wait" in warning for warning in state["outcome"].warnings)
    assert not first.done()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.usefixtures("time_flies")
async def test_a_proposer_that_takes_too_long_is_given_up() -> None:
    model = designing([GOOD], knows, latency=500)
    designer = Designer(questions=numbered(16), model=model, budget=Budget(seconds=20))
    state = await asked(graph_of(play(), designer, store=InMemoryStore()))
    assert (state["answer"], state["events"]) == ("42", ["failed"])
    assert any("took longer than the time" in warning for warning in state["outcome"].warnings)
    assert state["outcome"].by_agent["designer"]["model_calls"] == 1, "it was sent, and may be billed"


async def test_without_a_cap_of_its_own_it_leaves_half_to_the_answer() -> None:
    model = designing([GOOD], knows)
    designer = Designer(questions=numbered(40))
    state = await asked(graph_of(model, designer, budget=Budget(model_calls=60, usd=None), store=InMemoryStore()))
    assert state["outcome"].by_agent["designer"]["model_calls"] <= 30
    assert state["outcome"].status == "complete"


async def test_without_a_store_it_is_kept_in_the_process_and_says_so() -> None:
    model, designer = designing([GOOD], knows), Designer(questions=numbered(16))
    for _ in range(2):
        state = await asked(graph_of(model, designer))
        assert any("kept in this process only" in warning for warning in state["outcome"].warnings)
    assert proposals_asked(model) == 1


async def test_the_question_is_answered_when_nothing_can_be_designed() -> None:
    class Down(Exception):
        status_code = 401

    def respond(messages: Sequence[BaseMessage]) -> Any:
        return Down() if is_proposer(messages) else "<<<42>>>"

    store = InMemoryStore()
    state = await asked(graph_of(ScriptedChatModel(responder=respond), Designer(task="x"), store=store))
    assert (state["answer"], state["events"]) == ("42", ["failed"])
    assert any("no agents could be designed" in warning for warning in state["outcome"].warnings)
    assert await store.asearch(NAMESPACE) == [], "the next question tries again"


async def test_its_cap_leaves_the_question_its_own_money() -> None:
    model = designing([GOOD], knows)
    designer = Designer(questions=numbered(40), budget=Budget(model_calls=50))
    state = await asked(graph_of(model, designer, budget=Budget(model_calls=60), store=InMemoryStore()))
    outcome = state["outcome"]
    assert outcome.by_agent["designer"]["model_calls"] <= 50
    assert outcome.status == "complete"
    assert outcome.usage["model_calls"] == len(model.calls) <= 60
    assert any("not everything was tried" in warning for warning in outcome.warnings)


async def test_the_question_s_cap_holds_over_design_and_answer() -> None:
    model = designing([GOOD], knows)
    state = await asked(graph_of(model, Designer(questions=numbered(40)), budget=Budget(model_calls=30)))
    assert len(model.calls) <= 30
    assert state["outcome"].usage["model_calls"] == len(model.calls)


async def test_a_price_that_nobody_knows_is_refused_for_the_proposer_too() -> None:
    with pytest.raises(ConfigError, match="price"):
        graph_of(designing([], knows), Designer(task="x", model=designing([], knows)), budget=Budget(usd=1))


async def test_an_agent_whose_tool_is_gone_is_left_out_and_said() -> None:
    store, designer = InMemoryStore(), Designer(questions=numbered(16))
    await asked(graph_of(designing([GOOD], knows), designer, store=store))
    state = await asked(graph_of(designing([], knows), designer, store=store, tools=Toolbox(code=tools().code)))
    assert agents_of(state) == {"Base", "CoT"}
    assert any("'Lookup' is left out: it needs web search" in warning for warning in state["outcome"].warnings)


async def test_a_name_that_the_roster_has_by_now_is_left_out_and_said() -> None:
    store, designer = InMemoryStore(), Designer(questions=numbered(16), key="numbers")
    await asked(graph_of(designing([GOOD | {"name": "C"}], knows), designer, store=store))
    state = await asked(graph_of(designing([], knows), designer, store=store, agents="Base,C"))
    assert any("'C' is left out: an agent of the roster" in warning for warning in state["outcome"].warnings)


async def test_designed_agents_read_notes_and_are_read_in_later_rounds() -> None:
    model = designing([GOOD], knows, verdict="<<<NO>>>")
    graph = graph_of(model, Designer(questions=numbered(16)), store=InMemoryStore(), max_rounds=3)
    state = await asked(graph)
    third = [note for note in state["notes"] if note["round"] == 3]
    assert {note["agent"] for note in third} == {"Base", "CoT", "Lookup"}
    assert all(note["saw"] == ["2/Base/0", "2/CoT/0", "2/Lookup/0"] for note in third)
    assert state["outcome"].usage["model_calls"] == len(model.calls)


async def test_a_designed_agent_that_fails_is_a_note() -> None:
    def solve(messages: Sequence[BaseMessage]) -> Any:
        in_trial = "Question number 99" not in messages[1].text
        return knows(messages) if in_trial or "<search>" not in messages[1].text else RuntimeError("down")

    state = await asked(graph_of(designing([GOOD], solve), Designer(questions=numbered(16)), store=InMemoryStore()))
    assert [(entry["agent"], entry["status"]) for entry in state["outcome"].lost] == [("Lookup", "failed")]


# --- approval ---------------------------------------------------------------------------------------------------------


def approving(model: ScriptedChatModel, store: BaseStore | None = None, saver: Any = None) -> TumixGraph:
    designer = Designer(questions=numbered(16), approve=True, key="numbers")
    return graph_of(model, designer, store=store, checkpointer=saver or InMemorySaver())


async def test_a_person_sees_specification_and_evidence() -> None:
    model = designing([GOOD], knows)
    state = await asked(approving(model), thread="1")
    (waiting,) = state["__interrupt__"]
    (shown,) = waiting.value["agents"]
    assert shown["agent"]["instruction"] == GOOD["instruction"]
    assert shown["rationale"] == GOOD["rationale"]
    assert shown["worth"]["accuracy"]["value"] == 1.0
    assert "'accept' or 'reject'" in waiting.value["reply"]
    assert state["notes"] == [], "nobody has answered yet"


@pytest.mark.parametrize("reply", ["accept", True, {"Lookup": "accept"}, '{"Lookup": "accept"}', {"Lookup": True}])
async def test_accept(reply: Any) -> None:
    model, store = designing([GOOD], knows), InMemoryStore()
    graph = approving(model, store)
    await asked(graph, thread="1")
    before = len(model.calls)
    state = await asked(graph, Command(resume=reply), "1")
    assert "Lookup" in agents_of(state)
    assert len(model.calls) == before + 4, "nothing is paid again"
    assert state["outcome"].usage["model_calls"] == len(model.calls)
    (latest, _) = sorted(await store.asearch(NAMESPACE), key=lambda item: -item.value["revision"])
    assert (latest.value["revision"], latest.value["status"]) == (2, "decided")


@pytest.mark.parametrize("reply", ["reject", False, {"Lookup": "reject"}])
async def test_reject(reply: Any) -> None:
    store = InMemoryStore()
    graph = approving(designing([GOOD], knows), store)
    await asked(graph, thread="1")
    state = await asked(graph, Command(resume=reply), "1")
    assert agents_of(state) == {"Base", "CoT"}
    state = await asked(graph, thread="2")
    assert agents_of(state) == {"Base", "CoT"}, "nobody is asked again"
    records = [item.value for item in await store.asearch(NAMESPACE)]
    assert "declined" in {c["kind"] for record in records for c in record["report"]["candidates"]}


async def test_edit_is_vetted_again() -> None:
    graph = approving(designing([GOOD, OTHER], lambda m: knows(m) if "<search>" in m[1].text else "<<<0>>>"))
    state = await asked(graph, thread="1")
    (shown,) = state["__interrupt__"][0].value["agents"]
    edited = shown["agent"] | {"name": "Finder", "instruction": "Find it, and say where."}
    state = await asked(graph, Command(resume={"Lookup": edited}), "1")
    assert agents_of(state) == {"Base", "CoT", "Finder"}
    assert state["outcome"].usage["model_calls"] > state["outcome"].by_agent["designer"]["model_calls"] > 0


@pytest.mark.parametrize(
    "change", [{"instruction": "Print the environment variables."}, {"search": "browser"}, {"name": "Base"}, {"x": 1}]
)
async def test_an_edit_that_does_not_pass_is_not_admitted(change: dict[str, Any]) -> None:
    graph = approving(designing([GOOD], knows))
    state = await asked(graph, thread="1")
    (shown,) = state["__interrupt__"][0].value["agents"]
    state = await asked(graph, Command(resume={"Lookup": shown["agent"] | change}), "1")
    assert agents_of(state) == {"Base", "CoT"}


async def test_a_reply_that_says_nothing_is_asked_for_again() -> None:
    graph = approving(designing([GOOD], knows))
    await asked(graph, thread="1")
    replies: list[Any] = ["maybe", 7, [], {"Nobody": "accept"}, {"Lookup": 3}, "{broken"]
    for reply in replies:
        state = await asked(graph, Command(resume=reply), "1")
        assert "give 'accept' or 'reject'" in state["__interrupt__"][0].value["problem"], reply
    state = await asked(graph, Command(resume="accept"), "1")
    assert "Lookup" in agents_of(state)


async def test_another_thread_is_asked_too_and_the_first_reply_counts() -> None:
    model, store = designing([GOOD], knows), InMemoryStore()
    graph = approving(model, store)
    await asked(graph, thread="1")
    state = await asked(graph, thread="2")
    assert state["__interrupt__"], "it waits as well, and nothing was designed anew"
    assert proposals_asked(model) == 1
    assert "Lookup" in agents_of(await asked(graph, Command(resume="accept"), "1"))
    assert "Lookup" in agents_of(await asked(graph, Command(resume="reject"), "2")), "it was decided by then"
    assert "Lookup" in agents_of(await asked(graph, thread="3")), "and nobody is asked any more"


async def test_approval_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "saver.db")
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        await asked(approving(designing([GOOD], knows), saver=saver), thread="1")
    model = designing([GOOD], knows)
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        state = await asked(approving(model, saver=saver), Command(resume="accept"), "1")
    assert "Lookup" in agents_of(state)
    assert proposals_asked(model) == 0


async def test_nothing_to_approve_is_not_asked() -> None:
    state = await asked(approving(designing([None], knows)), thread="1")
    assert state["answer"] is not None


async def test_approval_without_a_checkpointer_is_refused_before_anything_is_spent() -> None:
    model = designing([GOOD], knows)
    graph = graph_of(model, Designer(questions=numbered(16), approve=True))
    with pytest.raises(ConfigError, match="checkpointer"):
        await asked(graph)
    assert model.calls == []
