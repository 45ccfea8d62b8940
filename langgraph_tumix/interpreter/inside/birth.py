"""How a child of the fork server becomes a kernel, level by level."""

import contextlib
import functools
import itertools
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from langgraph_tumix.interpreter.inside import landlock, linux, seccomp, wall
from langgraph_tumix.interpreter.inside.probe import examine
from langgraph_tumix.interpreter.inside.terms import Connection, Terms, environment
from langgraph_tumix.interpreter.program import app, messages
from langgraph_tumix.interpreter.program.limits import limit_resources

LOCKED = 1 << 20  # bytes of memory that may be kept from being swapped
PENDING = 1024  # signals and timers, which the system keeps in memory of its own
THREADS = 64  # of one kernel, which has 8 of its own
OWN = ("work", "tmp", "jupyter")  # what of a kernel's directory is its own to write in
OTHERS = 320  # how many tasks more the user may have, where all that the user runs count together
INSIDE = "calls", "landlock", "linux", "seccomp", "wall", "probe", "terms", "disk", "server", "birth"
PROGRAM = "app", "limits", "messages", "stream"
OURS = (  # by name: to look through all modules would be to touch, and no longer share, each of them
    *("langgraph_tumix", "langgraph_tumix.interpreter", "langgraph_tumix.interpreter.program"),
    *(f"langgraph_tumix.interpreter.program.{name}" for name in PROGRAM),
    *("langgraph_tumix.interpreter.inside", *(f"langgraph_tumix.interpreter.inside.{name}" for name in INSIDE)),
)
RANDOM = {"numpy.random": "seed", "sympy.core.random": "seed"}  # what Python does not seed anew after a fork


@dataclass(frozen=True)
class Birth:
    """What a kernel is to be.

    Attributes:
        id: The host's name for it.
        connection: Where it is to listen; empty for a trial.
        place: Its directory; ignored behind a wall, where it has one of its own.
        user: As whom to run, or 0 to stay who it is.
        trial: What to try instead of being a kernel; see `probe.examine`.
    """

    id: int
    connection: Connection
    place: str
    user: int = 0
    trial: Mapping[str, Any] | None = None


def become(birth: Birth, terms: Terms, sockets: Mapping[str, int], registry: socket.socket) -> NoReturn:
    """Be the kernel, until the end of the process. This is called in a new child of the fork server."""

    def report(**what: object) -> None:
        registry.send(json.dumps({"id": birth.id, **what}).encode())

    try:
        server = os.getppid()
        _detach(keep=[*sockets.values(), registry.fileno()])
        place = _confine(birth, terms, server, report)
        _settle(place)
        if birth.trial is not None:
            report(proved=examine(birth.trial, sockets.values(), registry.fileno()))
            os._exit(0)
        messages.closed_doors = _closed_doors(terms)
        kernel = app.application(birth.connection, sockets)
        registry.close()
        kernel.start()  # type: ignore[no-untyped-call]
    except BaseException as error:  # noqa: BLE001 - whatever it was, someone is waiting to be told
        report(failure=f"{type(error).__name__}: {error}")
    os._exit(1)


def _detach(keep: list[int]) -> None:
    """Let go of everything that belongs to the server."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    bounds = [2, *sorted(keep), linux.MOST_DESCRIPTORS]
    for low, high in itertools.pairwise(bounds):
        os.closerange(low + 1, high)


def _confine(birth: Birth, terms: Terms, server: int, report: Callable[..., None]) -> Path:
    """Put up the isolation, strongest parts last; returns the kernel's directory."""
    place = Path(birth.place)
    if terms.level == "sandbox":
        place = wall.PLACE
        if birth.user:
            linux.change_user(birth.user)
            linux.prctl(linux.PR_SET_DUMPABLE, 1)  # or /proc/self, where the user is mapped, would be root's
        wall.separate(terms)
        if child := os.fork():
            report(pid=child)
            os._exit(0)
    elif birth.user:
        paths = [place, *map(Path, (*terms.readable, *terms.folders))]
        hidden = not all(parent.stat().st_mode & 1 for path in paths if path.exists() for parent in path.parents)
        for path in (place, *filter(Path.is_dir, place.iterdir())) if hidden else ():
            os.chown(path, os.geteuid(), os.getegid())
        linux.change_user(birth.user, files_as=os.geteuid() if hidden else None)
    if terms.level != "sandbox":
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # behind the outer wall it is so anyway
        if os.getppid() != server:
            os._exit(1)
    for name in OWN:
        (place / name).mkdir(mode=0o700, exist_ok=True)
    limit_resources({**terms.limits(), **_most_tasks(birth, terms)})
    if terms.level in ("sandbox", "confined"):
        limit_resources({"RLIMIT_MEMLOCK": LOCKED, "RLIMIT_SIGPENDING": PENDING, "RLIMIT_MSGQUEUE": 0})
        _restrict(terms, place)
    if terms.level == "confined":
        shutil.copymode = shutil.copystat = lambda *_, **__: None  # refused, see calls.CHANGES
    return place


def _restrict(terms: Terms, place: Path) -> None:
    if terms.level == "sandbox":
        linux.keep_capabilities()
    started = terms.processes > 0
    read = (*terms.readable, *terms.folders, *wall.DEVICES)
    # Not the place itself, or the sockets there, where the host connects, could be replaced by links.
    write = (*(str(place / name) for name in OWN), os.devnull)
    if terms.level == "confined" or landlock.version():  # behind a wall there is nothing but these files anyway
        landlock.restrict(read=read, write=write, network=terms.network, execute=started)
    program = seccomp.assemble(
        network=terms.network,
        processes=started,
        walled=terms.level == "sandbox",
        process=os.getpid(),
    )
    linux.load_filter(program)


def _closed_doors(terms: Terms) -> str:
    """Say in the words of an error message what code here may not do."""
    if terms.level not in ("sandbox", "confined"):
        return ""
    closed = [*([] if terms.processes else ["start processes"]), *([] if terms.network else ["use the network"])]
    closed.append("change or read files of the machine beyond its own working directory")
    return f"(This code runs in a sandbox, where it cannot {', '.join(closed)}.)"


def _most_tasks(birth: Birth, terms: Terms) -> dict[str, int]:
    """Limit processes and threads, which the system counts by user, and apart in each user namespace."""
    if terms.level == "sandbox" or (terms.level == "confined" and birth.user):
        return {"RLIMIT_NPROC": THREADS + terms.processes}
    return {"RLIMIT_NPROC": OTHERS + tasks_of_user()} if terms.level == "confined" else {}


@functools.cache
def tasks_of_user() -> int:
    """Count the threads of all that the user runs."""
    tasks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if process.stat().st_uid == os.getuid():
                tasks += len(os.listdir(process / "task"))
    return tasks


def _settle(place: Path) -> None:
    """Make the process a fresh one in the eyes of code that runs in it."""
    os.environ.clear()
    os.environ.update(environment(place))
    os.chdir(place / "work")
    os.umask(0o077)
    sys.argv[:] = sys.orig_argv[:] = [""]
    tempfile.tempdir = None
    random.seed()
    for name, function in RANDOM.items():
        if name in sys.modules:
            getattr(sys.modules[name], function)()
    for name in OURS:
        sys.modules.pop(name, None)
