"""Programs that want to be more than they are, or that knock at the system's less guarded doors.

Where a call would change the machine if it were allowed, it is made with what cannot be accepted: the answer tells a
refusal from a complaint.
"""

import contextlib
import ctypes
import errno
import os
import struct
from pathlib import Path

from tests.hostile.inside import AT_CWD, LIBC, Targets, checked, in_clone, permitted, syscall
from tests.hostile.program import hostile


@hostile(process="varies")
def become_root(at: Targets) -> str | None:
    """Become root."""
    os.setresuid(0, 0, 0)
    capabilities = Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0]
    return f"capabilities {capabilities}" if int(capabilities, 16) else None


@hostile(process="varies", confined="varies")
def capabilities(at: Targets) -> str | None:
    """Have any of root's capabilities, or be able to get one."""
    header, data = struct.pack("=Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    syscall("capget", header, data)
    effective, permitted_, *_ = struct.unpack("=6I", data.raw)
    return f"{effective | permitted_:x}" if effective | permitted_ else None


@hostile(process="varies")
def way_to_setuid_programs(at: Targets) -> str | None:
    """Keep the way open to programs that run with their owner's rights."""
    return "new privileges are possible" if LIBC.prctl(39, 0, 0, 0, 0) == 0 else None


@hostile(process="varies")
def user_namespace(at: Targets) -> str | None:
    """Become root in a namespace of its own."""
    return in_clone(lambda: None, 0x10000000)


@hostile(process="varies")
def user_namespace_by_clone3(at: Targets) -> str | None:
    """Become root in a namespace of its own, through a call whose flags a filter cannot see."""
    return permitted("clone3", struct.pack("=8Q", 0x10000000 | 0x10, *[0] * 7), 64)  # refused: no thread group


@hostile(process="varies")
def user_namespace_by_unshare(at: Targets) -> str | None:
    """Become root and leave the mounts behind, in a child process."""
    return in_clone(lambda: checked(LIBC.unshare(0x10020000)))


@hostile(process="varies")
def mount(at: Targets) -> str | None:
    """Be allowed to mount a file system; none is mounted."""
    if LIBC.mount(b"none", os.getcwd().encode(), None, 0, None) == -1 and ctypes.get_errno() == errno.EINVAL:
        return "allowed"
    raise OSError(ctypes.get_errno(), "mount")


@hostile(process="varies")
def mount_by_new_calls(at: Targets) -> str | None:
    """Make a file system that can be mounted, through the newer calls."""
    with contextlib.suppress(OSError):
        os.close(syscall("open_tree", AT_CWD, b"/", 1))  # OPEN_TREE_CLONE
        return "a copy of the tree"
    os.close(syscall("fsopen", b"tmpfs", 0))
    return "a new file system"


@hostile(process="varies")
def another_root(at: Targets) -> str | None:
    """Change the root folder of the process."""
    return in_clone(lambda: os.chroot("."))


@hostile(process="varies")
def file_by_handle(at: Targets) -> str | None:
    """Be allowed to open files by number, past every folder."""
    handle = struct.pack("=Ii", 8, 1) + bytes(8)  # of a file that is not there
    return permitted("open_by_handle_at", os.open(".", os.O_RDONLY), handle, os.O_RDONLY)


@hostile(process="varies")
def kernel_module(at: Targets) -> str | None:
    """Be allowed to load code into the system's kernel; none is loaded."""
    return permitted("finit_module", -1, b"", 0)


@hostile(process="varies")
def kernel_programs(at: Targets) -> str | None:
    """Load a program into the system's kernel with bpf."""
    attributes = struct.pack("=IIII", 2, 4, 8, 1).ljust(128, b"\0")  # an array
    return f"descriptor {syscall('bpf', 0, attributes, 128)}"


@hostile(process="varies")
def kernel_rings(at: Targets) -> str | None:
    """Make an io_uring, which does system calls that no filter sees."""
    return f"descriptor {syscall('io_uring_setup', 4, ctypes.create_string_buffer(120))}"


@hostile(process="varies")
def kernel_page_faults(at: Targets) -> str | None:
    """Handle page faults, which makes races in the system's kernel easy to win."""
    return f"descriptor {syscall('userfaultfd', 1)}"


@hostile(process="varies")
def kernel_counters(at: Targets) -> str | None:
    """Measure the processor's events, a tool for spying on neighbours."""
    attributes = struct.pack("=IIQ", 1, 112, 0).ljust(40, b"\0") + struct.pack("=Q", 0x60)
    return f"descriptor {syscall('perf_event_open', attributes.ljust(112, bytes(1)), 0, -1, -1, 0)}"


@hostile(process="escaped")
def program_from_memory(at: Targets) -> str | None:
    """Run a program that is in no file, past every rule about paths."""
    image = os.memfd_create("canary", 0)
    os.write(image, Path("/bin/true").read_bytes())
    empty = (ctypes.c_char_p * 2)(b"true", None)
    return in_clone(lambda: syscall("execveat", image, b"", empty, None, 0x1000))


@hostile(process="varies")
def host_name(at: Targets) -> str | None:
    """Be allowed to rename the machine; it gets the name that it has."""
    name = os.uname().nodename.encode()
    checked(LIBC.sethostname(name, len(name)))
    return "allowed"
