"""Programs that are told what nobody thought of as a secret."""

import ctypes
import os
import socket
import struct
import time

from tests.hostile.inside import LIBC, Targets, checked, found, kernel
from tests.hostile.program import hostile


@hostile()
def host_named_in_messages(at: Targets) -> str | None:
    """Find the host's user or process in the requests that it sends."""
    header = kernel().get_parent()["header"]
    if str(at.host) in header["msg_id"].split("_"):
        return "the host's number"
    return f"the user {header['username']}" if header["username"] else None


@hostile(process="varies")
def host_at_the_other_end(at: Targets) -> str | None:
    """Take hold of the host's process through the connections that it talks to the kernel by."""
    value, size = ctypes.create_string_buffer(12), ctypes.c_int(12)
    for descriptor in range(3, 256):
        if LIBC.getsockopt(descriptor, socket.SOL_SOCKET, 77, value, ctypes.byref(size)) == 0:  # SO_PEERPIDFD
            return "a descriptor of a process"
        if LIBC.getsockopt(descriptor, socket.SOL_SOCKET, socket.SO_PEERCRED, value, ctypes.byref(size)) == 0:
            return f"process {struct.unpack('=iii', value.raw)[0]}"
    return None


@hostile(process="escaped", confined="escaped")
def machine_named(at: Targets) -> str | None:
    """Learn the machine's name from the system itself."""
    name = os.uname().nodename
    return None if name in ("kernel", "localhost", "(none)") else "its name"


@hostile(process="varies")
def attributes_read(at: Targets) -> str | None:
    """Read what hangs on a file of the host's, which is no part of what is in it."""
    return found(os.getxattr(f"{at.work}/public.txt", "user.origin"))


@hostile(process="varies")
def mounts_listed(at: Targets) -> str | None:
    """Learn what is mounted, by calls that are newer than most filters."""
    request, mounts = struct.pack("=IIQQ", 24, 0, 0xFFFFFFFFFFFFFFFF, 0), (ctypes.c_uint64 * 64)()
    count = checked(LIBC.syscall(ctypes.c_long(458), request, mounts, ctypes.c_size_t(64), ctypes.c_uint(0)))
    return f"{count} of them" if count > 8 else None


@hostile(process="escaped")
def clock_of_victim_as_alarm(at: Targets) -> str | None:
    """Be woken when another process has computed for long enough."""
    timer = ctypes.create_string_buffer(8)
    checked(LIBC.syscall(ctypes.c_long(222), ctypes.c_long((~at.victim << 3) | 2), None, timer))
    time.sleep(0)
    return "an alarm"
