"""Programs that signal others by the less common names."""

import os
import signal
import struct

from tests.hostile.inside import LIBC, Targets, checked, syscall
from tests.hostile.program import hostile


@hostile(process="escaped")
def signal_group_of_host(at: Targets) -> str | None:
    """Be allowed to send signals to all of the host's process group; none is sent."""
    for group in (at.host, os.getpgid(at.host)):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            continue
        return "allowed"
    return None


@hostile(process="escaped")
def signal_thread_of_victim(at: Targets) -> str | None:
    """End another process by a signal to one of its threads."""
    checked(LIBC.tgkill(at.victim, at.victim, signal.SIGKILL))
    return "sent"


@hostile(process="escaped")
def signal_with_value(at: Targets) -> str | None:
    """End another process with a signal that carries a value."""
    checked(LIBC.sigqueue(at.victim, signal.SIGTERM, 7))
    return "sent"


@hostile(process="varies")
def memory_of_victim_given_up(at: Targets) -> str | None:
    """Have the system take another process's memory away from it."""
    handle = syscall("pidfd_open", at.victim, 0)
    span = struct.pack("=QQ", at.victim_address & ~4095, 4096)
    checked(LIBC.syscall(440, handle, span, 1, 21, 0))  # process_madvise, MADV_PAGEOUT
    return "paged out"
