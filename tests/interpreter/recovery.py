"""Sessions that lose their kernel, and go on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from langgraph_tumix.interpreter import CellResult, Interpreter, Session

FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"
BEGUN = "print('begun', flush=True); import time; time.sleep(0.1)\n"


async def recovers(session: Session) -> None:
    """See that the session still works, and says that its state is gone."""
    after = await session.run("print(1 + 1)", seconds=10)
    assert (after.status, after.output, after.state_lost) == ("ok", f"{FRESH}\n2", False)
    again = await session.run("print(3)", seconds=10)
    assert again.output == "3"


async def each(
    interpreter: Interpreter,
    cells: Iterable[str],
    *,
    seconds: float,
    then: Callable[[Session], Awaitable[object]],
) -> list[CellResult]:
    """Run each cell in a session of its own, all at once; afterwards do something with the session."""

    async def one(cell: str) -> CellResult:
        session = await interpreter.open()
        try:
            await session.run("value = 42", seconds=10)
            result = await session.run(BEGUN + cell, seconds=seconds)
            await then(session)
            return result
        finally:
            await session.aclose()

    return list(await asyncio.gather(*map(one, cells)))
