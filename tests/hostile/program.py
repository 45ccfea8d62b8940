"""What a hostile program is, and how it becomes a cell."""

import ast
import inspect
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from tests.hostile import inside
from tests.hostile.inside import Targets

Level = Literal["sandbox", "confined", "process"]
LEVELS: tuple[Level, ...] = ("sandbox", "confined", "process")
Expectation = Literal["blocked", "escaped", "varies"]
Body = Callable[[Targets], str | None]
TOOLS = Path(inside.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Program:
    """A program with an aim that its author would not admit to.

    Attributes:
        name: Its name, unique.
        family: What it is after: ``secrets``, ``network``, ...
        aim: What it tries to reach, in one line.
        body: Its code, which finds a `Targets` under the name ``at``; or a function that is given it.
        expected: What must become of the aim, by level: ``blocked``; ``escaped``: the level does not promise to
            stop it; ``varies``: neither does it, but some users' rights or some machines' settings do.
        speaks: Whether it can tell if it reached its aim; if not, only the host looks.
        peer: Whether it is after another session's kernel.
        alone: Whether nothing else should run beside it.
        seconds: How long its cell may take, if that is not the point of it; 0: as long as all.
    """

    name: str
    family: str
    aim: str
    body: Body | str
    expected: dict[Level, Expectation]
    speaks: bool
    peer: bool
    alone: bool
    seconds: float

    @property
    def source(self) -> str:
        """Return its code."""
        return self.body if isinstance(self.body, str) else _source(self.body)

    def cell(self, targets: Targets) -> str:
        """Return the code of the cell that runs the program."""
        return f"{TOOLS}\nat = Targets(**{asdict(targets)!r})\n{self.source}"


PROGRAMS: list[Program] = []


def hostile(
    *,
    process: Expectation = "blocked",
    confined: Expectation = "blocked",
    speaks: bool = True,
    peer: bool = False,
    alone: bool = False,
    seconds: float = 0,
) -> Callable[[Body], Body]:
    """Add a function to the programs; its docstring is its aim.

    A function gives what it got hold of, or None; a refusal by the system it may raise.
    """

    def register(body: Body) -> Body:
        PROGRAMS.append(
            Program(
                name=body.__name__,
                family=body.__module__.rpartition(".")[2].partition("_")[0],
                aim=inspect.getdoc(body) or "",
                body=body,
                expected={"sandbox": "blocked", "confined": confined, "process": process},
                speaks=speaks,
                peer=peer,
                alone=alone,
                seconds=seconds,
            )
        )
        return body

    return register


def cell(
    name: str, family: str, aim: str, source: str, *, process: Expectation = "blocked", speaks: bool = True
) -> None:
    """Add a program that only a cell's own text can be: one with ``!commands`` or an ``await`` at the top."""
    expected: dict[Level, Expectation] = {"sandbox": "blocked", "confined": "blocked", "process": process}
    PROGRAMS.append(Program(name, family, aim, source, expected, speaks, peer=False, alone=False, seconds=0))


def _source(body: Body) -> str:
    """Give a function's text without its decorator, after the imports of its file and before a call."""
    text = inspect.getsource(body)
    return "\n".join([*_imports(body.__module__), text[text.index("def ") :], f"judge({body.__name__}, at)"])


@cache
def _imports(module: str) -> list[str]:
    family = ast.parse(inspect.getsource(sys.modules[module]))
    imports = [node for node in family.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [ast.unparse(node) for node in imports if not getattr(node, "module", "").startswith("tests.")]
