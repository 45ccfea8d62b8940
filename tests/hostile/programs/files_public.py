"""Programs that are after files which everyone on the machine may write, but not they."""

import os

from tests.hostile.inside import Targets
from tests.hostile.program import hostile


@hostile(process="escaped")
def public_file_times(at: Targets) -> str | None:
    """Change when a file that everyone may write was last changed."""
    os.utime(f"{at.work}/public.txt")
    return "changed"


@hostile(process="varies")
def public_file_attributes(at: Targets) -> str | None:
    """Hang data on a file that everyone may write, and take away what hangs there."""
    os.setxattr(f"{at.work}/public.txt", "user.note", b"left")
    os.removexattr(f"{at.work}/public.txt", "user.origin")
    return "changed"


@hostile(process="escaped")
def public_file_written(at: Targets) -> str | None:
    """Write to a file that everyone may write."""
    with open(f"{at.work}/public.txt", "a") as file:
        file.write("more")
    return "written"


@hostile(process="escaped")
def public_file_truncated(at: Targets) -> str | None:
    """Empty a file that everyone may write, by its name."""
    os.truncate(f"{at.work}/public.txt", 0)
    return "emptied"


@hostile(process="escaped")
def public_file_moved(at: Targets) -> str | None:
    """Move a file that everyone may write into the kernel's own folder, or give it a name there."""
    try:
        os.rename(f"{at.work}/public.txt", "mine.txt")
    except OSError:
        os.link(f"{at.work}/public.txt", "mine.txt")
    return "it is here"
