"""The designer in LangGraph's development server: a person approves there, and nothing blocks its event loop."""

from typing import Any

import pytest

from tests.studio.test_dev_server import assistant, client  # noqa: F401 - a fixture

pytestmark = [pytest.mark.server, pytest.mark.kernel]


async def test_a_person_approves_in_studio(client: Any) -> None:  # noqa: F811 - the fixture
    thread = (await client.threads.create())["thread_id"]
    graph = await assistant(client, "designer")
    asked = {"question": "How high is Mount Vorr in metres?"}
    context = {"max_rounds": 2}
    events = [
        part.data["tumix"]["what"]
        async for part in client.runs.stream(thread, graph, input=asked, context=context, stream_mode=["custom"])
        if part.event == "custom" and part.data["tumix"]["event"] == "design"
    ]
    assert events[0] == "proposed"
    assert {"rejected", "admitted"} <= set(events)

    state = await client.threads.get_state(thread)
    (waiting,) = state["interrupts"]
    shown = waiting["value"]["agents"]
    assert shown
    assert all(one["worth"]["basis"] == "gold" and one["agent"]["instruction"] for one in shown)

    first, *others = (one["name"] for one in shown)
    edited = shown[1]["agent"] | {"name": "Edited", "instruction": "Look each fact up before you say it."}
    reply: dict[str, Any] = dict.fromkeys(others, "reject") | {first: "accept", others[0]: edited}
    result = await client.runs.wait(thread, graph, command={"resume": reply}, context=context)
    assert result["answer"] == "2684"
    state = await client.threads.get_state(thread)
    assert {note["agent"] for note in state["values"]["notes"]} == {"Base", "CoT", "C", first, "Edited"}

    later = (await client.threads.create())["thread_id"]
    result = await client.runs.wait(later, graph, input=asked, context=context)
    assert result["outcome"]["by_agent"]["designer"]["model_calls"] == 0, "the server's store has it"
    assert {first, "Edited"} <= result["outcome"]["by_agent"].keys()
