"""The helper for plain scripts."""

import subprocess
import sys

import pytest

from langgraph_tumix import ConfigError, TumixContext, ask, create_tumix
from langgraph_tumix.testing import ScriptedChatModel

SCRIPT = """
from langgraph_tumix import ask, create_tumix
outcome = ask(create_tumix("offline", agents=["CoT", "C"]), "What is 17 * 23?")
print(outcome.answer, outcome["status"], type(outcome).__name__)
"""


@pytest.mark.kernel
def test_a_plain_script_needs_no_event_loop() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["391", "complete", "Outcome"]
    assert not done.stderr


def test_the_knobs_of_a_run_can_be_set() -> None:
    graph = create_tumix(ScriptedChatModel(responder=lambda _: "<<<1>>>"), agents=["CoT"])
    assert len(ask(graph, "Which?", context=TumixContext(min_rounds=1, max_rounds=1)).rounds) == 1


async def test_on_an_event_loop_it_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match=r"await graph\.ainvoke"):
        ask(create_tumix("offline", agents=["CoT"]), "What is 1 + 1?")
