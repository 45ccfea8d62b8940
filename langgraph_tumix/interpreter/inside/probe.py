"""The self-test: from where a kernel would run, try what it must not be able to do.

Each probe is one attempt, of which it says whether it was held off. What is tried is harmless where it succeeds.
"""

import ctypes
import errno
import mmap
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from langgraph_tumix.interpreter.inside import linux

PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS = 21, 39
AF_VSOCK = 40
RISKY = {"memfd_create": 319, "bpf": 321, "userfaultfd": 323} if os.uname().machine == "x86_64" else {}
RISKY |= {"io_uring_setup": 425, "pidfd_open": 434}
MEGABYTE = 1 << 20


def examine(trial: Mapping[str, Any], own: Iterable[int], registry: int) -> dict[str, bool]:
    """Try everything, and give for each aim whether it was held off.

    Args:
        trial: The marks to aim at: ``file`` and ``folder`` (paths of the host's), ``host`` (its process),
            ``port`` (TCP, on this machine), ``abstract`` (a unix socket's name), ``variables`` (names allowed in
            the environment), ``memory_mb``, ``disk_mb``.
        own: The descriptors that a kernel has on purpose.
        registry: The descriptor that leads back to the server, which a kernel closes.
    """
    host = int(trial["host"])
    probes: dict[str, Callable[[], object]] = {
        "files": lambda: Path(trial["file"]).read_bytes(),
        "foreign folders": lambda: Path(trial["folder"], "planted").write_bytes(b"x"),
        "modes": lambda: os.chmod(trial["file"], 0o644),
        "watching": _watch,
        "accounts": lambda: Path("/etc/shadow").read_bytes() and Path("/etc/passwd").read_bytes(),
        "other processes": lambda: os.kill(host, 0),
        "environments": lambda: Path(f"/proc/{host}/environ").read_bytes(),
        "TCP": lambda: socket.create_connection(("127.0.0.1", int(trial["port"])), timeout=1).close(),
        "unix sockets": lambda: _connect_unix(str(trial["abstract"])),
        "odd sockets": lambda: [socket.socket(family, socket.SOCK_STREAM) for family in (AF_VSOCK, socket.AF_PACKET)],
        "processes": _fork,
        "namespaces": lambda: linux.unshare(linux.NEWUSER),
        "users": lambda: os.setuid(0),
        "memory": lambda: mmap.mmap(-1, int(trial["memory_mb"]) * MEGABYTE).close(),
        **{call: lambda number=number: _call(number) for call, number in RISKY.items()},  # type: ignore[misc]
    }
    held = {"descriptors": _open_descriptors() <= {0, 1, 2, registry, *own}}  # before a probe that succeeds opens more
    held |= {name: _is_held_off(probe) for name, probe in probes.items()}
    disk = os.statvfs(".")
    held["disk"] = disk.f_blocks * disk.f_frsize <= int(trial["disk_mb"]) * MEGABYTE
    held["variables"] = set(os.environ) <= set(trial["variables"])
    held["privileges"] = linux.prctl(PR_GET_NO_NEW_PRIVS) == 1 and os.geteuid() != 0
    held["seccomp"] = linux.prctl(PR_GET_SECCOMP) == 2
    return held


def _is_held_off(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (OSError, MemoryError, ValueError):
        return True
    return False


def _connect_unix(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0{name}")


def _watch() -> None:
    linux.checked(linux.libc.inotify_init1(os.O_CLOEXEC), "inotify_init1")


def _fork() -> None:
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)


def _call(number: int) -> None:
    """Make a system call with arguments that are wrong; a filter refuses it before they are looked at."""
    if linux.libc.syscall(number, ctypes.c_void_p(1), ctypes.c_long(-1), ctypes.c_long(-1)) < 0:
        code = ctypes.get_errno()
        if code in (errno.EPERM, errno.ENOSYS):
            raise OSError(code, "refused")


def _open_descriptors() -> set[int]:
    found = set()
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.add(number)
    return found
