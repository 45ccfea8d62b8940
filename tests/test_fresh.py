"""What has to be seen in a fresh Python: one is started for all of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.offline.harness import everything_said

pytestmark = pytest.mark.long

PROGRAM = """if True:
    import json, os, sys, threading
    before = dict(os.environ)
    import langgraph_tumix
    loaded = sorted(sys.modules)
    import langgraph_tumix.graph, langgraph_tumix.offline, langgraph_tumix.design
    seen = {"loaded": loaded, "same environment": dict(os.environ) == before, "threads": threading.active_count()}
    seen["files"] = os.listdir()
    from tests.offline.harness import everything_said
    print(json.dumps(seen | {"said": everything_said()}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Tell what another process saw, which hashes texts to other numbers."""
    home = tmp_path_factory.mktemp("home")
    env = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=home, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def test_a_plain_import_is_light_and_does_nothing_else(fresh: Any) -> None:
    """What is heavy is imported where it is used; no file, no thread, no change of the environment, no word."""
    heavy = {"sympy", "math_verify", "numpy", "openai", "langchain_openai", "tavily", "jupyter_client", "zmq", "typer"}
    heavy |= {"genai_prices", "nbformat", "ipykernel", "langgraph_tumix.offline", "langgraph_tumix.live"}
    assert not heavy & set(fresh["loaded"])
    assert "langgraph_tumix" in fresh["loaded"]
    assert (fresh["same environment"], fresh["threads"], fresh["files"]) == (True, 1, [])


def test_the_offline_model_says_the_same_in_another_process(fresh: Any) -> None:
    assert fresh["said"] == everything_said()
