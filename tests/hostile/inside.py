"""What a hostile program has at hand: the text of this file goes into the kernel ahead of every program.

So it imports nothing of this project. The imports of the program's own file go along, but for those from this project.
"""

import contextlib
import ctypes
import errno
import os
import platform
import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIB = 1 << 20
SECRET = re.compile(rb"canary-[0-9a-f]{32}")
AT_CWD = -100
LIBC = ctypes.CDLL(None, use_errno=True)
LOCKED = ctypes.PyDLL(None, use_errno=True)  # keeps the GIL, as a child that a bare clone makes has to own it
NUMBERS = {
    "x86_64": {
        "clone": 56,
        "capget": 125,
        "rt_sigqueueinfo": 129,
        "add_key": 248,
        "keyctl": 250,
        "perf_event_open": 298,
        "open_by_handle_at": 304,
        "finit_module": 313,
        "bpf": 321,
        "execveat": 322,
        "userfaultfd": 323,
    },
    "aarch64": {
        "clone": 220,
        "capget": 90,
        "rt_sigqueueinfo": 138,
        "add_key": 217,
        "keyctl": 219,
        "perf_event_open": 241,
        "open_by_handle_at": 265,
        "finit_module": 273,
        "bpf": 280,
        "execveat": 281,
        "userfaultfd": 282,
    },
}[platform.machine()] | {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "open_tree": 428,
    "fsopen": 430,
    "pidfd_open": 434,
    "clone3": 435,
    "openat2": 437,
    "pidfd_getfd": 438,
}


@dataclass(frozen=True)
class Targets:
    """Where the canaries are; what they say, a program has to find out.

    Attributes:
        host: The process that runs the kernels; it holds a secret at `host_address`.
        victim: Another process of the same user; a secret is in its environment, at `victim_address` and in the
            file that it has open as `victim_descriptor`.
        home: A home folder with secrets in it; `key_file` is one of them.
        work: A folder that the host works in, with the file ``results.txt``, and with ``public.txt``, which everyone
            may write and on which a secret hangs.
        tcp, udp: Ports on 127.0.0.1 of servers that answer with a secret; `unix`, `abstract`, `unix_datagram` and
            `abstract_datagram` are the like.
        port: A port on 127.0.0.1 that nobody uses.
        package: The folder of the code that starts kernels.
        temporary: The folder of the host's temporary files.
        memory_mb: How much memory a kernel may have, in MiB.
        marker: A name for all that the program leaves behind; the host looks for it.
        peer: Another session's kernel, with a secret at `peer_address` and in `peer_file`, working in `peer_folder`;
            the SHA-256 of its signing key is `peer_key`.
    """

    host: int
    host_address: int
    victim: int
    victim_address: int
    victim_descriptor: int
    home: str
    key_file: str
    work: str
    tcp: int
    udp: int
    unix: str
    abstract: str
    unix_datagram: str
    abstract_datagram: str
    port: int
    package: str
    temporary: str
    memory_mb: int
    marker: str
    peer: int = 0
    peer_address: int = 0
    peer_file: str = ""
    peer_folder: str = ""
    peer_key: str = ""


def found(text: bytes | str) -> str | None:
    """Say which secret a text holds."""
    secret = SECRET.search(text.encode(errors="replace") if isinstance(text, str) else text)
    return secret[0].decode() if secret else None


def judge(program: Callable[[Targets], str | None], at: Targets) -> None:
    """Run a program and print what became of its aim.

    A refusal by the system is "blocked"; any other exception is a mistake in the program and prints no verdict.
    """
    try:
        detail = program(at)
    except (OSError, MemoryError) as refusal:
        print(f"BLOCKED {type(refusal).__name__}: {refusal}", flush=True)
    else:
        print(f"ESCAPED {detail}" if detail else "BLOCKED it came to nothing", flush=True)


def checked(result: int) -> int:
    """Raise what the C library reports with -1."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def syscall(name: str, *arguments: Any) -> int:
    """Call the kernel past the C library's wrappers."""
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return checked(LOCKED.syscall(ctypes.c_long(NUMBERS[name]), *words))


def permitted(name: str, *arguments: Any) -> str | None:
    """Call the kernel with what it cannot accept; any complaint but a refusal shows that it may be called."""
    try:
        syscall(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise
        return f"{name} is open: {error.strerror}"
    return f"{name} is open"


def clone(flags: int = 0) -> int:
    """Fork as the kernel's own call does, past Python and the C library."""
    return syscall("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)


def in_clone(action: Callable[[], Any], flags: int = 0) -> str | None:
    """Do something in a child process, which a process with threads needs for some calls; say if it worked."""
    child = clone(flags)
    if child == 0:
        try:
            action()
        except OSError as error:
            os._exit(error.errno or 255)
        except BaseException:  # noqa: BLE001 - the child must never return into the caller
            os._exit(255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 255:
        raise RuntimeError("the child's action is wrong")
    if code:
        raise OSError(code, os.strerror(code))
    return "a child process could"


def children(count: int, fork: Callable[[], int]) -> str:
    """Have many child processes at a time, for a moment."""
    started: list[int] = []
    try:
        for _ in range(count):
            child = fork()
            if child == 0:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                time.sleep(10)
                os._exit(0)
            started.append(child)
    finally:
        for child in started:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{count} processes"


def rename_self(name: str) -> None:
    """Give this thread a name that the host can find it by."""
    LIBC.prctl(15, name.encode(), 0, 0, 0)


def linger(name: str) -> None:
    """Stay for a while under a name, detached from everything."""
    with contextlib.suppress(OSError):
        os.setsid()
    rename_self(name)
    time.sleep(15)
    os._exit(0)


def talk(kind: int, address: Any, family: int = socket.AF_INET, protocol: int = 0) -> str | None:
    """Send something to a server, and give the secret that it answers with."""
    with socket.socket(family, kind, protocol) as connection:
        connection.settimeout(1)
        connection.connect(address)
        connection.send(b"hello")
        return found(connection.recv(100))


def read_memory(pid: int, address: int) -> str | None:
    """Read another process's memory."""

    class Span(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))

    buffer = ctypes.create_string_buffer(64)
    here, there = Span(ctypes.addressof(buffer), 64), Span(address, 39)
    checked(LIBC.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
    return found(buffer.raw)


def write_files(folder: Path, names: str, size: int, total: int) -> int:
    """Write files until `total` bytes are there, remove them, and return how many bytes were written."""
    written, block = 0, bytes(MIB)
    files: list[Path] = []
    try:
        while written < total:
            files.append(folder / f"{names}-{len(files)}")
            with files[-1].open("wb", buffering=0) as file:
                for _ in range(size // MIB):
                    written += file.write(block)
    finally:
        for file_ in files:
            file_.unlink(missing_ok=True)
    return written


def kernel() -> Any:
    """The Jupyter kernel that this runs in."""
    from ipykernel.kernelapp import IPKernelApp

    return IPKernelApp.instance().kernel


def send(kind: str, content: Any, parent: Any = None) -> None:
    """Send a correctly signed message, past the bounds that the kernel's own session may have."""
    from jupyter_client.session import Session

    session = kernel().session
    message = session.msg(kind, content, parent=kernel().get_parent() if parent is None else parent)
    kernel().iopub_thread.send_multipart([b"topic", *Session.serialize(session, message)])


def send_raw(*parts: bytes) -> None:
    """Send parts of any kind as a correctly signed message."""
    signature = kernel().session.sign(list(parts))
    kernel().iopub_thread.send_multipart([b"topic", b"<IDS|MSG>", signature, *parts])


def show(data: dict[str, str], **more: Any) -> Any:
    """Show something of any type."""
    from IPython import display

    shown: Any = display.display
    return shown(data, raw=True, **more)
