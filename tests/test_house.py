"""The house stays a house: who may import whom, what a plain import costs, and that README and code agree."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.agents.tumix import FIFTEEN
from tests.offline.harness import everything_said

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "langgraph_tumix"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Each room may import those to its right, and itself.
ORDER = [
    ["cli", "live", "doctor"],
    ["report", "evaluate", "export"],
    ["graph", "ask", "__init__"],
    ["nodes"],
    ["design"],
    ["plan", "record", "state", "toolbox"],
    ["agents", "context", "outcome"],
    ["journal", "race"],
    ["background", "events", "models", "sqlite", "testing"],
    ["interpreter", "search", "offline"],
    ["replay"],
    ["core"],
    ["clock", "errors"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# The offline model is found by name, and the outermost rooms are entered only when they are asked for.
LAZY = {("models", "offline"), ("offline", "models"), ("outcome", "report")}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the rooms that a file imports at its top, and anywhere."""
    return set(re.findall(r"^ *from langgraph_tumix\.(\w+)\S* import", path.read_text("utf-8"), re.MULTILINE))


def test_nothing_imports_upward() -> None:
    pairs = {(path, room(path), other) for path in SOURCES for other in imports(path)}
    assert len(pairs) > 300
    assert not {pair for pair in pairs if RANK[pair[2]] < RANK[pair[1]] and pair[1:] not in LAZY}


def test_the_core_knows_nothing_of_the_world() -> None:
    world = ("langgraph.", "langchain", "openai", "asyncio", "os", "pathlib", "socket", "tavily", "jupyter_client")
    for path in (PACKAGE / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if f"{name}.".startswith(tuple(f"{w}." for w in world))], path


def test_a_file_is_one_idea() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert not {path: length for path, length in lengths.items() if length > 300}


def test_readme_counts_calls_as_the_agents_do() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    turns = sum(agent.max_tool_uses + 1 if agent.loops else 1 for agent in FIFTEEN)
    guides = sum(agent.max_tool_uses for agent in FIFTEEN if agent.guide)
    searches = sum(agent.max_tool_uses for agent in FIFTEEN if agent.search in ("llm", "com"))
    assert (turns, guides, searches) == (75, 30, 35)
    assert sum(agent.most_model_calls for agent in FIFTEEN) == turns + guides + searches
    for number in (turns, guides, searches):
        assert f"| {number} |" in readme


@pytest.mark.kernel
async def test_what_readme_shows_runs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    blocks = [part.split("```")[0] for part in readme.split("```python\n")[1:]]
    assert len(blocks) == 2
    for block in blocks:
        code = compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        names: dict[str, object] = {}
        running = eval(code, names)
        if running is not None:
            await running
            state = names["state"]
            assert isinstance(state, dict)
            assert state["messages"][-1].text == "45"


def test_the_gate_runs_readme_s_own_command() -> None:
    command = subprocess.run(
        ["grep", "-m1", "pytest -n 3$", "README.md"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert command.startswith("python3 -m venv .venv && ")
    assert "pytest -n 3$" in (ROOT / ".ci" / "run").read_text("utf-8")


IN_A_FRESH_PYTHON = """if True:
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
    env = {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PYTHON], cwd=home, env=env, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


@pytest.mark.long
def test_a_plain_import_is_light_and_does_nothing_else(fresh: Any) -> None:
    """What is heavy is imported where it is used; no file, no thread, no change of the environment, no word."""
    heavy = {"sympy", "math_verify", "numpy", "openai", "langchain_openai", "tavily", "jupyter_client", "zmq", "typer"}
    heavy |= {"genai_prices", "nbformat", "ipykernel", "langgraph_tumix.offline", "langgraph_tumix.live"}
    assert not heavy & set(fresh["loaded"])
    assert "langgraph_tumix" in fresh["loaded"]
    assert (fresh["same environment"], fresh["threads"], fresh["files"]) == (True, 1, [])


@pytest.mark.long
def test_the_offline_model_says_the_same_in_another_process(fresh: Any) -> None:
    assert fresh["said"] == everything_said()
