"""Rosters as files, and the choice of one for the questions of a user."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import tool

from langgraph_tumix import Agent
from langgraph_tumix.agents.evolve import DESIGNED
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.agents.rosterfile import FORMAT, as_data, fingerprint, from_data, read_roster, write_roster
from langgraph_tumix.agents.tumix import FIFTEEN
from langgraph_tumix.design import Designer, Probe
from langgraph_tumix.design.command import read_tasks
from langgraph_tumix.design.roster import design_roster
from langgraph_tumix.errors import ConfigError
from tests.design.models import GOOD, designing, knows, numbered
from tests.design.test_design import workshop


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path, agents = tmp_path / "roster.json", [*FIFTEEN, *DESIGNED]
    write_roster(path, agents, {"report": "…"})
    assert read_roster(path) == roster(str(path)) == agents
    assert json.loads(path.read_text("utf-8"))["evidence"] == {"report": "…"}
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


@given(
    st.builds(
        Agent,
        name=st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,20}", fullmatch=True),
        instruction=st.text(min_size=1).filter(str.strip),
        steps=st.lists(st.text(min_size=1).filter(str.strip), max_size=3).map(tuple),
        search=st.sampled_from(["none", "gs", "com"]),
        check=st.sampled_from(["none", "recheck", "wait", "verify"]),
        checks=st.integers(1, 8),
        digest=st.booleans(),
        max_tool_uses=st.integers(1, 9),
        model=st.none() | st.just("openai:gpt-5-mini"),
    )
)
def test_any_agent_survives_its_data(agent: Agent) -> None:
    assert from_data(json.loads(json.dumps(as_data(agent)))) == agent
    assert fingerprint(from_data(as_data(agent))) == fingerprint(agent)


def test_an_agent_with_tools_cannot_be_written() -> None:
    @tool
    def clock() -> str:
        """Tell the time."""
        return "noon"

    with pytest.raises(ConfigError, match="cannot be written down"):
        as_data(Agent(name="Clock", instruction="Tell.", tools=(clock,)))


FILES: dict[str, str] = {
    "empty": "",
    "no JSON": "agents: [CoT]",
    "a list": '["CoT"]',
    "another format": '{"format": "langgraph-tumix roster 9", "agents": []}',
    "agents missing": json.dumps({"format": FORMAT}),
    "no agents": json.dumps({"format": FORMAT, "agents": []}),
    "a name only": json.dumps({"format": FORMAT, "agents": ["CoT"]}),
    "an unknown field": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": "x", "tools": ["sh"]}]}),
    "a wrong type": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": ["x"]}]}),
    "checks as yes": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": "x", "checks": True}]}),
    "a digest in words": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": "x", "digest": "yes"}]}),
    "an unknown check": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": "x", "check": "twice"}]}),
    "no instruction": json.dumps({"format": FORMAT, "agents": [{"name": "A"}]}),
    "a bad name": json.dumps({"format": FORMAT, "agents": [{"name": "../A", "instruction": "x"}]}),
    "twice": json.dumps({"format": FORMAT, "agents": [{"name": "A", "instruction": x} for x in "xy"]}),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_a_file_that_is_no_roster_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "roster.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError):
        roster(str(path))


def test_a_roster_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json cannot be read"):
        roster("nowhere.json")


TASKS: dict[str, tuple[str, str]] = {
    "empty": ("", "holds no question"),
    "no JSON": ("What?", "line 1: no JSON"),
    "a text": ('"What?"', "line 1: there is no text"),
    "no question": ('{"question": "a"}\n\n{"answer": 3}', "line 3: there is no text"),
    "an empty question": ('{"question": " "}', "line 1: there is no text"),
    "a list for an answer": ('{"question": "a", "answer": [1]}', "line 1: 'answer' is a list"),
    "deep": ("[" * 100_000, "line 1: no JSON"),
}


@pytest.mark.parametrize(("content", "said"), TASKS.values(), ids=TASKS.keys())
def test_a_file_that_holds_no_tasks_is_refused_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=said):
        read_tasks(path)


def test_answers_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"question": "a", "answer": 4}\n{"question": "b"}\n{"question": "c", "answer": null}\n', "utf-8")
    assert read_tasks(path) == [Probe("a", "4"), Probe("b"), Probe("c")]
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tasks(tmp_path)


async def test_a_better_group_is_written_and_compared_on_questions_held_out() -> None:
    model = designing([GOOD, {"name": "Talker", "instruction": "Think aloud, then decide."}], knows)
    designed = await design_roster(Designer(questions=numbered(28)), workshop(model), 2)
    assert designed.choice is not None
    assert (designed.choice.gain.verdict, designed.choice.questions) == ("better", 12)
    assert "Lookup" in [agent.name for agent in designed.agents]
    by_name = {candidate["name"]: candidate for candidate in designed.report["candidates"]}
    assert by_name["Lookup"]["status"] == "admitted"
    assert by_name["Talker"]["kind"] == "surplus"
    assert by_name["Talker"]["worth"]["basis"] == "gold"
    assert any("12 questions held out" in said for said in designed.report["warnings"])
    assert json.loads(json.dumps(designed.evidence))["choice"]["gain"]["low"] > 0


async def test_the_roster_in_force_stays_when_nothing_is_better() -> None:
    model = designing([{"name": "Talker", "instruction": "Think aloud, then decide."}], knows)
    designed = await design_roster(Designer(questions=numbered(28)), workshop(model), 2)
    assert [agent.name for agent in designed.agents] == ["Base", "C"]
    assert designed.choice is not None
    assert designed.choice.gain.verdict == "not distinguishable"


async def test_without_right_answers_no_group_is_chosen_and_that_is_said() -> None:
    def solve(messages: Any) -> str:
        return "<<<0>>>"

    model = designing([GOOD], solve)
    designed = await design_roster(Designer(questions=numbered(16, gold=False)), workshop(model), 3)
    assert designed.choice is None
    assert [agent.name for agent in designed.agents] == ["Base", "C", "Lookup"]
    assert any("no group is chosen" in said for said in designed.report["warnings"])
    full = await design_roster(Designer(questions=numbered(16, gold=False)), workshop(designing([GOOD], solve)), 2)
    assert [agent.name for agent in full.agents] == ["Base", "C"], "there is no room"


async def test_what_was_tried_before_is_not_paid_again(tmp_path: Path) -> None:
    from langgraph_tumix.design.trials import Trials

    counts = []
    for _ in range(2):
        model = designing([GOOD], knows)
        with Trials(tmp_path / "trials.jsonl") as trials:
            designed = await design_roster(Designer(questions=numbered(28)), workshop(model, trials=trials), 2)
        counts.append(len(model.calls))
        assert "Lookup" in [agent.name for agent in designed.agents]
    assert counts[0] > 50
    assert counts[1] == 0
