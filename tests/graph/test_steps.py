"""Agents that work in steps: the order of things, the limits, and the fifteen that a model designed."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import tool

from langgraph_tumix import Agent, create_tumix
from langgraph_tumix.agents.evolve import DESIGNED, EVOLVE
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.core.notes import Note
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import play, role_of, toolbox
from tests.graph.test_agents import REPLIES, matched, notes_of

pytestmark = pytest.mark.long

PROGRAM = "```python\nprint(1)\n```"


async def note_of(agent: Agent, replies: Sequence[str]) -> tuple[Note, list[str]]:
    """Run an agent on a model that gives these replies, the last one for ever; return what it was told in each turn."""
    said = iter(replies)
    last = replies[-1]
    model = play(lambda _: next(said, last))
    (note,) = await notes_of(model, agents=[agent], min_rounds=1, max_rounds=1)
    return note, [call[-1].text for call in model.calls if role_of(call) == "solver"]


def stepper(**fields: Any) -> Agent:
    return Agent(name="Stepper", instruction="Make a plan.", steps=("Carry it out.", "Check it."), **fields)


async def test_steps_are_given_in_turn_and_the_last_answer_counts() -> None:
    note, told = await note_of(stepper(), ["The plan.", "I get <<<1>>>.", "No, it is <<<2>>>."])
    assert (note["status"], note["answer"], note["usage"]["model_calls"]) == ("ok", "2", 3)
    assert "Make a plan." in told[0]
    assert "3 steps; the above is the first" in told[0]
    assert told[1].startswith("# Step 2 of 3\n\nCarry it out.")
    assert told[2].startswith("# Step 3 of 3\n\nCheck it.")
    assert "asked for in the last step" in told[1]
    assert "Give the final answer" in told[2]
    assert "Tool uses" not in "".join(told)


async def test_the_answer_of_an_earlier_step_does_not_count() -> None:
    note, _ = await note_of(stepper(), ["<<<1>>>", "<<<1>>>", "It stands."])
    assert (note["status"], note["answer"]) == ("no_answer", None)


async def test_tool_uses_are_shared_over_the_steps() -> None:
    agent = stepper(code="loop", max_tool_uses=3)
    note, told = await note_of(agent, [PROGRAM, "Planned.", PROGRAM, PROGRAM, "Done.", "<<<7>>>"])
    assert (note["answer"], note["usage"]["model_calls"], note["usage"]["tool_calls"]) == ("7", 6, 3)
    assert "at most 3 tool uses for the whole" in told[0]
    assert "Tool uses left: 2. Go on, or end this step" in told[1]
    assert "Tool uses left: 2." in told[2], "to end a step costs nothing"
    assert "No tool use is left. End this step now" in told[4]
    assert "No tool use is left. Give the final answer now" in told[5]


async def test_in_the_last_step_a_turn_that_leads_nowhere_is_told_so() -> None:
    agent = Agent(name="Stepper", instruction="Plan.", steps=("Do it.",), code="loop", max_tool_uses=2)
    note, told = await note_of(agent, ["The plan.", "Hm.", "<<<7>>>"])
    assert note["answer"] == "7"
    assert "neither an action nor a final answer" in told[2]


async def test_malformed_turns_do_not_end_a_step() -> None:
    agent = stepper(code="loop", search="gs", max_tool_uses=2)
    note, told = await note_of(agent, [f"{PROGRAM}\n<search>x</search>", "<search>x", "Fine.", "Fine.", "<<<7>>>"])
    assert note["answer"] == "7"
    assert "a program and a search" in told[1]
    assert "breaks off" in told[2]
    assert [text.split("\n")[0] for text in told[3:]] == ["# Step 2 of 3", "# Step 3 of 3"]


async def test_a_guide_advises_in_every_step_as_long_as_there_are_tools() -> None:
    agent = stepper(code="loop", guide="You guide the solver.", max_tool_uses=2)
    told: list[str] = []

    def solve(messages: Sequence[BaseMessage]) -> str:
        if "Progress so far" in messages[-1].text:
            return "<<<Go on.>>>"
        told.append(messages[-1].text)
        return PROGRAM if len(told) > 3 else "Done."

    (note,) = await notes_of(play(solve), agents=[agent], min_rounds=1, max_rounds=1)
    assert note["usage"]["model_calls"] == agent.most_model_calls == 2 + 3 + 4
    assert ["# Guidance\n\nGo on." in text for text in told] == [True] * 4 + [False]


@pytest.mark.parametrize("reply", [*REPLIES.values(), "<<<5>>>"], ids=[*REPLIES, "answer"])
async def test_a_run_in_steps_ends_whatever_the_model_writes(reply: str) -> None:
    notes = await notes_of(play(lambda _: reply), agents=DESIGNED, min_rounds=1, max_rounds=1)
    for agent, note in matched(DESIGNED, notes):
        assert note["usage"]["model_calls"] <= agent.most_model_calls, agent.name
        assert note["usage"]["tool_calls"] <= agent.max_tool_uses, agent.name
        assert note["answer"] == ("5" if reply == "<<<5>>>" else None), agent.name


async def test_the_most_calls_are_reached() -> None:
    """Steps ended first, tools used up in the last one; the searches of these tests call no model."""

    def wasteful(agent: Agent, messages: Sequence[BaseMessage]) -> str:
        steps = sum("# Step " in message.text for message in messages)
        return "Done." if steps < len(agent.steps) else "<search>x</search>" if agent.search != "none" else PROGRAM

    agents = [replace(agent, model=play(partial(wasteful, agent))) for agent in (*DESIGNED, *FIFTEEN)]
    notes = await notes_of(play(), agents=agents, min_rounds=1, max_rounds=1)
    for agent, note in matched(agents, notes):
        searches = agent.max_tool_uses if agent.search in ("llm", "com") else 0
        assert note["usage"]["model_calls"] == agent.most_model_calls - searches, agent.name


async def test_the_roster_of_tumix_evolve_is_the_paper_s_best_group() -> None:
    agents = roster("tumix-evolve")
    assert len(agents) == len(set(EVOLVE)) == 15
    assert len([agent for agent in agents if agent in DESIGNED]) == 8
    assert {agent.name for agent in DESIGNED} <= {agent.name for agent in roster([agent.name for agent in DESIGNED])}
    notes = await notes_of(play(), agents="tumix-evolve", max_rounds=2)
    assert {note["status"] for note in notes} == {"ok"}
    assert len(notes) == 30


async def test_a_limit_of_the_app_around_does_not_break_off_the_steps() -> None:
    agent = stepper(code="loop", guide="You guide the solver.", max_tool_uses=8)
    graph = create_tumix(play(lambda _: PROGRAM), tools=toolbox(), agents=[agent], min_rounds=1, max_rounds=1)
    state = await graph.ainvoke({"question": "What is it?"}, {"recursion_limit": 12})
    assert state["outcome"].lost[0]["cause"] == "no_answer", "it came to its own end"
    assert state["outcome"].usage["model_calls"] == 8 + 8 + 3


async def test_a_call_beyond_the_limit_is_answered_before_the_next_step() -> None:
    @tool
    def clock() -> str:
        """Tell the time."""
        return "noon"

    calls = iter(range(100))
    model = ScriptedChatModel(
        responder=lambda _: AIMessage("", tool_calls=[{"name": "clock", "args": {}, "id": str(next(calls))}])
    )
    agent = Agent(name="Clock", instruction="Look.", steps=("Look again.",), tools=(clock,), max_tool_uses=1)
    (note,) = await notes_of(model, agents=[agent], min_rounds=1, max_rounds=1)
    assert note["usage"]["model_calls"] == agent.most_model_calls == 3
    answered = [message.tool_call_id for message in model.calls[-1] if isinstance(message, ToolMessage)]
    called = [
        call["id"] for message in model.calls[-1] if isinstance(message, AIMessage) for call in message.tool_calls
    ]
    assert answered == called == ["0", "1"]


BAD_STEPS: dict[str, dict[str, Any]] = {
    "one text": {"steps": "Check it."},
    "an empty step": {"steps": ("Check it.", "  ")},
    "no texts": {"steps": (1, 2)},
    "one program": {"steps": ("Check it.",), "code": "once"},
}


@pytest.mark.parametrize("fields", BAD_STEPS.values(), ids=BAD_STEPS.keys())
def test_steps_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Agent(name="Stepper", instruction="Plan.", **fields)
