"""The system calls that Python does not wrap. What fails raises OSError with the call's name."""

import ctypes
import os
import struct

# The system may allow so many that closing them takes minutes. On Windows nothing here is used.
MOST_DESCRIPTORS = min(os.sysconf("SC_OPEN_MAX"), 1 << 16) if os.name == "posix" else 0
NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
CAP_KILL, CAP_SETGID, CAP_SETUID = 5, 6, 7

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
# The numbers of system calls from 424 on are the same on every architecture.
SYS_MOUNT_SETATTR = 442
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

if os.name == "posix":
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long


def checked(result: int, call: str) -> int:
    """Give a call's result, or raise what its error number says."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int = 0) -> int:
    """Set or get a property of this process."""
    zero = ctypes.c_ulong(0)
    return checked(libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero), f"prctl({option})")


def unshare(flags: int) -> None:
    """Move this process into namespaces of its own; with NEWPID, its next child."""
    checked(libc.unshare(flags), f"unshare({flags:#x})")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system, or change a mount."""
    encoded = [os.fsencode(text) if text is not None else None for text in (source, target, kind, options)]
    checked(libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]), f"mount({target})")


def bind(source: str, target: str) -> None:
    """Show a file or folder at a second place, to be read only, with all that is mounted below."""
    mount(source, target, None, MS_BIND | MS_REC)
    devices = 0 if source.startswith("/dev/") else MS_NODEV
    attributes = struct.pack("=QQQQ", MS_RDONLY | MS_NOSUID | devices, 0, 0, 0)
    size, path = ctypes.c_size_t(len(attributes)), os.fsencode(target)
    call = libc.syscall(SYS_MOUNT_SETATTR, ctypes.c_int(AT_FDCWD), path, ctypes.c_uint(AT_RECURSIVE), attributes, size)
    checked(call, f"mount_setattr({target})")


def change_root(directory: str) -> None:
    """Make a mount the root, and let go of the former one."""
    os.chdir(directory)
    checked(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), f"pivot_root({directory})")
    checked(libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def keep_capabilities(*kept: int) -> None:
    """Drop every capability but these, for good."""
    number = 0
    while libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:  # refused to who has no right to do it
        number += 1
    mask = sum(1 << capability for capability in kept)
    header, data = struct.pack("=Ii", CAPABILITY_VERSION_3, 0), struct.pack("=IIIIII", mask, mask, 0, 0, 0, 0)
    checked(libc.capset(header, data), "capset")


def change_user(number: int, *, files_as: int | None = None) -> None:
    """Become another user, who is in no group but that of the same number, and has no capabilities.

    Args:
        number: The user's.
        files_as: Whom to be still where files are reached, without any privilege of root's.
    """
    if files_as is not None:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    if files_as is not None:
        keep_capabilities(CAP_SETUID)
        libc.setfsuid(files_as)
        keep_capabilities()


def load_filter(program: bytes) -> None:
    """Put a seccomp filter on this process and all that it starts."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    prctl(PR_SET_NO_NEW_PRIVS, 1)
    buffer = ctypes.create_string_buffer(program, len(program))
    loaded = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0), "seccomp")
