"""The fifteen agents, each doing what its row of the paper's table says, and ending whatever the model writes."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from langgraph_tumix import Agent, create_tumix
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.core.notes import Note
from tests.graph.roles import play, role_of, solver, toolbox

ROWS = {
    "Base": [],
    "CoT": [],
    "CoT_code": ["code"],
    "S": ["search"],
    "C": ["code"],
    "C+": ["code"],
    **{f"CS_{kind}": ["search", "code"] for kind in ("gs", "llm", "com")},
    **{
        f"CSG{mark}_{kind}": ["guide", "search", "guide", "code", "guide"]
        for mark in ("", "+")
        for kind in ("gs", "llm", "com")
    },
}


async def notes_of(model: Any, **options: Any) -> list[Note]:
    """Run a question and return its notes."""
    graph = create_tumix(model, tools=options.pop("tools", None) or toolbox(), **options)
    states = [state async for state in graph.astream({"question": "What is it?"}, stream_mode="values")]
    return list(states[-1]["notes"])


def matched(agents: Sequence[Agent], notes: Sequence[Note]) -> list[tuple[Agent, Note]]:
    """Return each agent with its only note."""
    notes_by_agent = {note["agent"]: note for note in notes}
    assert len(notes) == len(notes_by_agent) == len(agents)
    return [(agent, notes_by_agent[agent.name]) for agent in agents]


async def test_each_agent_does_what_its_row_says() -> None:
    notes = await notes_of(play(), max_rounds=2)
    assert [agent.name for agent in FIFTEEN] == list(ROWS)
    assert {note["agent"] for note in notes} == set(ROWS)
    for note in notes:
        assert [step["kind"] for step in note["evidence"]] == ROWS[note["agent"]], note["agent"]
        assert (note["status"], note["answer"]) == ("ok", "42"), note
        assert all(step["ok"] for step in note["evidence"])


async def test_what_was_run_and_found_stands_in_the_note() -> None:
    (note,) = await notes_of(play(), agents=["CS_gs"], min_rounds=1, max_rounds=1)
    searched, ran = note["evidence"]
    assert (searched["input"], searched["sources"]) == ("the question", ["corpus:source"])
    assert "The passage says 42." in searched["output"]
    assert (ran["input"].strip(), ran["output"]) == ("print(6 * 7)", "42")
    assert note["usage"]["model_calls"] == 3
    assert note["usage"]["tool_calls"] == 2


REPLIES = {
    "nothing": "I am still thinking.",
    "both": "```python\nprint(1)\n```\n<search>x</search>",
    "unclosed program": "```python\nprint(1)",
    "unclosed query": "<search>x",
    "truncated answer": "It is <<<4",
    "program": "```python\nprint(1)\n```",
    "search": "<search>again</search>",
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
async def test_a_run_ends_whatever_the_model_writes(reply: str) -> None:
    """The paper's pseudo-code does not count nudges and can loop for ever."""
    notes = await notes_of(play(lambda _: reply), agents=FIFTEEN, min_rounds=1, max_rounds=1)
    for agent, note in matched(FIFTEEN, notes):
        assert note["usage"]["model_calls"] <= agent.most_model_calls, agent.name
        assert note["usage"]["tool_calls"] <= agent.max_tool_uses, agent.name
        assert note["answer"] is None or agent.code == "once", agent.name
        assert note["status"] in ("no_answer", "ok"), agent.name


async def test_the_most_calls_are_reached_and_never_passed() -> None:
    """The README's count: 75 turns of solvers and 30 of guides; searches of the model's own add 35 (here: a fake's)."""
    notes = await notes_of(play(lambda _: "Hm."), min_rounds=1, max_rounds=1)
    assert sum(note["usage"]["model_calls"] for note in notes) == 75 + 30
    assert sum(agent.most_model_calls for agent in FIFTEEN) == 75 + 30 + 35


async def test_the_last_turn_is_told_to_answer() -> None:
    model = play(lambda messages: "<<<7>>>" if "No tool use is left" in messages[-1].text else "```python\n1\n```")
    (note,) = await notes_of(model, agents=["C"], min_rounds=1, max_rounds=1)
    assert note["answer"] == "7"
    assert note["usage"] | {"model_calls": 6, "tool_calls": 5} == note["usage"]


async def test_an_agent_that_cannot_tell_abstains_and_is_not_lost() -> None:
    (note,) = await notes_of(play(lambda _: "I do not know. <<<unknown>>>"), agents=["C"], min_rounds=1, max_rounds=1)
    assert (note["status"], note["answer"], note["usage"]["model_calls"]) == ("abstained", None, 1)


@pytest.mark.parametrize(
    ("output", "status", "answer"),
    [
        ("working\n42", "ok", "42"),
        ("<<<42>>>", "ok", "42"),
        ("", "no_answer", None),
        ("unknown", "abstained", None),
    ],
)
async def test_the_one_program_gives_the_answer(output: str, status: str, answer: str | None) -> None:
    (note,) = await notes_of(play(), tools=toolbox(lambda _: output), agents=["CoT_code"], min_rounds=1, max_rounds=1)
    assert (note["status"], note["answer"]) == (status, answer)


async def test_a_program_that_was_asked_for_and_is_missing_is_no_answer() -> None:
    (note,) = await notes_of(play(lambda _: "It is <<<42>>>."), agents=["CoT_code"], min_rounds=1, max_rounds=1)
    assert (note["status"], note["cause"]) == ("no_answer", "no_program")


async def test_agents_read_all_notes_of_the_round_before_and_only_those() -> None:
    model = play(verdict="<<<NO>>>")
    notes = await notes_of(model, agents=["Base", "CoT", "C"], max_rounds=3)
    third = [note for note in notes if note["round"] == 3]
    assert all(note["saw"] == ["2/Base/0", "2/C/0", "2/CoT/0"] for note in third)
    assert all(note["saw"] == [] for note in notes if note["round"] == 1)


async def test_what_the_agents_of_a_round_share_is_identical_and_unsigned() -> None:
    model = play(verdict="<<<NO>>>")
    await notes_of(model, max_rounds=3)
    opening = [call for call in model.calls if len(call) == 2]
    assert len({call[0].text for call in opening}) == 1, "the system message is constant"
    shared = {call[1].text.partition("# Your task")[0] for call in opening}
    judged = next(call[1].text.partition("# Your task")[0] for call in opening if role_of(call) == "judge")
    assert len(shared) == 3, "one for each round"
    assert judged in shared, "the judge of round 2 and the agents of round 3 read the same"
    names = {agent.name for agent in FIFTEEN} - {"Base", "C", "S"}
    assert not any(name in part for part in shared for name in names)


async def test_solvers_follow_a_guide_and_read_it_before_each_turn() -> None:
    model = play()
    await notes_of(model, agents=["CSG_gs"], min_rounds=1, max_rounds=1)
    solving = [call for call in model.calls if role_of(call) == "solver"]
    assert len(solving) == 3
    assert all("# Guidance\n\nCheck the result by a program." in call[-1].text for call in solving)
    guiding = [call for call in model.calls if role_of(call) == "guide"]
    assert "Nothing yet." in guiding[0][1].text
    assert "I look it up." in guiding[1][1].text
    assert "The passage says 42." in guiding[1][1].text


async def test_tumix_plus_asks_each_agent_four_times_at_different_temperatures() -> None:
    seen: list[Any] = []

    def solve(messages: Sequence[BaseMessage]) -> str:
        seen.append(messages)
        return solver(messages)

    notes = await notes_of(play(solve, verdict="<<<NO>>>"), agents=["Base", "CoT"], samples=4, max_rounds=3)
    assert [len([note for note in notes if note["round"] == r]) for r in (1, 2, 3)] == [8, 8, 2]
    assert len({note["id"] for note in notes}) == len(notes)
    assert all(len(note["saw"]) == 8 for note in notes if note["round"] > 1)
