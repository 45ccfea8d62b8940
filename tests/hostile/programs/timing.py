"""Programs that do not give control back; the host measures when it has it again, and if the next cell is answered."""

import ctypes
import fcntl
import itertools
import os
import signal
import sys
import threading
import time
from typing import Any

from tests.hostile.inside import Targets, kernel, send
from tests.hostile.program import cell, hostile


@hostile(speaks=False)
def busy_loop(at: Targets) -> str | None:
    """Spin for ever."""
    while True:
        pass


@hostile(speaks=False)
def signals_ignored(at: Targets) -> str | None:
    """Ignore all signals that can be ignored, and spin."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        pass


@hostile(speaks=False)
def signals_held_back(at: Targets) -> str | None:
    """Hold all signals back and wait for a lock that nobody will give free."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
    return None


@hostile(speaks=False)
def interrupt_swallowed(at: Targets) -> str | None:
    """Catch every interrupt and go on."""
    while True:
        try:
            time.sleep(60)
        except BaseException:  # noqa: BLE001 - that is the attack
            continue


@hostile(speaks=False)
def interrupt_in_finally(at: Targets) -> str | None:
    """Answer the interrupt with a clean-up that does not end."""
    try:
        time.sleep(60)
    finally:
        sum(itertools.repeat(0))
    return None


@hostile(speaks=False)
def hang_in_c(at: Targets) -> str | None:
    """Loop in C with the interpreter locked, so that neither signal handlers nor threads run."""
    sum(itertools.repeat(0))
    return None


@hostile(speaks=False)
def hang_later(at: Targets) -> str | None:
    """Give control back, and hang the interpreter a moment later."""
    threading.Timer(0.05, lambda: sum(itertools.repeat(0))).start()
    return None


@hostile(speaks=False)
def stopped(at: Targets) -> str | None:
    """Stop the process as a debugger does."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return None


@hostile(speaks=False)
def stopped_later(at: Targets) -> str | None:
    """Give control back, and stop the process a moment later."""
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGSTOP)).start()
    return None


@hostile(speaks=False)
def end_without_notice(at: Targets) -> str | None:
    """End the process without any farewell."""
    os._exit(0)


@hostile(speaks=False)
def crash(at: Targets) -> str | None:
    """Crash the interpreter."""
    ctypes.string_at(0)
    return None


@hostile(speaks=False)
def deep_recursion(at: Targets) -> str | None:
    """Run out of the C stack."""
    sys.setrecursionlimit(10**9)
    nested: Any = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested)[:0]


@hostile(speaks=False, alone=True)
def memory_errors_swallowed(at: Targets) -> str | None:
    """Run out of memory again and again, and go on."""
    taken: list[bytearray] = []
    while True:
        try:
            taken.append(bytearray(1 << 24))
        except BaseException:  # noqa: BLE001 - that is the attack
            continue


@hostile(speaks=False)
def builtins_broken(at: Targets) -> str | None:
    """Take away what the kernel itself is made of."""
    import builtins

    names: Any = builtins
    names.len = names.isinstance = names.getattr = None
    return None


@hostile(speaks=False)
def loop_stopped(at: Targets) -> str | None:
    """Stop the kernel's event loop and say that all is well."""
    kernel().io_loop.stop()
    return None


@hostile(speaks=False)
def loop_blocked(at: Targets) -> str | None:
    """Give control back, and block the kernel's event loop before the next cell."""
    kernel().io_loop.call_later(0.01, lambda: time.sleep(60))
    return None


@hostile(speaks=False)
def said_to_be_idle(at: Targets) -> str | None:
    """Claim to be done, and go on."""
    send("status", {"execution_state": "idle"})
    time.sleep(60)
    return None


@hostile(speaks=False)
def shut_down(at: Targets) -> str | None:
    """Announce the kernel's end and leave its loop, as on a shutdown request."""
    send("shutdown_reply", {"status": "ok", "restart": True})
    kernel().do_shutdown(False)
    kernel().io_loop.call_later(0.05, kernel().io_loop.stop)
    return None


@hostile(speaks=False)
def sockets_closed(at: Targets) -> str | None:
    """Close everything that is open, the kernel's own sockets included, and go on."""
    os.closerange(3, 4096)
    while True:
        time.sleep(1)


@hostile(speaks=False)
def question(at: Targets) -> str | None:
    """Ask the user something, and wait."""
    kernel()._allow_stdin = True
    return input("Password: ")[:0]


@hostile(speaks=False)
def file_waited_for(at: Targets) -> str | None:
    """Open a pipe that has nobody at its other end, with the signal handler taken away."""
    signal.signal(signal.SIGINT, lambda *_: None)
    os.mkfifo("pipe")
    open("pipe", "rb").close()
    return None


@hostile(speaks=False)
def lock_waited_for(at: Targets) -> str | None:
    """Wait for a file lock that another thread of its own keeps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open("lock", "wb") as first, open("lock", "wb") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        fcntl.flock(second, fcntl.LOCK_EX)
    return None


@hostile(speaks=False)
def trace_hook(at: Targets) -> str | None:
    """Hook into every call that Python makes from now on, and let none of them end."""

    def wait(*_: Any) -> None:
        time.sleep(0.5)

    sys.setprofile(wait)
    threading.setprofile(wait)
    return None


@hostile(speaks=False)
def at_exit(at: Targets) -> str | None:
    """Keep the process from ending with what runs at its end."""
    import atexit

    atexit.register(time.sleep, 60)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit


@hostile(speaks=False)
def twin(at: Targets) -> str | None:
    """Fork, and let both processes go on as the kernel."""
    os.fork()
    return None


cell(
    "awaited_for_ever",
    "timing",
    "Wait at the top of the cell for what never comes.",
    "import asyncio\nawait asyncio.Event().wait()",
    speaks=False,
)
cell(
    "shell_for_ever",
    "timing",
    "Wait for a shell command that ignores the interrupt.",
    "!trap '' INT TERM; while :; do sleep 1; done",
    speaks=False,
)
