"""The time of day, told by the clock of the running event loop."""

import asyncio
import time

_BEGINNING = time.time() - time.monotonic()


def now() -> float:
    """Return the seconds since 1970.

    When a question was asked and how long it may take is counted on the clock that its timeouts go by: none of it moves
    when somebody sets the computer's clock, and tests can wind all of it forward at once.

    Raises:
        RuntimeError: No event loop is running.
    """
    return _BEGINNING + asyncio.get_running_loop().time()
