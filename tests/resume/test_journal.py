"""The journal within one process: runs that are cancelled, interrupted or cut off, and go on."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import Field

from benchmarks.kill_points import held as stored
from langgraph_tumix import Agent, Budget, Outcome, Toolbox, create_tumix
from langgraph_tumix.background import finished
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.core.usage import used
from langgraph_tumix.interpreter import JupyterInterpreter
from langgraph_tumix.journal import Journal
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import play, role_of, toolbox

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("time_flies")]

THREAD: Any = {"configurable": {"thread_id": "1"}}
QUESTION: Any = {"question": "What is it?"}
PAGE = "12345678123456781234567812345678"


class Cut(ScriptedChatModel):
    """Does not come back from a call when so many have been finished, until `cuts` is emptied."""

    cuts: list[int]
    reached: Any = Field(default_factory=asyncio.Event)
    speaking: int = 0

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        if self.cuts and len(self.calls) >= self.cuts[0]:
            self.reached.set()
            await asyncio.sleep(3600)
        self.speaking += 1
        try:
            return await super()._agenerate(messages, *args, **kwargs)
        finally:
            self.speaking -= 1

    async def cut(self, run: "asyncio.Future[Any]") -> None:
        """Cancel a run when it has reached the cut, and nobody else is being answered."""
        await self.reached.wait()
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0.01)
            quiet = 0 if self.speaking else quiet + 1
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def held(saver: InMemorySaver) -> set[str]:
    """Return the threads that hold checkpoints."""
    return {thread for thread, spaces in saver.storage.items() if any(spaces.values())}


async def cut_and_resumed(calls: int, **options: Any) -> tuple[dict[str, Any], list[str], InMemorySaver]:
    """Cancel a run at a call, resume it, and return its state, all finished calls, and where it was kept."""
    saver = InMemorySaver()
    model = Cut(responder=play(verdict="<<<NO>>>").responder, cuts=[calls])
    given: dict[str, Any] = {"agents": ["CoT", "C", "CSG_gs"], "tools": toolbox(), "max_rounds": 2}
    graph = create_tumix(model, checkpointer=saver, **(given | options))
    run = asyncio.ensure_future(graph.ainvoke(QUESTION, THREAD))
    await model.cut(run)
    await finished()
    model.cuts.clear()
    state = await graph.ainvoke(None, THREAD)
    await finished()
    return state, [repr([m.content for m in call]) for call in model.calls], saver


@pytest.mark.parametrize("calls", [0, 1, 3, 5, 9, 12])
async def test_a_run_goes_on_where_it_was(calls: int) -> None:
    state, asked, saver = await cut_and_resumed(calls)
    outcome = Outcome(state["outcome"])
    assert (outcome.answer, outcome.status) == ("42", "complete")
    assert len(set(asked)) == len(asked) == outcome.usage["model_calls"], "every call once, and all in the sum"
    assert outcome.usage["tool_calls"] == 6
    assert outcome.usage == (await cut_and_resumed(0))[0]["outcome"].usage
    assert held(saver) == {"1"}, "the journal is gone when the question is answered"


async def test_the_journal_survives_strict_serialisation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    state, asked, _ = await cut_and_resumed(5)
    assert state["answer"] == "42"
    assert len(set(asked)) == len(asked)


async def test_a_checkpointer_holds_the_notes_once() -> None:
    """LangGraph by itself stores all channels at each step: 5.6 times these notes."""
    number, raw, values, size = await stored(8000)
    assert number == 45
    assert values < 1.25 * raw
    assert size < 1.5 * raw


async def test_as_a_node_of_another_app() -> None:
    saver = InMemorySaver()
    model = Cut(responder=play().responder, cuts=[4])
    builder = StateGraph(MessagesState)
    builder.add_node("tumix", create_tumix(model, agents=["C", "CSG_gs"], tools=toolbox())).add_edge(START, "tumix")
    app: Any = builder.compile(checkpointer=saver)
    run = asyncio.ensure_future(app.ainvoke({"messages": [("user", "What is it?")]}, THREAD))
    await model.cut(run)
    model.cuts.clear()
    state = await app.ainvoke(None, THREAD)
    asked = [repr([m.content for m in call]) for call in model.calls]
    assert state["messages"][-1].text == "42"
    assert len(set(asked)) == len(asked)


async def test_what_was_spent_before_counts_against_the_cap() -> None:
    state, asked, _ = await cut_and_resumed(7, budget=Budget(model_calls=9))
    assert len(asked) <= 9
    assert state["outcome"]["usage"]["model_calls"] == len(asked)
    assert state["outcome"]["stop_reason"] == "the budget was reached"


async def test_an_agent_that_asks_a_person_is_not_paid_twice() -> None:
    @tool
    def approve(plan: str) -> str:
        """Ask a person whether a plan is good."""
        return str(interrupt({"plan": plan}))

    def respond(messages: Sequence[BaseMessage]) -> Any:
        results = [message for message in messages if message.type == "tool"]
        if results:
            return f"<<<{results[-1].text.splitlines()[1]}>>>"
        return AIMessage("", tool_calls=[{"name": "approve", "args": {"plan": "say 42"}, "id": "1"}])

    model = ScriptedChatModel(responder=respond)
    asking = Agent(name="Asks", instruction="Ask.", tools=(approve,), model=model)
    graph = create_tumix(
        play(), agents=["CoT", asking], tools=toolbox(), min_rounds=1, max_rounds=1, checkpointer=InMemorySaver()
    )
    await graph.ainvoke(QUESTION, THREAD)
    outcome = Outcome((await graph.ainvoke(Command(resume="42"), THREAD))["outcome"])
    assert outcome.votes == {"42": 2}
    assert outcome.by_agent["Asks"]["model_calls"] == len(model.calls) == 2


@pytest.mark.kernel
async def test_a_new_kernel_knows_the_variables_of_the_old_one() -> None:
    def respond(messages: Sequence[BaseMessage]) -> str:
        done = sum("[[output of your program" in message.text for message in messages)
        if role_of(messages) == "judge":
            return "<<<YES>>>"
        if done == 0:
            return "```python\nsix = 6\nprint(six)\n```"
        return "```python\nprint(six * 7)\n```" if done == 1 else f"<<<{messages[-1].text.splitlines()[1]}>>>"

    model = Cut(responder=respond, cuts=[1])
    graph = create_tumix(
        model,
        agents=["C"],
        tools=Toolbox(code=JupyterInterpreter()),
        min_rounds=1,
        max_rounds=1,
        checkpointer=InMemorySaver(),
    )
    run = asyncio.ensure_future(graph.ainvoke(QUESTION, THREAD))
    await model.cut(run)
    model.cuts.clear()
    state = await graph.ainvoke(None, THREAD)
    await finished()
    assert state["answer"] == "42"
    assert state["outcome"]["usage"]["tool_calls"] == 2, "what is run again for its variables is not counted again"


async def test_a_question_that_was_given_up_leaves_nothing_once_the_next_is_asked() -> None:
    saver = InMemorySaver()
    model = Cut(responder=play().responder, cuts=[1])
    graph = create_tumix(model, agents=["C", "C+"], tools=toolbox(), checkpointer=saver)
    run = asyncio.ensure_future(graph.ainvoke(QUESTION, THREAD))
    await model.cut(run)
    assert len(held(saver)) == 2
    model.cuts.clear()
    state = await graph.ainvoke({"question": "Something else?"}, THREAD)
    await finished()
    assert state["answer"] == "42"
    assert held(saver) == {"1"}


async def test_going_back_in_time_asks_anew() -> None:
    model = play()
    graph = create_tumix(model, agents=["CoT", "C"], tools=toolbox(), checkpointer=InMemorySaver())
    await graph.ainvoke(QUESTION, THREAD)
    before = len(model.calls)
    history = [state async for state in graph.aget_state_history(THREAD)]
    first = [state for state in history if set(state.next) == {"CoT", "C"}][-1]
    await graph.ainvoke(None, first.config)
    assert len(model.calls) == 2 * before


async def test_a_checkpointer_that_cannot_keep_a_journal_does_not_end_the_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Narrow(InMemorySaver):
        async def aput(self, config: Any, *args: Any) -> Any:
            if config["configurable"]["thread_id"] != "1":
                raise RuntimeError("this store takes one thread only")
            return await super().aput(config, *args)

    graph = create_tumix(play(), agents=["CoT"], tools=toolbox(), checkpointer=Narrow())
    assert (await graph.ainvoke(QUESTION, THREAD))["answer"] == "42"
    assert "calls may be paid again" in caplog.text


async def test_without_a_checkpointer_nothing_is_kept() -> None:
    log = Journal(None, PAGE, "1 agents").of("C/0", Ledger())
    counted = iter(range(9))

    async def count() -> int:
        return next(counted)

    assert [await log.once("same", count) for _ in range(3)] == [0, 1, 2]


async def test_the_same_thing_done_twice_is_two_entries() -> None:
    saver, counted = InMemorySaver(), iter(range(9))

    async def count() -> int:
        return next(counted)

    first = Journal(saver, PAGE, "1 agents")
    await first.read(THREAD)
    ledger = Ledger()
    log = first.of("C/0", ledger)
    assert [await log.once("same", count) for _ in range(2)] == [0, 1]
    ledger.reserve(used(model_calls=1))
    ledger.settle(used(model_calls=1), used(model_calls=1, input_tokens=7))
    assert await log.once("other", count) == 2
    log.keep()

    again = Journal(saver, PAGE, "1 agents")
    await again.read(THREAD)
    assert again.spent == used(model_calls=1, input_tokens=7)
    account = Ledger()
    later = again.of("C/0", account)
    assert account.spent == again.spent
    assert [await later.once("same", count) for _ in range(3)] == [0, 1, 3]
    assert await again.of("C+/0", Ledger()).once("same", count) == 4, "another run has done nothing yet"
    await again.discard()
    assert not held(saver)


async def test_the_notes_that_had_come_count_against_the_cap() -> None:
    """Agents of one call leave nothing in the journal: their notes are read, where LangGraph keeps them meanwhile."""
    given: dict[str, Any] = {
        "agents": ["Base", "CoT", "CoT_code", "S"],
        "budget": Budget(model_calls=3),
        "concurrency": 1,
    }
    state, asked, saver = await cut_and_resumed(2, **given)
    assert len(asked) == len(set(asked)) == state["outcome"]["usage"]["model_calls"] == 3
    assert state["outcome"]["stop_reason"] == "the budget was reached"
    assert held(saver) == {"1"}


async def test_only_what_more_work_follows_is_written_down() -> None:
    saver, ledger = InMemorySaver(), Ledger()
    journal = Journal(saver, PAGE, "1 agents")
    log = journal.of("C/0", ledger)

    async def work() -> str:
        return "done"

    await log.once("first", work)
    await finished()
    assert not held(saver)
    await log.once("second", work)
    await finished()
    again = Journal(saver, PAGE, "1 agents")
    await again.read(THREAD)
    later = again.of("C/0", ledger)

    async def anew() -> str:
        return "done anew"

    assert [await later.once(key, anew) for key in ("first", "second")] == ["done", "done anew"]


async def test_a_journal_that_is_ahead_of_the_checkpoints_is_read() -> None:
    """A process that is killed may not have saved the last checkpoint yet; LangGraph then resumes a step earlier."""
    saver = InMemorySaver()
    model = Cut(responder=play().responder, cuts=[5])
    graph = create_tumix(model, agents=["CoT", "C", "CSG_gs"], tools=toolbox(), checkpointer=saver)
    run = asyncio.ensure_future(graph.ainvoke(QUESTION, THREAD))
    await model.cut(run)
    await finished()
    checkpoints = saver.storage["1"][""]
    del checkpoints[max(checkpoints)]
    model.cuts.clear()
    outcome = (await graph.ainvoke(None, THREAD))["outcome"]
    asked = [repr([m.content for m in call]) for call in model.calls]
    assert outcome.answer == "42"
    again = len(asked) - len(set(asked))
    assert again <= 2, "at most the last reply of each agent that had no note yet"
