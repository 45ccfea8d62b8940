"""The one small protocol between agents and code execution: open a session, run cells, close."""

from dataclasses import dataclass
from typing import Literal, Protocol

CellStatus = Literal["ok", "error", "timeout", "died"]


@dataclass(frozen=True)
class CellResult:
    """What running one cell gave.

    Attributes:
        status: ``ok``; ``error``: the code raised; ``timeout``: it was stopped at its limit;
            ``died``: the kernel ended under it.
        output: Everything that the cell printed, showed or raised, as clean text, cut to a stated length.
        seconds: Wall time of the cell.
        state_lost: The session's earlier variables are gone; the next cell meets a fresh kernel.
    """

    status: CellStatus
    output: str
    seconds: float
    state_lost: bool = False


@dataclass(frozen=True)
class Isolation:
    """What stands between the code and the host: reported, never guessed.

    Attributes:
        level: ``sandbox``, ``confined``, ``process`` or ``none``, strongest first; ``remote`` where the code runs
            elsewhere and it is not for this machine to say.
        why: What the level rests on, and what kept a stronger one away, in words for a person.
        mechanisms: What of the system puts it up.
        verified: What a self-test tried, from where the code would run, and found held off.
    """

    level: Literal["sandbox", "confined", "process", "none", "remote"]
    why: str
    mechanisms: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()


class Session(Protocol):
    """One kernel that keeps its state from cell to cell, used by one agent run."""

    async def run(self, code: str, *, seconds: float) -> CellResult:
        """Run one cell, for at most `seconds`; never raises for what the code does."""
        ...

    async def aclose(self) -> None:
        """End the kernel and remove what it left; safe to call twice."""
        ...


class Interpreter(Protocol):
    """Opens sessions."""

    @property
    def isolation(self) -> Isolation:
        """The isolation in force for sessions opened from now on."""
        ...

    async def open(self) -> Session:
        """Open a session.

        Raises:
            InterpreterError: No kernel could be had.
        """
        ...
