"""Programs that take more than their share where nobody may be counting."""

import contextlib
import ctypes
import fcntl
import mmap
import os
import signal
import socket
import threading

from tests.hostile.inside import LIBC, MIB, Targets, checked
from tests.hostile.program import hostile


@hostile(process="varies", alone=True, seconds=15)
def files_without_names(at: Targets) -> str | None:
    """Write 256 MiB into files that have been removed but are still open."""
    files = []
    for number in range(16):
        files.append(open(str(number), "wb", buffering=0))  # noqa: SIM115 - they are to stay open
        os.unlink(str(number))
        for _ in range(16):
            files[-1].write(bytes(MIB))
    return f"{sum(os.fstat(file.fileno()).st_blocks for file in files) * 512 // MIB} MiB"


@hostile(process="varies", alone=True, seconds=15)
def files_only_mapped(at: Targets) -> str | None:
    """Write 256 MiB into files that have been removed and closed but are still mapped."""
    maps = []
    for number in range(16):
        with open(str(number), "w+b", buffering=0) as file:
            os.unlink(str(number))
            file.truncate(16 * MIB)
            maps.append(mmap.mmap(file.fileno(), 16 * MIB))
        maps[-1][:] = bytes(16 * MIB)
    return f"{16 * len(maps)} MiB"


@hostile(process="varies", alone=True, seconds=15)
def files_out_of_sight(at: Targets) -> str | None:
    """Write 256 MiB into a folder that cannot be listed."""
    os.mkdir("dark", 0o300)
    for number in range(16):
        with open(f"dark/{number}", "wb", buffering=0) as file:
            for _ in range(16):
                file.write(bytes(MIB))
    return "256 MiB"


@hostile(process="varies", alone=True, seconds=15)
def files_reserved(at: Targets) -> str | None:
    """Reserve 512 MiB at once, in files that are each as large as is allowed."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for number in range(16):
        with open(f"reserved-{number}", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 32 * MIB)
    return "512 MiB"


@hostile(process="varies", alone=True, seconds=15)
def folders_made(at: Targets) -> str | None:
    """Make 20,000 folders and links."""
    for number in range(10_000):
        os.mkdir(f"folder-{number}")
        os.symlink("nowhere", f"link-{number}")
    return "20,000 of them"


@hostile(process="varies", alone=True, seconds=15)
def names_of_one_file(at: Targets) -> str | None:
    """Give one file 20,000 names."""
    open("one", "wb").close()
    for number in range(20_000):
        os.link("one", f"name-{number}")
    return "20,000 names"


@hostile(process="varies", alone=True, seconds=15)
def attributes_as_storage(at: Targets) -> str | None:
    """Keep 128 MiB in the attributes of files."""
    kept, data = 0, bytes(60_000)
    for number in range(3000):
        open(f"file-{number}", "wb").close()
        os.setxattr(f"file-{number}", "user.data", data)
        kept += len(data)
    return f"{kept // MIB} MiB" if kept > 128 * MIB else None


@hostile(process="varies", alone=True)
def memory_in_pipes(at: Targets) -> str | None:
    """Keep 128 MiB in pipes and sockets, which no limit on a process's memory counts."""
    kept = 0
    pairs = []
    with contextlib.suppress(OSError):
        while kept < 128 * MIB:
            _, end = os.pipe2(os.O_NONBLOCK)
            with contextlib.suppress(OSError):
                fcntl.fcntl(end, 1031, MIB)  # F_SETPIPE_SZ
            with contextlib.suppress(BlockingIOError):
                while True:
                    kept += os.write(end, bytes(65536))
    with contextlib.suppress(OSError):
        while kept < 128 * MIB:
            for one in (pair := socket.socketpair()):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MIB)
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        kept += one.send(bytes(65536))
            pairs.append(pair)
    return f"{kept // MIB} MiB" if kept >= 128 * MIB else None


@hostile(process="varies")
def memory_locked(at: Targets) -> str | None:
    """Keep 128 MiB from ever leaving the machine's memory."""
    area = mmap.mmap(-1, 128 * MIB)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    checked(LIBC.mlock(ctypes.c_void_p(start), ctypes.c_size_t(128 * MIB)))
    return "128 MiB"


@hostile(process="varies", alone=True, seconds=15)
def threads_below_python(at: Targets) -> str | None:
    """Start 300 threads with the C library."""
    Function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
    pause = ctypes.cast(LIBC.sleep, Function)
    for number in range(300):
        thread = ctypes.c_ulong()
        if code := LIBC.pthread_create(ctypes.byref(thread), None, pause, ctypes.c_void_p(2)):
            raise OSError(code, f"after {number} threads, {threading.active_count()} of them Python's")
    return "300 threads"


@hostile(process="varies")
def machine_held_up(at: Targets) -> str | None:
    """Be allowed to make the whole machine write its files to the disk, again and again."""
    if LIBC.syncfs(-1) == -1 and ctypes.get_errno() in (1, 13, 38):
        raise OSError(ctypes.get_errno(), "syncfs")
    return "allowed"
