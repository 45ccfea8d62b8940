"""Programs that start, reach or outlive processes in further ways."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.hostile.inside import LIBC, Targets, checked, read_memory, syscall
from tests.hostile.program import hostile


@hostile(process="escaped")
def ways_to_start(at: Targets) -> str | None:
    """Start a program in any way that the standard library knows."""
    import multiprocessing
    import pty

    def forked() -> int:
        child, _ = pty.fork()
        if child == 0:
            os._exit(0)
        return os.waitpid(child, 0)[1]

    def pooled() -> int:
        process: Any = multiprocessing.get_context("fork").Process(target=int)
        process.start()
        process.join()
        return process.exitcode or 0

    ways: tuple[Callable[[], int], ...] = (
        lambda: os.system("exit 0"),
        lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1],
        lambda: os.spawnv(os.P_WAIT, "/bin/true", ["true"]),
        forked,
        pooled,
    )
    for way in ways:
        try:
            if (code := way()) == 0:
                return "started"
            refusal = OSError(f"it ended with {code}")
        except OSError as error:
            refusal = error
    raise refusal


@hostile(process="escaped")
def replaced_by_a_program(at: Targets) -> str | None:
    """Become another program, which knows of no rules, with the descriptors of the kernel."""
    code = f"import ctypes, time; ctypes.CDLL(None).prctl(15, b{at.marker!r}); time.sleep(15)"
    if (child := os.fork()) == 0:
        os.execv("/bin/sh", ["sh", "-c", f"exec python3 -I -S -c '{code}'"])
    time.sleep(0.3)
    return f"process {child}"


@hostile(process="varies")
def signal_first_process(at: Targets) -> str | None:
    """Be allowed to send signals to the machine's first process; none is sent."""
    if os.getpid() == 1:  # it is in a namespace of its own
        return None
    os.kill(1, 0)
    return "allowed"


@hostile(process="escaped")
def signal_by_folder(at: Targets) -> str | None:
    """End another process by its folder in /proc, which is as good as a descriptor of it."""
    folder = os.open(f"/proc/{at.victim}", os.O_RDONLY | os.O_DIRECTORY)
    syscall("pidfd_send_signal", folder, signal.SIGTERM, None, 0)
    return "sent"


@hostile(process="escaped")
def clock_of_victim(at: Targets) -> str | None:
    """Follow how much another process computes, by the clock that counts it."""
    return f"{time.clock_gettime((~at.victim << 3) | 2):.3f} s"


@hostile(process="escaped")
def schedule_of_victim(at: Targets) -> str | None:
    """Have another process run only when nobody else wants to."""
    os.sched_setscheduler(at.victim, os.SCHED_IDLE, os.sched_param(0))
    return "idle" if os.sched_getscheduler(at.victim) == os.SCHED_IDLE else None


@hostile(process="escaped")
def affinity_of_victim(at: Targets) -> str | None:
    """Learn on which processors another process may run."""
    return f"{len(os.sched_getaffinity(at.victim))} processors"


@hostile(process="varies")
def parent_memory(at: Targets) -> str | None:
    """Read the memory of the process that started the kernel."""
    if os.getppid() == 0:  # it is in a namespace of its own, with nobody above it
        return None
    return read_memory(os.getppid(), id(os)) or "read"


@hostile(process="escaped")
def death_wish_taken_back(at: Targets) -> str | None:
    """Take back that the system ends the kernel when its parent ends."""
    checked(LIBC.prctl(1, ctypes.c_ulong(0), 0, 0, 0))
    return "taken back"


@hostile(process="varies")
def group_left(at: Targets) -> str | None:
    """Leave the process group that is ended with the kernel, in a child."""
    if (child := os.fork()) == 0:
        os.setpgid(0, 0)
        os._exit(0)
    return "left" if os.waitpid(child, 0)[1] == 0 else None


@hostile(process="escaped")
def threads_of_victim(at: Targets) -> str | None:
    """Ask for another process's threads, to name them one by one."""
    return f"{len(os.listdir(f'/proc/{at.victim}/task'))} threads"
