"""Programs that keep busy whoever watches them, so that nobody has time to end them."""

import ctypes
import mmap
import os
import signal

from tests.hostile.inside import LIBC, Targets
from tests.hostile.program import hostile


@hostile(speaks=False)
def mappings_to_look_through(at: Targets) -> str | None:
    """Have 60,000 mappings for whoever looks through them, and spin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    area = mmap.mmap(-1, mmap.PAGESIZE * 60_000)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    for page in range(0, 60_000, 2):
        LIBC.mprotect(ctypes.c_void_p(start + page * mmap.PAGESIZE), ctypes.c_size_t(mmap.PAGESIZE), mmap.PROT_READ)
    while True:
        pass


@hostile(speaks=False)
def files_to_look_through(at: Targets) -> str | None:
    """Have as many files and open descriptors as are allowed for whoever looks through them, and spin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in range(3500):
        os.symlink("nowhere", f"link-{number}")
    try:
        while True:
            os.dup(0)
    except OSError:
        while True:
            pass


@hostile(speaks=False)
def folders_that_change(at: Targets) -> str | None:
    """Move folders about so fast that nobody can walk through them, and do not stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.makedirs("a/b/c/d")
    while True:
        os.rename("a/b", "b")
        os.symlink("/", "a/b")
        os.unlink("a/b")
        os.rename("b", "a/b")
