"""What a kernel has written, where no file system of its own limits it."""

import contextlib
import os
import stat
from pathlib import Path

MEGABYTE = 1 << 20


def exceeds(place: Path, pid: int, most_mb: int, most_files: int) -> bool:
    """Say whether a kernel has filled more than it may, counting also files that it deleted and still has open.

    It looks no further than it must to know, so a folder of many files costs no more than the number allowed.
    """
    size, files, folders = _deleted(pid), 0, [str(place)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                files += 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                with contextlib.suppress(FileNotFoundError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                if files > most_files or size > most_mb * MEGABYTE:
                    return True
    return size > most_mb * MEGABYTE


def _deleted(pid: int) -> int:
    size = 0
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                status = os.stat(f"/proc/{pid}/fd/{name}")
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    size += status.st_blocks * 512
    return size
