"""Programs that are after other processes, or that leave processes behind."""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from tests.hostile.inside import LIBC, Targets, checked, clone, linger, rename_self, syscall
from tests.hostile.program import hostile


@hostile(process="escaped")
def signal_victim(at: Targets) -> str | None:
    """End another process of the user's."""
    os.kill(at.victim, signal.SIGKILL)
    return "sent"


@hostile(process="escaped")
def signal_victim_otherwise(at: Targets) -> str | None:
    """End another process of the user's by calls that a filter may forget."""
    siginfo = struct.pack("=iiiiIi", signal.SIGTERM, 0, -1, 0, os.getpid(), os.getuid()).ljust(128, b"\0")
    with contextlib.suppress(OSError):
        syscall("rt_sigqueueinfo", at.victim, signal.SIGTERM, siginfo)
        return "queued"
    syscall("pidfd_send_signal", syscall("pidfd_open", at.victim, 0), signal.SIGTERM, None, 0)
    return "sent by descriptor"


@hostile(process="escaped")
def signal_by_socket(at: Targets) -> str | None:
    """Let the system end another process by making it the owner of a socket where something arrives."""
    one, other = socket.socketpair()
    fcntl.fcntl(one, fcntl.F_SETOWN, at.victim)
    fcntl.fcntl(one, 10, signal.SIGTERM)  # F_SETSIG
    fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC)
    other.send(b"now")
    time.sleep(0.2)
    return None  # the host looks if the process lives


@hostile(process="escaped")
def signal_host(at: Targets) -> str | None:
    """Be allowed to send signals to the host; none is sent."""
    os.kill(at.host, 0)
    return "allowed"


@hostile(process="escaped")
def signal_parent(at: Targets) -> str | None:
    """Be allowed to send signals to the process that started the kernel; none is sent."""
    if os.getppid() in (0, 1) and at.host != 1:  # it is in a namespace of its own, and nobody but itself there
        return None
    os.kill(os.getppid(), 0)
    return "allowed"


@hostile(process="escaped", peer=True)
def signal_peer(at: Targets) -> str | None:
    """Be allowed to send signals to another session's kernel; none is sent."""
    os.kill(at.peer, 0)
    return "allowed"


@hostile(process="escaped")
def signal_everyone(at: Targets) -> str | None:
    """Be allowed to send a signal to all processes at once; none is sent."""
    os.kill(-1, 0)
    return "allowed"


@hostile(process="escaped")
def limits_of_victim(at: Targets) -> str | None:
    """Take another process's descriptors away by lowering its limits."""
    resource.prlimit(at.victim, resource.RLIMIT_NOFILE, (8, 64))
    return f"now {resource.prlimit(at.victim, resource.RLIMIT_NOFILE)}"


@hostile(process="escaped")
def pace_of_victim(at: Targets) -> str | None:
    """Slow another process down."""
    with contextlib.suppress(OSError):
        os.sched_setaffinity(at.victim, {0})
        return "its processors"
    os.setpriority(os.PRIO_PROCESS, at.victim, 10)
    return "its priority"


@hostile(process="escaped")
def daemon(at: Targets) -> str | None:
    """Leave a process behind that has cut all ties."""
    if os.fork() == 0:
        if os.fork() == 0:
            linger(at.marker)
        os._exit(0)
    time.sleep(0.2)
    return None  # the host looks what is there when the session is closed


@hostile(process="escaped")
def detached_program(at: Targets) -> str | None:
    """Leave another program behind, in a session of its own."""
    code = f"import ctypes, time; ctypes.CDLL(None).prctl(15, b{at.marker!r}); time.sleep(15)"
    subprocess.Popen([sys.executable, "-I", "-S", "-c", code], start_new_session=True)
    time.sleep(0.3)
    return None


@hostile(process="escaped")
def sibling(at: Targets) -> str | None:
    """Leave a process behind that is not the kernel's child but its sibling."""
    if clone(0x8000) == 0:  # CLONE_PARENT
        linger(at.marker)
    time.sleep(0.2)
    return None


@hostile(process="escaped", speaks=False)
def unkillable_group(at: Targets) -> str | None:
    """Leave a process behind, and die at once so that nobody is there to look for it."""
    if os.fork() == 0:
        linger(at.marker)
    time.sleep(0.2)
    os._exit(0)


@hostile(process="varies", speaks=False)
def zombies(at: Targets) -> str | None:
    """Leave 50 dead processes behind that nobody has waited for."""
    for _ in range(50):
        if os.fork() == 0:
            os.setsid()
            rename_self(at.marker)
            os._exit(0)
    return None


@hostile()
def thread(at: Targets) -> str | None:
    """Leave a thread behind."""

    def stay() -> None:
        rename_self(at.marker)
        time.sleep(15)

    threading.Thread(target=stay, daemon=False).start()
    time.sleep(0.1)
    return None


@hostile(speaks=False, peer=True)
def control_channel(at: Targets) -> str | None:
    """Disturb whoever is at the other end of the descriptors that the kernel was given."""
    for descriptor in range(3, 1024):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as channel:
            channel.settimeout(0.1)
            channel.send(b'{"op": "quit"}\0\xff' * 10)
            channel.shutdown(socket.SHUT_RDWR)
    return None


@hostile(process="varies")
def other_namespaces(at: Targets) -> str | None:
    """Step into the host's namespaces."""
    for kind in ("net", "ipc", "uts"):
        descriptor = os.open(f"/proc/{at.host}/ns/{kind}", os.O_RDONLY)
        checked(LIBC.setns(descriptor, 0))
    return "net, ipc and uts"


@hostile(process="escaped")
def processes_counted(at: Targets) -> str | None:
    """Find out which processes are there by asking for each number."""
    others = [pid for pid in (at.host, at.victim) if os.getsid(pid)]
    return f"{len(others)} found" if others else None


@hostile(process="varies")
def keyring(at: Targets) -> str | None:
    """Leave a key in the user's keyring, which all of the user's processes share."""
    key = syscall("add_key", b"user", at.marker.encode(), b"left", 4, -4)  # KEY_SPEC_USER_KEYRING
    syscall("keyctl", 9, key, -4)  # taken away again
    return "left"
