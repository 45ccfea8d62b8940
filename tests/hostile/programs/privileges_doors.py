"""Programs that try the system's doors one after another."""

import contextlib
import ctypes
import errno
import glob
import os
import subprocess

from tests.hostile.inside import LIBC, Targets, checked, in_clone
from tests.hostile.program import hostile


@hostile(process="escaped")
def little_used_calls(at: Targets) -> str | None:
    """Find any of the system's dangerous calls open, each asked for what it cannot do."""
    bad, none = ctypes.c_long(-1), ctypes.c_long(0)
    wrong = {
        "kcmp": (312, bad, bad, none),
        "process_vm_writev": (311, bad, none, none),
        "name_to_handle_at": (303, bad, none, none),
        "kexec_load": (246, none, bad, none),
        "delete_module": (176, none, none, none),
        "swapoff": (168, none, none, none),
        "quotactl": (179, bad, none, bad),
        "syslog": (103, bad, none, none),
        "personality": (135, ctypes.c_long(0xFFFFFFFF), none, none),
        "modify_ldt": (154, bad, none, none),
        "vmsplice": (278, bad, none, none),
        "io_setup": (206, none, none, none),
        "mq_open": (240, none, none, none),
        "msgget": (68, bad, none, none),
        "semget": (64, bad, bad, none),
        "request_key": (249, none, none, none),
        "fanotify_init": (300, bad, bad, none),
        "migrate_pages": (256, bad, none, none),
        "pidfd_open": (434, bad, bad, none),
        "memfd_secret": (447, bad, none, none),
        "process_madvise": (440, bad, none, none),
        "move_mount": (429, bad, none, bad),
        "mount_setattr": (442, bad, none, bad),
    }
    if os.uname().machine != "x86_64":
        raise OSError("the numbers are those of another processor")
    refusals = (errno.EPERM, errno.ENOSYS, errno.EACCES)
    opened = []
    for name, (number, *arguments) in wrong.items():
        if LIBC.syscall(ctypes.c_long(number), *arguments, none, none) != -1 or ctypes.get_errno() not in refusals:
            opened.append(name)
    return f"open: {', '.join(opened)}" if opened else None


@hostile(process="varies")
def namespaces_of_first_process(at: Targets) -> str | None:
    """Step into the namespaces of the machine's first process."""
    if os.getpid() == 1:
        return None
    for kind in ("net", "ipc", "uts", "cgroup"):
        checked(LIBC.setns(os.open(f"/proc/1/ns/{kind}", os.O_RDONLY), 0))
    return "net, ipc, uts and cgroup"


@hostile(process="varies")
def control_groups(at: Targets) -> str | None:
    """Open what control groups run when they are empty, or who is in them, for writing; nothing is written."""
    for pattern in ("release_agent", "*/release_agent", "cgroup.procs", "*/cgroup.procs", "*/notify_on_release"):
        for path in glob.glob(f"/sys/fs/cgroup/{pattern}"):
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_WRONLY))
                return path
    return None


@hostile(process="varies")
def more_system_knobs(at: Targets) -> str | None:
    """Open further switches of the system for writing; nothing is written."""
    knobs = ("uevent_helper", "mm/ksm/run", "mm/hugepages", "debug/tracing/trace", "security/lockdown", "power/state")
    paths = [f"/sys/kernel/{knob}" for knob in knobs] + [
        "/proc/sys/fs/binfmt_misc/register",
        "/proc/sys/vm/drop_caches",
    ]
    for path in paths:
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_WRONLY))
            return path
    return None


@hostile(process="varies")
def programs_of_root(at: Targets) -> str | None:
    """Run a program that runs with root's rights."""
    for command in (["sudo", "-n", "id", "-u"], ["su", "-c", "id -u"], ["pkexec", "id", "-u"], ["mount"]):
        with contextlib.suppress(FileNotFoundError):
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=1, check=False)
            if done.stdout.strip() == b"0":
                return command[0]
    return None


@hostile(process="varies")
def filter_taken_off(at: Targets) -> str | None:
    """Take off what has been put on, and then become root in a namespace."""
    for option, value in ((22, 0), (22, 1), (38, 0), (24, 0)):  # seccomp, no new privileges, the bounding set
        if option != 22 or value != 1:  # which would end the process at its next call
            LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
    return in_clone(lambda: checked(LIBC.unshare(0x10000000)))


@hostile(process="varies")
def root_left_by_descriptor(at: Targets) -> str | None:
    """Leave a changed root by a folder that was opened before."""
    outside = os.open("/", os.O_RDONLY)

    def escape() -> None:
        os.mkdir("jail")
        os.chroot("jail")
        os.fchdir(outside)
        os.chroot("." + "/.." * 20)
        os.listdir(at.home)

    return in_clone(escape)


@hostile(process="varies")
def modules_asked_for(at: Targets) -> str | None:
    """Have the system load a part of its kernel that is not there yet, by asking for what it serves."""
    import socket

    for family in (21, 36, 38, 39, 42):  # rds, kcm, crypto, nfc, qipcrtr
        with contextlib.suppress(OSError):
            socket.socket(family, socket.SOCK_SEQPACKET).close()
            return f"family {family}"
    return None


@hostile(process="varies")
def file_system_of_its_own(at: Targets) -> str | None:
    """Mount a file system in a namespace where it is root."""

    def mount() -> None:
        checked(LIBC.unshare(0x10020000))
        checked(LIBC.mount(b"none", b"/", b"tmpfs", 0, None))

    return in_clone(mount)


@hostile(process="escaped")
def code_from_a_file(at: Targets) -> str | None:
    """Write a program into the kernel's own folder and run it."""
    with open("program", "w") as file:
        file.write("#!/bin/sh\nexit 0\n")
    os.chmod("program", 0o700)
    return "it ran" if subprocess.run(["./program"], check=False).returncode == 0 else None
