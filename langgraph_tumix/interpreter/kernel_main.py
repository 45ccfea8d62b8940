"""The program of a kernel's process: put the limits on, then be an ipykernel without its ballast.

It is run as a script by its path, ``kernel_main.py CONNECTION_FILE LIMITS``, or used by the fork
server. It imports nothing of this package, whose import would cost more than the kernel itself. The limits on
messages are a courtesy to honest code: code that means harm can undo what Python can undo, so the client never
relies on them.
"""

# mypy: disable-error-code="no-untyped-call"

import codecs
import ctypes
import importlib.util
import itertools
import json
import os
import resource
import select
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

if __name__ == "__main__":
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # ipykernel then starts 0.1 s and 10 MB lighter

import zmq
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core import page
from jupyter_client.session import Session
from traitlets.config import Config

CHUNK = 1 << 16  # characters of one stream message; also what a pipe holds, in bytes
LONGEST_TEXT = 1 << 17  # characters of one field of a message
LONGEST_RICH = 1 << 19  # the same for an image, a page or the like
TEXTS = ("text/plain", "text/markdown", "text/latex")
CELL_FRAME = "  Cell In["
LIBRARY_FRAME = "  File "
HINT = "An exception has occurred, use %tb"  # of SystemExit, for a person at a keyboard
FRAMES_AT_EACH_END = 3
PR_SET_PDEATHSIG = 1
PACKAGES = ("numpy", "scipy", "sympy", "mpmath", "pandas", "matplotlib", "networkx", "statsmodels", "sklearn")

closed_doors = ""  # what code here may not do, for an error message; the fork server knows


def limit_resources(limits: Mapping[str, int]) -> None:
    """Set the process's limits, none above what the host itself is held to.

    Args:
        limits: The values by their names in `resource`.
    """
    for name, most in limits.items():
        if name == "RLIMIT_AS" and sys.platform != "linux":
            continue  # the address space is not limited there, and asking is an error
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


def die_with_parent(parent: int) -> None:
    """End with the host, however it ends; ipykernel's parent poller does the same within a second elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request was made
        os._exit(1)


class Stream(OutStream):
    """Standard output and standard error as one stream: their order is kept, and no message is too large.

    A writer that is too fast waits for the reader. What is written past Python, by child processes or C code,
    comes through a pipe. A thread reads it, and so does everyone who is about to write or to send: or the order
    would be lost, and what a child wrote last would come when its cell is over.
    """

    def __init__(self, session: Session, pub_thread: IOPubThread) -> None:
        super().__init__(session, pub_thread, "stdout", watchfd=False)
        self._pid = os.getpid()
        self._waiting = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._reading = threading.RLock()
        self._pipe, end = os.pipe()
        for standard in (1, 2):
            os.dup2(end, standard)
        os.close(end)
        threading.Thread(target=self._watch_pipe, daemon=True).start()

    def fileno(self) -> int:
        """Give the descriptor that leads here."""
        return 1

    def write(self, string: str) -> int:
        """Write text."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if os.getpid() != self._pid:  # a forked child, whose writing comes through the pipe
            os.write(1, string.encode("utf-8", "backslashreplace"))
            return len(string)
        self._read_pipe()
        self._write(string)
        return len(string)

    def flush(self) -> None:
        """Send all that was written until now."""
        if os.getpid() == self._pid:
            self._read_pipe()
            super().flush()

    def _write(self, text: str) -> None:
        for start in range(0, len(text), CHUNK):
            piece = text[start : start + CHUNK]
            super().write(piece)
            self._waiting += len(piece)
            if self._waiting >= CHUNK:
                self._waiting = 0
                super().flush()

    def _read_pipe(self) -> None:
        with self._reading:
            if select.select([self._pipe], [], [], 0)[0]:
                self._write(self._decoder.decode(os.read(self._pipe, CHUNK)))  # it holds no more

    def _watch_pipe(self) -> None:
        while select.select([self._pipe], [], []):
            self._read_pipe()


def bounded(text: str, longest: int = LONGEST_TEXT) -> str:
    """Give text that a message can carry: valid Unicode, the middle cut out where it is too long."""
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}{text[-half:]}\n[{len(text) - 2 * half:,} more characters were cut out of the middle]"
    return text.encode("utf-8", "backslashreplace").decode()


def trimmed(frames: list[str]) -> list[str]:
    """Give a traceback without the frames of libraries, and of many frames in a row the first and last."""
    kept = [frame for frame in frames if not _is_noise(frame)]
    lines: list[str] = []
    for of_cell, group in itertools.groupby(kept, lambda frame: frame.startswith(CELL_FRAME)):
        run = list(group)
        if of_cell and len(run) > 2 * FRAMES_AT_EACH_END:
            cut = f"  [... {len(run) - 2 * FRAMES_AT_EACH_END} frames cut ...]\n"
            run = [*run[:FRAMES_AT_EACH_END], cut, *run[-FRAMES_AT_EACH_END:]]
        lines += run
    return lines


def _is_noise(frame: str) -> bool:
    last_line = frame.rstrip().rpartition("\n")[2]  # of a frame with a syntax error it is the message
    return frame.startswith(HINT) or (frame.startswith(LIBRARY_FRAME) and last_line.startswith(" "))


def bounded_content(content: dict[str, Any]) -> dict[str, Any]:
    """Bound every part of a message's content that can grow with what a cell does."""
    slim = {name: bounded(value) if isinstance(value, str) else value for name, value in content.items()}
    if isinstance(frames := content.get("traceback"), list):
        text = bounded("".join(trimmed([str(frame) for frame in frames])))
        slim["traceback"] = [text + hint(str(content.get("ename")), str(content.get("evalue")))]
    if isinstance(data := content.get("data"), dict):
        slim["data"] = {kind: _bounded_rich(kind, value) for kind, value in data.items()}
    return slim


def hint(name: str, value: str) -> str:
    """Give what a model should know about an error beyond its message."""
    if name == "ModuleNotFoundError":
        there = [package for package in PACKAGES if importlib.util.find_spec(package) is not None]
        return f"(Packages that are there: {', '.join(there) or 'the standard library only'}.)"
    return closed_doors if name == "PermissionError" or "Read-only file system" in value else ""


def _bounded_rich(kind: str, value: object) -> object:
    if isinstance(value, str) and kind in TEXTS:
        return bounded(value)
    return value if len(value if isinstance(value, str) else repr(value)) <= LONGEST_RICH else None


class BoundedSession(Session):
    """Messages that stay below the size at which the client hangs up."""

    def serialize(self, msg: dict[str, Any], ident: list[bytes] | bytes | None = None) -> list[bytes]:
        """Pack and sign a message, its content bounded."""
        if isinstance(content := msg.get("content"), dict):
            msg = {**msg, "content": bounded_content(content)}
        return super().serialize(msg, ident)


class Shell(ZMQInteractiveShell):
    """IPython's shell, which may be made before it is known where it will live."""

    def init_ipython_dir(self, _: object) -> None:
        """Leave it to `application`."""

    def init_profile_dir(self, _: object) -> None:
        """Leave it to `application`."""


class Kernel(IPythonKernel):
    """ipykernel's kernel, without a list of modules that its debugger would want.

    To make it, a forked kernel would touch every module that it shares with the others, and share it no longer: 4 MB
    with sympy. Imports go on as usual, for the interpreter itself does not look here.
    """

    def __init__(self, **options: Any) -> None:
        modules, sys.modules = sys.modules, {}
        try:
            super().__init__(**options)
        finally:
            sys.modules = modules


class KernelApp(IPKernelApp):
    """ipykernel without heartbeat, configuration files or command line.

    Attributes:
        sockets: Descriptors of listening sockets to serve, by channel, where the host has made them.
    """

    sockets: Mapping[str, int] = {}

    def _session_default(self) -> Session:
        return BoundedSession(parent=self)

    def _bind_socket(self, s: zmq.Socket[bytes], port: int) -> int:
        if s is self.iopub_socket:
            s.setsockopt(zmq.XPUB_NODROP, 1)  # a full queue holds the cell up; by default it would lose output
            s.setsockopt(zmq.SNDHWM, 16)
        for channel, descriptor in self.sockets.items():
            if s is getattr(self, f"{channel}_socket"):
                s.setsockopt(zmq.USE_FD, descriptor)
        bound: int = super()._bind_socket(s, port)
        return bound

    def init_connection_file(self) -> None:
        """Skip it: what it says has been loaded."""

    def write_connection_file(self, **_: object) -> None:
        """Skip it: the host has it already."""

    def init_iopub(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Skip the TCP port through which forked children would print: they have a pipe."""
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self._bind_socket(self.iopub_socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = IOPubThread(self.iopub_socket, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """Skip it: the host is told by the system when the process ends."""

    def parse_command_line(self, argv: object = None) -> None:
        """Skip it: there is nothing on it."""

    def load_config_file(self, *_: object, **__: object) -> None:
        """Skip it: a kernel must not depend on what the machine's owner configured."""

    def init_io(self) -> None:
        """Lead standard output and standard error into one stream, so that their order is kept."""
        super().init_io()  # with no `outstream_class` this leaves both as they are
        sys.stdout = sys.stderr = Stream(self.session, self.iopub_thread)


def configuration() -> Config:
    """Give ipykernel's settings: plain short tracebacks, no history file, no chatter."""
    config = Config()
    config.KernelApp.kernel_class = Kernel
    config.Kernel.shell_class = Shell
    config.KernelApp.outstream_class = None
    config.KernelApp.log_level = "CRITICAL"
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"  # else it looks for a place for one
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.Completer.use_jedi = False
    return config


def prepare() -> None:
    """Make of a kernel what has neither threads nor sockets nor a place; kernels forked afterwards share it."""
    KernelApp.instance(config=configuration())
    Shell.instance(config=configuration(), user_ns={}, compiler_class=XCachingCompiler)


def application(connection: Mapping[str, str | int], sockets: Mapping[str, int]) -> KernelApp:
    """Make a kernel that is ready to serve.

    Args:
        connection: What a connection file holds.
        sockets: Descriptors of listening sockets, by channel; without them the kernel makes its own.
    """
    KernelApp.sockets = sockets
    prepare()
    app = KernelApp.instance()
    app.load_connection_info(cast("Any", dict(connection)))
    app.initialize([])
    shell: Any = app.shell
    shell.parent = shell.kernel = app.kernel
    shell.ipython_dir, shell.profile_dir = app.ipython_dir, app.profile_dir
    shell.init_environment()
    shell.set_hook("show_in_pager", page.as_hook(page.display_page), 0)  # `name?` is output, as all else is
    shell.system = shell.system_raw  # through the pipe: IPython's own way needs a terminal
    shell.user_ns.update(exit=sys.exit, quit=sys.exit)  # IPython's own would end the kernel
    warnings.filterwarnings("ignore", message="To exit: use")
    sys.path.append("")  # files that cells write can be imported, but none stands in for a library
    return app


def main(connection_file: str, limits: str) -> None:
    """Run the kernel until the process is killed; what keeps it from running is written beside the connection file."""
    sys.argv[1:] = []
    try:
        die_with_parent(int(os.environ["JPY_PARENT_PID"]))
        limit_resources(json.loads(limits))
        application(json.loads(Path(connection_file).read_text(encoding="utf-8")), {}).start()
    except BaseException as error:  # noqa: BLE001 - whatever it was, someone is waiting to be told
        reason = "".join(traceback.format_exception_only(error)).strip()
        Path(connection_file).with_name("failure").write_text(reason, encoding="utf-8")
        os._exit(1)  # an orderly end would wait for threads that may not even have started


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
