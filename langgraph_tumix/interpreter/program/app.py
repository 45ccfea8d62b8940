"""ipykernel's application, cut down to what a kernel of ours needs."""

# mypy: disable-error-code="no-untyped-call"

import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any, cast

import zmq
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core import page
from jupyter_client.session import Session
from traitlets.config import Config

from langgraph_tumix.interpreter.program.messages import BoundedSession
from langgraph_tumix.interpreter.program.stream import Stream

TELL_SECONDS = 1.0  # a host that is busy with other things is not waited for


class Shell(ZMQInteractiveShell):
    """IPython's shell, which may be made before it is known where it will live."""

    def init_ipython_dir(self, _: object) -> None:
        """Leave it to `application`."""

    def init_profile_dir(self, _: object) -> None:
        """Leave it to `application`."""


class Kernel(IPythonKernel):
    """ipykernel's kernel, which shares more memory and says in time that a cell has begun."""

    def __init__(self, **options: Any) -> None:
        # The debugger would want a list of modules. To make it is to touch every module that a forked kernel shares
        # with the others, and to share it no longer: 4 MB with sympy. Imports do not look here.
        modules, sys.modules = sys.modules, {}
        try:
            super().__init__(**options)
        finally:
            sys.modules = modules

    def pre_handler_hook(self) -> None:
        """Let it be known that a cell begins before it does.

        Of a cell that ends the kernel at once it would seem otherwise that it has not begun, and it would run again.
        """
        super().pre_handler_hook()
        told = threading.Event()
        self.iopub_thread.schedule(told.set)
        told.wait(TELL_SECONDS)


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
