"""What a kernel has written, where no file system of its own limits it."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1 << 20
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
        yield _nameless(self._pid, str(self._place))
        folders = [str(self._place)]
        while folders:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False).st_blocks * BLOCK


def _work(pid: int) -> int:
    """Give the processor time that a process has taken, in the system's ticks."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def _nameless(pid: int, place: str) -> int:
    """Count what files take that were removed, but are still open or mapped."""
    sizes: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
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
