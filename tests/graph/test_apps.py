"""The graph in other people's hands: as a node, on a thread, streamed, edited, and fed with nonsense."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from langgraph_tumix import Agent, Budget, ConfigError, TumixContext, create_tumix
from langgraph_tumix.testing import ScriptedChatModel, note
from tests.graph.roles import play, toolbox

OUTPUT = {"messages", "answer", "outcome"}


def tumix(**options: Any) -> Any:
    """Build a small graph on fakes."""
    return create_tumix(options.pop("model", play()), **{"agents": ["CoT", "C"], "tools": toolbox(), **options})


async def test_question_or_messages() -> None:
    by_question = await tumix().ainvoke({"question": "What is it?"})
    by_messages = await tumix().ainvoke({"messages": [("user", "What is it?")]})
    for state in (by_question, by_messages):
        assert state.keys() == OUTPUT
        assert [type(message) for message in state["messages"]] == [HumanMessage, AIMessage]
        assert state["messages"][-1].text == state["answer"] == "42"


async def test_a_weak_answer_says_so_where_people_read_it() -> None:
    state = await tumix(model=play(lambda m: "junk" if "interpreter" in m[1].text else "<<<42>>>")).ainvoke(
        {"question": "What is it?"}
    )
    assert state["answer"] == "42"
    assert "degraded: 1 of 2 agents were lost" in state["messages"][-1].text


class ParentState(MessagesState):
    user: str


@dataclass
class ParentContext:
    tenant: str = "t"
    seed: str = "not a number, and not ours"


def parent(graph: Any, **options: Any) -> Any:
    """Carry `graph` as a node of an app with another state and another context."""
    builder = StateGraph(ParentState, context_schema=ParentContext)
    builder.add_node("tumix", graph).add_edge(START, "tumix")
    return builder.compile(**options)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_as_a_node_of_another_app(durability: Any) -> None:
    app = parent(tumix(), checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    seen: list[tuple[tuple[str, ...], Any]] = []
    async for namespace, data in app.astream(
        {"messages": [("user", "What is it?")], "user": "ann"},
        thread,
        context=ParentContext(),
        stream_mode="custom",
        subgraphs=True,
        durability=durability,
    ):
        seen.append((namespace, data["tumix"]))
    state = await app.aget_state(thread)
    assert state.values.keys() == {"messages", "user"}, "private channels stay private"
    assert state.values["messages"][-1].text == "42"
    notes = {(data["agent"], data["round"]) for _, data in seen if data["event"] == "note"}
    assert notes == {(agent, round_) for agent in ("CoT", "C") for round_ in (1, 2)}
    assert all(namespace and namespace[0].startswith("tumix:") for namespace, _ in seen)


async def test_an_app_reaches_our_knobs_under_our_name() -> None:
    class Context(TypedDict, total=False):
        tumix: dict[str, int]

    builder = StateGraph(ParentState, context_schema=Context)
    app: Any = builder.add_node("tumix", tumix(model=play(verdict="<<<NO>>>"))).add_edge(START, "tumix").compile()
    rounds = [
        data["tumix"]["round"]
        async for _, data in app.astream(
            {"messages": [("user", "?")]},
            context={"tumix": {"max_rounds": 3}},
            stream_mode="custom",
            subgraphs=True,
        )
        if data["tumix"]["event"] == "round"
    ]
    assert rounds == [1, 2, 3]
    with pytest.raises(ConfigError, match="max_round"):
        await app.ainvoke({"messages": [("user", "?")]}, context={"tumix": {"max_round": 3}})


async def test_a_context_of_our_own() -> None:
    graph = tumix(model=play(verdict="<<<NO>>>"), max_rounds=2)
    for context in ({"max_rounds": 3}, TumixContext(max_rounds=3)):
        state = await graph.ainvoke({"question": "?"}, context=context)
        assert len(state["outcome"].rounds) == 3
    assert len((await graph.ainvoke({"question": "?"}))["outcome"].rounds) == 2


async def test_studio_sees_titles_ranges_and_the_defaults_in_force() -> None:
    schema = tumix(max_rounds=3, budget=Budget(seconds=60)).get_context_jsonschema()
    knobs = schema["properties"]
    assert knobs["max_rounds"] == knobs["max_rounds"] | {"title": "Most rounds", "default": 3, "minimum": 1}
    assert knobs["max_seconds"]["default"] == 60
    assert tumix().get_input_jsonschema()["properties"].keys() == {"messages", "question"}
    assert tumix().get_output_jsonschema()["properties"].keys() == OUTPUT


async def test_a_second_turn_knows_the_first_and_inherits_nothing_else() -> None:
    model = play()
    graph = tumix(model=model, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"question": "What is it?"}, thread)
    calls = len(model.calls)
    state = await graph.ainvoke({"messages": [("user", "And its half?")]}, thread)
    assert len(state["messages"]) == 4
    opening = model.calls[calls][1].text
    assert "# Question\n\nAnd its half?" in opening
    assert "User: What is it?" in opening
    assert "Assistant: 42" in opening
    assert "# Notes" not in opening
    assert state["outcome"].usage["model_calls"] == len(model.calls) - calls
    kept = (await graph.aget_state(thread)).values
    assert {note["round"] for note in kept["notes"]} == {1, 2}
    assert len(kept["notes"]) == 4


async def test_the_state_is_plain_and_survives_strict_serialisation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    graph = tumix(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"question": "What is it?"}, thread)
    values = (await graph.aget_state(thread)).values
    json.dumps({key: value for key, value in values.items() if key != "messages"})
    assert values["outcome"]["answer"] == "42"


async def test_a_note_can_be_edited_and_the_run_forked_from_there() -> None:
    graph = tumix(model=play(verdict="<<<YES>>>"), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"question": "What is it?"}, thread)
    history = [state async for state in graph.aget_state_history(thread)]
    before_judge = next(state for state in history if state.next == ("judge",))
    edits = [note(agent, "41", round=2) for agent in ("CoT", "C")]
    fork = await graph.aupdate_state(before_judge.config, {"notes": edits})
    assert (await graph.aget_state(fork)).next == ("judge",)
    assert (await graph.ainvoke(None, fork))["answer"] == "41"


async def test_streams() -> None:
    first: list[Any] = []
    model = play()
    async for data in tumix(model=model).astream({"question": "What is it?"}, stream_mode="custom"):
        if not first:
            assert not model.calls, "the first event precedes the first model call"
        first.append(data["tumix"]["event"])
    assert first[0] == "question"
    assert first[-1] == "answer"
    assert {"round", "agent", "step", "note", "judged"} <= set(first)


async def test_messages_mode_streams_no_inner_agent() -> None:
    texts = [message.text async for message, _ in tumix().astream({"question": "What is it?"}, stream_mode="messages")]
    assert set(texts) <= {"42", "What is it?"}


async def test_agents_can_be_opened() -> None:
    graph = tumix(agents=["CoT", "C", "CSG_gs"])
    assert {name for name, _ in graph.get_subgraphs()} == {"CoT", "C", "CSG_gs"}
    drawn = graph.get_graph(xray=True)
    assert {"CSG_gs:guide", "CSG_gs:model", "CSG_gs:tool", "C:model", "C:tool"} <= set(drawn.nodes)
    assert graph.nodes["C"].metadata is not None


async def test_nothing_blocks_the_loop() -> None:
    with blockbuster_ctx():
        assert (await tumix().ainvoke({"question": "What is it?"}))["answer"] == "42"


async def test_ones_own_agent_with_ones_own_tool_and_model() -> None:
    @tool
    def double(number: int) -> str:
        """Double a number."""
        return str(2 * number)

    def respond(messages: Any) -> Any:
        results = [message for message in messages if message.type == "tool"]
        if results:
            return f"<<<{results[-1].text.splitlines()[1]}>>>"
        return AIMessage("", tool_calls=[{"name": "double", "args": {"number": 21}, "id": "1"}])

    own = Agent(
        name="Doubler",
        instruction="Double what you can.",
        tools=(double,),
        model=ScriptedChatModel(responder=respond),
    )
    graph = tumix(agents=["CoT", own], min_rounds=1, max_rounds=1)
    states = [state async for state in graph.astream({"question": "What is it?"}, stream_mode="values")]
    made = next(note for note in states[-1]["notes"] if note["agent"] == "Doubler")
    assert (made["status"], made["answer"]) == ("ok", "42")
    assert [(step["kind"], step["ok"]) for step in made["evidence"]] == [("tool", True)]


async def test_a_tool_may_ask_a_person() -> None:
    @tool
    def approve(plan: str) -> str:
        """Ask a person whether a plan is good."""
        return str(interrupt({"plan": plan}))

    def respond(messages: Any) -> Any:
        results = [message for message in messages if message.type == "tool"]
        if results:
            return f"<<<{results[-1].text.splitlines()[1]}>>>"
        return AIMessage("", tool_calls=[{"name": "approve", "args": {"plan": "say 42"}, "id": "1"}])

    asking = Agent(name="Asks", instruction="Ask.", tools=(approve,), model=ScriptedChatModel(responder=respond))
    graph = tumix(agents=["CoT", asking], min_rounds=1, max_rounds=1, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    paused = await graph.ainvoke({"question": "What is it?"}, thread)
    assert paused["__interrupt__"][0].value == {"plan": "say 42"}
    state = await graph.ainvoke(Command(resume="42"), thread)
    assert state["outcome"].votes == {"42": 2}
