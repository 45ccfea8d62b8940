"""What a kernel has written, where no file system of its own limits it."""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

PAUSE = 0.05  # seconds from one round to the next
MEGABYTE = 1 << 20
LONGEST_MAPS = 3 << 18  # characters, some 8,000 mappings; a kernel with pandas, scipy and sympy has 1,100
BLOCK = 512  # bytes, in which the system counts what a file takes


class Disk:
    """A kernel's use of the disk.

    Args:
        place: Its directory.
        pid: The kernel.
        most_mb: What it may take, in MiB.
        most_files: How many files and folders it may have.
        alone: Whether nobody writes there but the kernel's own process, so that nothing changes while that rests.
    """

    def __init__(self, place: Path, pid: int, *, most_mb: int, most_files: int, alone: bool) -> None:
        self._place = place
        self._pid = pid
        self._most = most_mb * MEGABYTE
        self._most_files = most_files
        self._alone = alone
        self._worked = -1

    def exceeded(self) -> bool:
        """Say whether the kernel takes more than it may, or hides what it takes.

        It looks no further than it must to know, so a folder of many files costs no more than the number allowed.
        """
        worked = _work(self._pid)
        if self._alone and worked == self._worked:
            return False
        self._worked = worked
        size = 0
        try:
            for files, more in enumerate(self._sizes(), 1):
                size += more
                if size > self._most or files > self._most_files:
                    return True
        except OSError:  # a folder that its owner cannot list, or too deep for the system to have a path
            return True
        return False

    def _sizes(self) -> Iterator[int]:
        yield _removed(self._pid, str(self._place))
        folders = [str(self._place)]
        while folders:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False).st_blocks * BLOCK


class Disks:
    """The disks of several kernels, looked at one at a time.

    Code can make that take a while, and what the fork server is asked meanwhile shall not wait for all of them.

    Attributes:
        all: The disks, by kernel.
    """

    def __init__(self) -> None:
        self.all: dict[int, Disk] = {}
        self._unseen: list[int] = []  # in this round
        self._round_ended = 0.0

    def patience(self) -> float | None:
        """Say how long nobody need look, in milliseconds; None for as long as nothing else happens."""
        if not self.all:
            return None
        return 0 if self._unseen else PAUSE * 1000

    def exceeded(self) -> int | None:
        """Look at the next disk, if it is time; gives the kernel if it takes more than it may."""
        if not self._unseen:
            if time.monotonic() - self._round_ended >= PAUSE:
                self._unseen = list(self.all)
            return None
        kernel = self._unseen.pop()
        exceeded = kernel in self.all and self.all[kernel].exceeded()
        if not self._unseen:
            self._round_ended = time.monotonic()
        return kernel if exceeded else None


def _work(pid: int) -> int:
    """Give the processor time that a process has taken, in the system's ticks."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def _removed(pid: int, place: str) -> int:
    """Count what files take that were removed, but are still open or mapped.

    Raises:
        OSError: The process has so many mappings that it would take long to look through them.
    """
    sizes: dict[int, int] = {}
    for line in _mappings(pid):
        if line.endswith(" (deleted)") and place in line:
            span, _, offset, _, file = line.split()[:5]
            low, _, high = span.partition("-")
            end = int(offset, 16) + int(high, 16) - int(low, 16)
            sizes[int(file)] = max(end, sizes.get(int(file), 0))
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                status = os.stat(f"/proc/{pid}/fd/{name}")
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    sizes[status.st_ino] = status.st_blocks * BLOCK
    return sum(sizes.values())


def _mappings(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/maps", errors="replace") as maps:
            text = maps.read(LONGEST_MAPS + 1)
    except OSError:  # it has ended
        return []
    if len(text) > LONGEST_MAPS:
        raise OSError(errno.E2BIG, "too many mappings")
    return text.splitlines()
