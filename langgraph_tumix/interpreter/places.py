"""How many kernels may live at a time, apart in each event loop."""

import asyncio


class Places:
    """Places for kernels; who finds none free waits in line.

    Args:
        number: How many there are in one event loop.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._free: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}

    def of_this_loop(self) -> asyncio.Semaphore:
        """Give the places of the running event loop."""
        for loop in [loop for loop in list(self._free) if loop.is_closed()]:
            self._free.pop(loop, None)
        return self._free.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._number))
