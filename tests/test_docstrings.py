"""The examples in docstrings run, and print what they say.

A module is imported when its turn comes; pytest's own collector imports every one of them in each worker.
"""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)
STARTS_A_KERNEL = "langgraph_tumix.interpreter.jupyter"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = sorted([*(ROOT / "langgraph_tumix").rglob("*.py"), *(ROOT / "tests/servers").glob("*.py")])
WITH_EXAMPLES = [name_of(path) for path in FILES if EXAMPLE.search(path.read_text("utf-8"))]
MODULES = [
    pytest.param(name, marks=pytest.mark.kernel if name == STARTS_A_KERNEL else ()) for name in sorted(WITH_EXAMPLES)
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_print_what_they_say(module: str) -> None:
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for examples in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module)):
        runner.run(examples, out=said.append)
    assert runner.tries > 0
    assert not runner.failures, "".join(said)


def test_there_are_examples() -> None:
    assert len(MODULES) > 70
