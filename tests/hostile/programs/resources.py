"""Programs that take more than their share; none takes so much that the machine would notice."""

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import threading
import time
from pathlib import Path

from tests.hostile.inside import LIBC, MIB, Targets, checked, children, clone, write_files
from tests.hostile.program import hostile


@hostile(alone=True, seconds=15)
def memory(at: Targets) -> str | None:
    """Take half as much memory again as is allowed."""
    taken = [bytearray(16 * MIB) for _ in range(at.memory_mb * 3 // 2 // 16)]
    return f"{16 * len(taken)} MiB"


@hostile(process="escaped", alone=True, seconds=15)
def memory_of_children(at: Targets) -> str | None:
    """Take half as much memory again as is allowed, in four processes."""
    share = at.memory_mb * 2 // 5
    started = []
    for _ in range(4):
        started.append(os.fork())
        if started[-1] == 0:
            with contextlib.suppress(BaseException):
                data = bytearray(share * MIB)
                time.sleep(2)
                os._exit(0 if data else 1)
            os._exit(1)
    codes = [os.waitpid(child, 0)[1] for child in started]
    return f"4 times {share} MiB" if not any(codes) else None


@hostile(alone=True, seconds=15)
def memory_shared(at: Targets) -> str | None:
    """Take half as much memory again as is allowed, as shared mappings."""
    taken = []
    for _ in range(at.memory_mb * 3 // 2 // 32):
        taken.append(mmap.mmap(-1, 32 * MIB))
        taken[-1].write(bytes(32 * MIB))
    return f"{32 * len(taken)} MiB"


@hostile(process="varies", alone=True, seconds=15)
def memory_in_files(at: Targets) -> str | None:
    """Take half as much memory again as is allowed, in files that exist in memory only."""
    written, block = 0, bytes(MIB)
    files = []
    while written < at.memory_mb * 3 // 2 * MIB:
        files.append(os.memfd_create("canary"))
        written += sum(os.write(files[-1], block) for _ in range(32))
    return f"{written // MIB} MiB"


@hostile(process="varies", alone=True, seconds=15)
def memory_in_shared_folder(at: Targets) -> str | None:
    """Fill /dev/shm with half as much again as the memory that is allowed."""
    written = write_files(Path("/dev/shm"), at.marker, 32 * MIB, at.memory_mb * 3 // 2 * MIB)
    return f"{written // MIB} MiB"


@hostile(process="escaped", alone=True, seconds=15)
def forks(at: Targets) -> str | None:
    """Start 200 processes."""
    return children(200, os.fork)


@hostile(process="varies", alone=True, seconds=15)
def threads(at: Targets) -> str | None:
    """Start 400 threads."""
    threading.stack_size(256 << 10)
    done = threading.Event()
    started = 0
    try:
        for _ in range(400):
            threading.Thread(target=done.wait, args=(1.5,), daemon=True).start()
            started += 1
    except RuntimeError as error:
        raise OSError(f"after {started} threads: {error}") from error
    finally:
        done.set()
    return "400 threads"


@hostile()
def descriptors(at: Targets) -> str | None:
    """Open 4,000 descriptors."""
    with contextlib.ExitStack() as stack:
        for _ in range(4000):
            stack.callback(os.close, os.dup(0))
    return "4,000 descriptors"


@hostile()
def sparse_file(at: Targets) -> str | None:
    """Make a file of 8 GiB that holds nothing."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("sparse", "wb") as file:
            os.truncate(file.fileno(), 8 << 30)
    finally:
        os.unlink("sparse")
    return "8 GiB"


@hostile()
def one_large_file(at: Targets) -> str | None:
    """Reserve 512 MiB of the disk for one file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("large", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 512 * MIB)
    finally:
        os.unlink("large")
    return "512 MiB"


@hostile(process="varies", alone=True, seconds=15)
def many_files(at: Targets) -> str | None:
    """Write 768 MiB to the disk, in files of 16 MiB."""
    return f"{write_files(Path.cwd(), 'part', 16 * MIB, 768 * MIB) // MIB} MiB"


@hostile(process="varies", alone=True, seconds=15)
def inodes(at: Targets) -> str | None:
    """Make 20,000 empty files."""
    folder = os.open(".", os.O_RDONLY)
    for number in range(20_000):
        os.close(os.open(str(number), os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    return "20,000 files"


@hostile(process="varies")
def raised_limits(at: Targets) -> str | None:
    """Raise the limits on memory, descriptors and file size."""
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        hard = resource.getrlimit(limit)[1]
        if hard == resource.RLIM_INFINITY:
            return f"limit {limit} is not set"
        with contextlib.suppress(ValueError, OSError):  # a ValueError is how Python puts the refusal
            resource.setrlimit(limit, (hard + 1, hard + 1))
            return f"limit {limit} was raised"
    return None


@hostile()
def processor_for_ever(at: Targets) -> str | None:
    """Use the processor without any limit of the system's own."""
    return "no limit" if resource.getrlimit(resource.RLIMIT_CPU)[1] == resource.RLIM_INFINITY else None


@hostile(process="varies")
def real_time_priority(at: Targets) -> str | None:
    """Get ahead of every other process on this machine."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return "real-time scheduling"


@hostile(process="varies")
def spared_by_the_system(at: Targets) -> str | None:
    """Be the last process that the system ends when memory is short."""
    score = Path("/proc/self/oom_score_adj")
    score.write_text("-1000")
    return f"score {score.read_text().strip()}"


@hostile(process="escaped")
def system_shared_memory(at: Targets) -> str | None:
    """Leave a segment of shared memory behind that outlives every process."""
    checked(LIBC.shmget(int(at.marker[-7:], 16), ctypes.c_size_t(4096), 0o1600))
    return "made"


@hostile(process="escaped")
def process_behind_the_library(at: Targets) -> str | None:
    """Start 50 processes by a bare system call."""
    return children(50, clone)
