"""The fork server: everything imported once, a kernel forked for each who asks.

It has one thread, no event loop and no zmq context, for none of these survives a fork. It talks to the host in
messages of JSON over a socket that it inherits, and ends when the host has ended or closed the socket, and with it
everything that it started.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

from langgraph_tumix.interpreter.inside import landlock, linux, wall
from langgraph_tumix.interpreter.inside.disk import Disk, Disks
from langgraph_tumix.interpreter.inside.terms import CHANNELS, Terms

LARGEST_REQUEST = 1 << 16
MOST_GENERATIONS = 200  # of children that outlive their parents
PARTS = """
    IPython.core.completer IPython.core.completerlib IPython.core.debugger IPython.core.doctb IPython.core.logger
    IPython.core.magics IPython.core.oinspect IPython.core.pylabtools IPython.core.tbtools IPython.core.ultratb
    IPython.extensions.storemagic IPython.lib.pretty IPython.utils.wildcard asyncio.unix_events encodings.idna
    faulthandler ipykernel.comm ipykernel.debugger ipykernel.displayhook ipykernel.ipkernel ipykernel.shellchannel
    difflib ipykernel.subshell_manager ipykernel.zmqshell pdb stack_data tornado.platform.asyncio
"""  # what ipykernel would import in each kernel


class Server:
    """The fork server at work.

    Args:
        control: The socket to the host.
        host: A descriptor that becomes readable when the host ends.
        terms: On which kernels run.
    """

    def __init__(self, control: socket.socket, host: int, terms: Terms) -> None:
        from langgraph_tumix.interpreter.inside import birth

        self._birth = birth
        self._control = control
        self._host = host
        self._terms = terms
        self._registry, self._entry = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._registry.setblocking(False)
        self._pids: dict[int, int] = {}
        self._midwives: dict[int, int] = {}  # whose child is to be a kernel, by their own pid
        self._disks = Disks()  # of kernels that have no file system of their own
        self._unfit: dict[int, str] = {}  # why a kernel did not come to life
        self._doomed: set[int] = set()
        self._wakeup, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> NoReturn:
        """Serve until the host is gone."""
        poll = select.poll()
        for descriptor in (self._control.fileno(), self._host, self._wakeup, self._registry.fileno()):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(self._disks.patience())}
            if self._wakeup in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakeup, 4096)
            self._read_registry()
            self._reap()
            if not ready:
                self._look_after_disk()
            if self._host in ready or (self._control.fileno() in ready and not self._take_request()):
                self._end()

    def tell(self, **what: object) -> None:
        """Tell the host something."""
        try:
            self._control.send(json.dumps(what).encode())
        except OSError:  # it is gone
            self._end()

    def _take_request(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, LARGEST_REQUEST, len(CHANNELS))
        except ConnectionError:
            message = b""
        if not message:
            return False
        request = json.loads(message)
        if "signal" in request:
            self._signal(request["id"], request["signal"])
        else:
            self._fork(request, dict(zip(CHANNELS, descriptors, strict=False)))
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _fork(self, request: dict[str, Any], sockets: dict[str, int]) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self.tell(ended=request["id"], code=1, failure=f"no process could be forked: {error}")
            return
        if not pid:
            self._birth.become(self._birth.Birth(**request), self._terms, sockets, self._entry)
        if self._terms.level == "sandbox":
            self._midwives[pid] = request["id"]
        else:
            self._pids[request["id"]] = pid
        if self._terms.level in ("confined", "process") and "trial" not in request:
            place, most, alone = Path(request["place"]), self._terms.disk_mb, not self._terms.processes
            self._disks.all[request["id"]] = Disk(place, pid, most_mb=most, most_files=wall.MOST_FILES, alone=alone)

    def _signal(self, kernel: int, number: int) -> None:
        if kernel in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pids[kernel], number)
        elif kernel in self._midwives.values() and number == signal.SIGKILL:
            self._doomed.add(kernel)

    def _look_after_disk(self) -> None:
        if (kernel := self._disks.exceeded()) is not None:
            most = f"{self._terms.disk_mb} MiB or {wall.MOST_FILES} files"
            self._unfit[kernel] = f"it wrote more than {most}, or hid what it wrote"
            self._signal(kernel, signal.SIGKILL)

    def _read_registry(self) -> None:
        """Take in what newborn kernels say of themselves."""
        with contextlib.suppress(BlockingIOError):
            while True:
                entry = json.loads(self._registry.recv(LARGEST_REQUEST))
                kernel = entry["id"]
                if "pid" in entry:
                    self._pids[kernel] = entry["pid"]
                    if kernel in self._doomed:
                        self._signal(kernel, signal.SIGKILL)
                elif "failure" in entry:
                    self._unfit[kernel] = entry["failure"]
                else:
                    self.tell(**entry)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._read_registry()
            self._bury(pid, os.waitstatus_to_exitcode(status))

    def _bury(self, pid: int, code: int) -> None:
        kernel = self._midwives.pop(pid, None)
        if kernel in self._pids:  # a midwife whose work is done
            return
        if kernel is None:
            kernel = next((kernel for kernel, its_pid in self._pids.items() if its_pid == pid), None)
        if kernel is None:
            return
        self._pids.pop(kernel, None)
        self._disks.all.pop(kernel, None)
        self._doomed.discard(kernel)
        self._kill_group(pid)
        self.tell(ended=kernel, code=code, failure=self._unfit.pop(kernel, ""))

    def _kill_group(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

    def _end(self) -> NoReturn:
        """End, and all that there is with it; what kernels' children have detached are children of this process."""
        for _ in range(MOST_GENERATIONS if self._terms.level != "sandbox" else 0):  # where it is so anyway
            if not (children := self._children()):
                break
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self._kill_group(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)
        os._exit(0)

    def _children(self) -> list[int]:
        try:
            return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
        except OSError:  # a system that does not list them
            return list(self._pids.values())


def _prepare(terms: Terms) -> dict[str, Any]:
    """Import what kernels will need; says what there is."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # each kernel is then 0.1 s and 10 MB lighter
    from langgraph_tumix.interpreter.program import app

    for part in PARTS.split():
        with contextlib.suppress(ImportError):  # they differ from version to version
            importlib.import_module(part)
    loaded = [name for name in terms.preload if importlib.util.find_spec(name) is not None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in loaded:
            importlib.import_module(name)
    app.prepare()
    if (threads := len(os.listdir("/proc/self/task"))) != 1:
        raise RuntimeError(f"a library has started {threads - 1} threads, and then it is not safe to fork")
    gc.collect()
    gc.freeze()
    return {"preloaded": loaded, "landlock": landlock.version()}


def main(control: str, host: str, packed: str) -> NoReturn:
    """Run the server; the first message says that it is ready, or why it cannot be.

    Args:
        control: The descriptor of a socket to the host.
        host: A descriptor of the host's process.
        packed: `Terms`, packed.
    """
    channel = socket.socket(fileno=os.dup(int(control)))  # a low number, as all that kernels have to close
    os.close(int(control))
    try:
        terms = Terms.unpacked(packed)
        if terms.wall == "own":
            wall.enclose(terms)
        if terms.wall != "no":
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # of its parent, outside, which has one thread
        else:
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)  # or what kernels' children leave waits for the machine's init
        about = _prepare(terms)
        server = Server(channel, int(host), terms)
    except BaseException as error:  # noqa: BLE001 - the host is waiting to be told
        reason = "".join(traceback.format_exception_only(error)).strip()
        channel.send(json.dumps({"unfit": reason}).encode())
        os._exit(1)
    server.tell(ready=about)
    server.serve()
