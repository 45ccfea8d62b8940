"""Programs that keep control by tricks of the trade; the host measures when it has it again."""

import ctypes
import os
import re
import signal
import threading
import time
from typing import Any

from tests.hostile.inside import LIBC, Targets, kernel, send
from tests.hostile.program import cell, hostile


@hostile(speaks=False)
def group_stopped(at: Targets) -> str | None:
    """Stop the whole process group, with whoever else is in it."""
    os.killpg(0, signal.SIGSTOP)
    return None


@hostile(speaks=False)
def crash_that_is_handled(at: Targets) -> str | None:
    """Crash again and again, as the crash is handled by going on."""
    signal.signal(signal.SIGSEGV, lambda *_: None)
    ctypes.string_at(0)
    return None


@hostile(speaks=False)
def storm_of_signals(at: Targets) -> str | None:
    """Have signals arrive so fast that nothing else is done."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.00001, 0.00001)
    while True:
        pass


@hostile(speaks=False)
def death_that_takes_for_ever(at: Targets) -> str | None:
    """Leave an object that never finishes being deleted."""

    class Immortal:
        def __del__(self) -> None:
            while True:
                try:
                    time.sleep(60)
                except BaseException:  # noqa: BLE001 - that is the attack
                    continue

    Immortal()
    return None


@hostile(speaks=False)
def pattern_without_end(at: Targets) -> str | None:
    """Match a pattern that takes longer than the universe has."""
    re.match(r"(a+)+$", "a" * 60 + "b")
    return None


@hostile(speaks=False)
def number_without_end(at: Targets) -> str | None:
    """Compute a number with more digits than there is memory for."""
    return str(10 ** (10**9))[:0]


@hostile(speaks=False)
def threads_that_spin(at: Targets) -> str | None:
    """Spin in 50 threads, and leave them behind."""

    def spin() -> None:
        while True:
            pass

    for _ in range(50):
        threading.Thread(target=spin, daemon=True).start()
    return None


@hostile(speaks=False)
def sleep_in_c(at: Targets) -> str | None:
    """Sleep in C, with all signals held back by the C library, for ever."""
    everything = (ctypes.c_ulong * 16)(*[0xFFFFFFFFFFFFFFFF] * 16)
    LIBC.pthread_sigmask(0, everything, None)
    while True:
        ctypes.PyDLL(None).sleep(1000)


@hostile(speaks=False)
def publishing_ended(at: Targets) -> str | None:
    """End the thread that sends output, so that nobody hears that the cell is done."""
    kernel().iopub_thread.stop()
    return None


@hostile(speaks=False)
def sockets_ended(at: Targets) -> str | None:
    """End the library that the kernel talks with."""
    import zmq

    for socket in [kernel().shell_stream, kernel().control_stream]:
        socket.close()
    zmq.Context.instance().destroy()
    return None


@hostile(speaks=False)
def tasks_without_end(at: Targets) -> str | None:
    """Fill the kernel's event loop with tasks that make more tasks."""
    import asyncio

    async def breed() -> None:
        while True:
            asyncio.get_running_loop().create_task(asyncio.sleep(0))
            await asyncio.sleep(0)

    for _ in range(1000):
        asyncio.get_running_loop().create_task(breed())
    return None


@hostile(speaks=False)
def debugger_entered(at: Targets) -> str | None:
    """Enter the debugger, and wait for a person."""
    breakpoint()
    return None


@hostile(speaks=False)
def password_asked(at: Targets) -> str | None:
    """Ask for a password where a terminal should be."""
    import getpass

    kernel()._allow_stdin = True
    return getpass.getpass()[:0]


@hostile(speaks=False)
def busy_for_ever(at: Targets) -> str | None:
    """Claim to be busy with the cell that is over, again and again."""
    parent = kernel().get_parent()

    def claim() -> None:
        while True:
            send("status", {"execution_state": "busy"}, parent=parent)
            time.sleep(0.01)

    threading.Thread(target=claim, daemon=True).start()
    return None


@hostile(speaks=False)
def end_from_a_thread(at: Targets) -> str | None:
    """Give control back, and end the process a moment later."""
    threading.Timer(0.05, lambda: os._exit(0)).start()
    return None


@hostile(speaks=False)
def lock_of_imports(at: Targets) -> str | None:
    """Hold the lock that every import needs."""
    import _imp

    _imp.acquire_lock()
    locked: Any = threading.Lock()
    locked.acquire()
    locked.acquire()
    return None


cell(
    "value_that_is_never_shown",
    "timing",
    "End the cell with a value that takes for ever to be shown.",
    """
class Endless:
    def __repr__(self):
        while True:
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                pass
Endless()
""",
    speaks=False,
)
