"""The house stays a house: who may import whom, and that README and code agree."""

import ast
import subprocess
from pathlib import Path

import pytest

from langgraph_tumix.agents.tumix import FIFTEEN

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
    ["errors"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# The offline model is found by name, and the outermost rooms are entered only when they are asked for.
LAZY = {("models", "offline"), ("offline", "models"), ("outcome", "report")}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the rooms that a file imports at its top, and anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("langgraph_tumix."):
            found.add(module.split(".")[1])
    return found


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
