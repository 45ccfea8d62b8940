"""`langgraph dev` serves the graphs without a key and without internet, and Studio's client can drive them."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[2]
QUESTION = "What is 12 * 34?"
SMALL = {"max_rounds": 2}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """Start the development server in a folder of its own, so that it leaves nothing in the checkout."""
    folder = tmp_path_factory.mktemp("studio")
    for name in ("langgraph.json", "graphs", "tools", "langgraph_tumix", "pyproject.toml", "README.md", "LICENSE"):
        (folder / name).symlink_to(ROOT / name)
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_NO_VERSION_CHECK": "true",
        "LANGSMITH_TRACING": "false",
    }
    log = folder / "log"
    with log.open("wb") as output:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload"),
            *("--host", "127.0.0.1", "--port", str(port), "--n-jobs-per-worker", "4"),
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            for _ in range(500):
                if b"Application started up" in log.read_bytes() or server.returncode is not None:
                    break
                await asyncio.sleep(0.1)
            assert server.returncode is None, log.read_text()[-3000:]
            async with get_client(url=f"http://127.0.0.1:{port}") as made:
                yield made
        finally:
            if server.returncode is None:
                server.terminate()
            await server.wait()
    assert "BlockingError" not in log.read_text()


async def assistant(client: Any, graph: str) -> str:
    """Return the id of a graph's assistant."""
    (found,) = await client.assistants.search(graph_id=graph)
    return str(found["assistant_id"])


async def test_all_graphs_are_served_with_their_schemas(client: Any) -> None:
    graphs = {found["graph_id"] for found in await client.assistants.search()}
    assert graphs == {"tumix", "tumix_offline", "assistant", "designer"}
    schemas = await client.assistants.get_schemas(await assistant(client, "tumix"))
    assert schemas["input_schema"]["properties"].keys() == {"messages", "question"}
    assert schemas["output_schema"]["properties"].keys() == {"messages", "answer", "outcome"}
    assert schemas["context_schema"]["properties"]["max_rounds"]["title"] == "Most rounds"


async def test_studio_can_open_the_agents(client: Any) -> None:
    drawn = await client.assistants.get_graph(await assistant(client, "tumix_offline"), xray=True)
    names = {str(node["id"]) for node in drawn["nodes"]}
    assert {"intake", "dispatch", "collect", "judge", "aggregate", "C:model", "C:tool", "CSG+_com:guide"} <= names


async def test_a_streamed_run_its_thread_and_a_second_turn(client: Any) -> None:
    thread = await client.threads.create()
    events: list[dict[str, Any]] = []
    spaces: set[str] = set()
    async for part in client.runs.stream(
        thread["thread_id"],
        "tumix_offline",
        input={"messages": [{"role": "user", "content": QUESTION}]},
        context=SMALL,
        stream_mode=["custom", "updates"],
        stream_subgraphs=True,
    ):
        assert part.event != "error", part.data
        kind, _, space = part.event.partition("|")
        spaces.add(space.partition(":")[0])
        if kind == "custom":
            events.append(part.data["tumix"])
    assert events[0]["event"] == "question"
    assert events[0]["simulated"] is True
    notes = [event for event in events if event["event"] == "note"]
    assert len({(note["agent"], note["round"]) for note in notes}) == 30
    assert {"C", "CSG_gs"} <= spaces, "what happens inside agents is streamed under their names"
    state = await client.threads.get_state(thread["thread_id"])
    assert state["values"]["answer"] == "408"
    assert state["values"]["outcome"]["status"] in ("complete", "degraded")
    assert len(state["values"]["notes"]) == 30

    second = await client.runs.wait(
        thread["thread_id"],
        "tumix_offline",
        input={"messages": [{"role": "user", "content": "What is 7 * 8?"}]},
        context=SMALL,
    )
    assert second["answer"] == "56"
    assert len(second["messages"]) == 4


async def test_the_assistant_sends_hard_questions_to_tumix(client: Any) -> None:
    nodes: dict[str, set[str]] = {}
    for question in ("What is 7 * 8?", "How high is Mount Vorr in metres?"):
        nodes[question] = set()
        thread = await client.threads.create()
        async for part in client.runs.stream(
            thread["thread_id"],
            "assistant",
            input={"messages": [{"role": "user", "content": question}]},
            stream_mode="updates",
        ):
            assert part.event != "error", part.data
            if part.event == "updates":
                nodes[question] |= part.data.keys()
    easy, hard = nodes.values()
    assert "tumix" not in easy
    assert "tumix" in hard
