"""Programs that fill the memory of the system's kernel, where no limit on a process's own memory counts."""

import ctypes
import mmap
import socket
import threading

from tests.hostile.inside import LIBC, MIB, Targets, checked
from tests.hostile.program import hostile


@hostile(process="varies")
def timers(at: Targets) -> str | None:
    """Set 20,000 timers, each of which the system keeps in memory of its own."""
    identity = ctypes.create_string_buffer(8)
    for _ in range(20_000):
        checked(LIBC.timer_create(1, None, identity))
    return "20,000 timers"


@hostile(process="varies")
def huge_pages(at: Targets) -> str | None:
    """Take the machine's huge pages, of which it has few, for itself."""
    LIBC.mmap.restype = ctypes.c_void_p
    flags = 0x40000 | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # MAP_HUGETLB
    start = LIBC.mmap(None, ctypes.c_size_t(2 * MIB), mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, ctypes.c_long(0))
    if start == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return "2 MiB"


@hostile(alone=True, seconds=15)
def memory_of_threads(at: Targets) -> str | None:
    """Take half as much memory again as is allowed, a little in each of many threads."""
    share = at.memory_mb * 3 // 2 // 48
    done, taken = threading.Barrier(48), []

    def take() -> None:
        data = bytearray(share * MIB)
        taken.append(len(data))
        done.wait(5)

    def quietly() -> None:
        try:
            take()
        except (MemoryError, threading.BrokenBarrierError):
            done.abort()

    started = [threading.Thread(target=quietly) for _ in range(48)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return f"{sum(taken) // MIB} MiB" if len(taken) == 48 else None


@hostile(process="varies", alone=True)
def descriptors_in_flight(at: Targets) -> str | None:
    """Keep 2,000 descriptors in messages that nobody takes, where they do not count as open."""
    sent = 0
    pairs = []
    try:
        while sent < 2000:
            pairs.append(socket.socketpair())
            pairs[-1][0].setblocking(False)
            for _ in range(50):
                socket.send_fds(pairs[-1][0], [b"x"], [0] * 20)
                sent += 20
    except BlockingIOError:
        pass
    return f"{sent} descriptors" if sent >= 2000 else None
