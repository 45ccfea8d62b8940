"""What ends the agents of a round before they are done: time, or that enough of them are.

The agents of a round are nodes of one super-step, and LangGraph waits for all of them. So they end themselves: each
runs under a timeout, and a quorum brings the timeouts of all others forward to now.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from langgraph_tumix.core.notes import Note


@dataclass
class Race:
    """The agents of one round, as far as this process runs them.

    Attributes:
        quorum: How many agents with an answer end the round; None waits for all.
        begun: When the round began, on the event loop's clock.
        settled: Says of the notes so far whether they are enough: a stop rule that need not wait for the round's end.
        closed: Whether the quorum has been reached, or the notes are enough.
        decided: Whether the notes are enough; what comes later, were it by a moment, is not counted.
    """

    quorum: int | None = None
    settled: Callable[[Sequence[Note]], bool] = lambda notes: False
    begun: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    closed: bool = False
    decided: bool = False
    _answered: int = 0
    _notes: list[Note] = field(default_factory=list)
    _running: set[asyncio.Timeout] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def until(self, when: float) -> AsyncIterator[asyncio.Timeout]:
        """Run the body until `when` on the event loop's clock, or until the round is closed.

        Raises:
            TimeoutError: It was not done by then.
        """
        async with asyncio.timeout_at(self.begun if self.closed else when) as limit:
            self._running.add(limit)
            try:
                yield limit
            finally:
                self._running.discard(limit)

    def finish(self, notes: Iterable[Note]) -> None:
        """Take note of an agent's end, and close the round if that makes the quorum."""
        self._answered += any(note["status"] == "ok" for note in notes)
        if self.quorum is not None and self._answered >= self.quorum:
            self._close()

    def take(self, note: Note) -> None:
        """Take a note, and close the round if that makes them enough."""
        self._notes.append(note)
        if not self.decided and self.settled(self._notes):
            self.decided = True
            self._close()

    def _close(self) -> None:
        if self.closed:
            return
        self.closed = True
        for limit in self._running:
            if not limit.expired():
                limit.reschedule(self.begun)
