"""What a program has left behind on the machine, found by its marker, and removed."""

import contextlib
import fcntl
import os
import shutil
import signal
import struct
import sys
import time
from pathlib import Path

from tests.hostile.inside import LIBC

PUBLIC = ("/tmp", "/var/tmp", "/dev/shm")
SET_FLAGS = 0x40086602


def processes(marker: str) -> list[int]:
    """Find processes with a thread of that name."""
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended
            for task in os.listdir(f"/proc/{process}/task"):
                if Path(f"/proc/{process}/task/{task}/comm").read_text().strip() == marker:
                    found.add(int(process))
    return sorted(found)


def files(marker: str, temporary: Path) -> list[Path]:
    """Find files with that name among the host's packages and temporary files."""
    folders = {Path(folder) for folder in (*PUBLIC, *sys.path) if Path(folder).is_dir()}
    found = [path for folder in folders for path in folder.glob(f"{marker}*")]
    for top, names, others in os.walk(temporary):
        found += [Path(top, name) for name in names + others if name.startswith(marker)]
        names[:] = [name for name in names if not name.startswith(marker)]
    return found


def segments(marker: str) -> list[int]:
    """Find segments of shared memory under a key that is the marker's end."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [int(row[1]) for row in rows if int(row[0]) == int(marker[-7:], 16)]


def left_behind(marker: str, temporary: Path, *, within: float = 1.0) -> list[str]:
    """Say what is left, after what is about to vanish had its time, and remove it."""
    deadline = time.monotonic() + within
    while (pids := processes(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    paths, shared = files(marker, temporary), segments(marker)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for path in paths:
        remove(path)
        if path.is_relative_to(temporary):  # with it, the folder that could not be removed because of it
            remove(temporary / path.relative_to(temporary).parts[0])
    for segment in shared:
        LIBC.shmctl(segment, 0, None)
    reasons = [f"{len(pids)} processes outlived the session"] if pids else []
    reasons += [f"left in {path.parent.name}" for path in paths[:1]]
    return reasons + (["shared memory outlived the session"] if shared else [])


def remove(path: Path) -> None:
    """Remove what someone made hard to remove by setting flags."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        fcntl.ioctl(file, SET_FLAGS, struct.pack("=i", 0))
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def resident_mb() -> float:
    """Return the memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
