"""The limits that any system can put on a process, and its end with the host's."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping

PR_SET_PDEATHSIG = 1


def limit_resources(limits: Mapping[str, int]) -> None:
    """Set the process's limits, none above what the host itself is held to.

    Args:
        limits: The values by their names in `resource`.
    """
    for name, most in limits.items():
        if name == "RLIMIT_AS" and sys.platform != "linux":
            continue  # the address space is not limited there, and asking is an error
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


def die_with_parent(parent: int) -> None:
    """End with the host, however it ends; ipykernel's parent poller does the same within a second elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request was made
        os._exit(1)
