"""A session: cells run one after another in a kernel that is replaced when it is lost."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter.base import CellResult, CellStatus
from langgraph_tumix.interpreter.clean import Output
from langgraph_tumix.interpreter.client import MOST_PARTS, MOST_RECEIVED
from langgraph_tumix.interpreter.kernel import Ending, Kernel

LONGEST_CODE = 2_000_000  # characters; packing more would hold up the event loop
NO_OUTPUT = "(no output: use print to see values)"
FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"
KEPT = "the variables are kept"
GONE = "the kernel was ended, and all variables and imports are gone"
STATUS: dict[str, CellStatus] = {
    "done": "ok",
    "raised": "error",
    "timeout": "timeout",
    "flood": "error",
    "garbage": "died",
    "ignored": "died",
    "died": "died",
}


class JupyterSession:
    """A `Session` on a Jupyter kernel; `JupyterInterpreter` opens it.

    Args:
        start: Starts a kernel that lives as long as the context.
        output_chars: How many characters of a cell's output are kept.
    """

    def __init__(self, start: Callable[[], contextlib.AbstractAsyncContextManager[Kernel]], output_chars: int) -> None:
        self._start = start
        self._output_chars = output_chars
        self._turn = asyncio.Lock()
        self._life = contextlib.AsyncExitStack()  # the kernel's
        self._kernel: Kernel | None = None
        self._lost = False
        self._closed = False

    async def open(self) -> None:
        """Start the first kernel.

        Raises:
            InterpreterError: None could be had.
        """
        async with self._turn:
            await self._live_kernel()

    async def run(self, code: str, *, seconds: float) -> CellResult:
        """Run one cell, after those that were asked for before it, for at most `seconds`.

        A kernel that was lost is replaced first, also one that is lost to an earlier cell's doings before it has taken
        this one up; `seconds` does not count the time that this takes. When this is cancelled the kernel is killed
        at once.

        Raises:
            ConfigError: `seconds` is not above 0.
            InterpreterError: The session is closed, or no kernel could be had.
        """
        if not seconds > 0:
            raise ConfigError(f"seconds must be above 0, not {seconds!r}: it is the time limit of the cell")
        if problem := _unfit(code):
            return CellResult("error", problem, 0.0)
        async with self._turn:
            try:
                return await self._run(code, seconds)
            except BaseException:
                await self._lose_kernel()
                raise

    async def aclose(self) -> None:
        """End the kernel and remove what it left; a cell under way ends as ``died``. Safe to call twice."""
        self._closed = True
        if self._kernel:
            self._kernel.process.kill()
        async with self._turn:
            await self._lose_kernel()

    async def _run(self, code: str, seconds: float) -> CellResult:
        kernel = await self._live_kernel()
        output, begun = Output(self._output_chars), time.monotonic()
        ending = await kernel.execute(code, output, seconds=seconds)
        if ending.why in ("ignored", "died") and not (ending.begun or self._closed):
            # An earlier cell broke the kernel behind our back, or left something that ended it just now.
            await self._lose_kernel()
            kernel, begun = await self._live_kernel(), time.monotonic()
            ending = await kernel.execute(code, output, seconds=seconds)
        took = time.monotonic() - begun
        was_lost, self._lost = self._lost, False
        if not ending.alive:
            await self._lose_kernel()
        text = output.text().strip("\n")
        parts = [FRESH if was_lost else "", text, _remark(ending, kernel, seconds)]
        if ending.why == "done" and not text.strip():
            parts[1] = NO_OUTPUT
        return CellResult(STATUS[ending.why], "\n".join(filter(None, parts)), took, state_lost=not ending.alive)

    async def _live_kernel(self) -> Kernel:
        if self._kernel and self._kernel.process.ended.done():
            await self._lose_kernel()
        if self._kernel is None and not self._closed:
            self._kernel = await self._life.enter_async_context(self._start())
        if self._kernel is None or self._closed:
            raise InterpreterError("the session is closed: open another")
        return self._kernel

    async def _lose_kernel(self) -> None:
        if self._kernel:
            self._kernel.process.kill()
            self._kernel = None
            self._lost = True
        await self._life.aclose()


def _unfit(code: str) -> str:
    """Say why code cannot be sent to a kernel, if it cannot."""
    if len(code) > LONGEST_CODE:
        return f"not run: the code has {len(code):,} characters, and {LONGEST_CODE:,} is the most"
    try:
        code.encode()
    except UnicodeEncodeError as error:
        return f"not run: the code is not valid Unicode, character {error.start} is a lone surrogate"
    return ""


def _remark(ending: Ending, kernel: Kernel, seconds: float) -> str:
    """Say what a model has to know of an ending beyond the output."""
    after = KEPT if ending.alive else GONE
    match ending.why:
        case "done" | "raised":
            return "" if ending.alive else f"[{GONE}]"
        case "timeout":
            return f"[stopped at the limit of {seconds:g} s; {after}]"
        case "flood":
            most = f"{MOST_RECEIVED:,} characters or {MOST_PARTS:,} pieces"
            return f"[stopped: it gave more output than {most}; {after}]"
        case "garbage":
            return f"[stopped: the kernel sent malformed messages; {after}]"
        case "ignored":
            return f"[the kernel does not take up cells; {after}]"
        case "died":
            reason = kernel.process.failure or _reason(kernel.process.ended.result())
            return f"[the kernel died ({reason}): all variables and imports are gone]"


def _reason(code: int | str) -> str:
    if isinstance(code, str):
        return code
    return f"exit code {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"
