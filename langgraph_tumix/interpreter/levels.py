"""The levels of isolation: which terms to try, what each must hold off, and how to say it."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langgraph_tumix.interpreter.base import Isolation
from langgraph_tumix.interpreter.inside import wall
from langgraph_tumix.interpreter.inside.terms import Level, Terms, Wall

LEVELS: tuple[Level, ...] = ("sandbox", "confined", "process", "none")
ALWAYS = {"variables", "descriptors"}
LIMITED = ALWAYS | {"memory"}
CONFINED = LIMITED | {
    *("files", "foreign folders", "modes", "watching", "accounts", "other processes", "environments"),
    *("TCP", "unix sockets", "odd sockets"),
    *("processes", "namespaces", "users", "privileges", "seccomp", "bpf", "userfaultfd", "memfd_create"),
    *("io_uring_setup", "pidfd_open"),
}
HELD: dict[Level, set[str]] = {
    "sandbox": CONFINED | {"disk"},
    "confined": CONFINED,
    "process": LIMITED,
    "none": ALWAYS,
}
# Of a folder that Python lives in: what else is there, as the settings of pip with a password in them, is none of it.
PYTHON = ("bin", "include", "lib", "lib64", "libexec", "share", "ssl", "pyvenv.cfg")
OPEN = (
    "It runs as the host's user: nothing keeps the code from reading or changing that user's files, looking into that "
    "user's processes (the host's own environment and the keys in it included) or ending them, using the network, "
    "filling the disk, or detaching a process that outlives the kernel."
)


@dataclass(frozen=True)
class Explanation:
    """What some terms mean, in words for a person."""

    name: str
    level: Level
    mechanisms: tuple[str, ...]
    text: str

    def isolation(self, verified: Sequence[str], refusals: Sequence[str], about: Mapping[str, Any]) -> Isolation:
        """Report it, with what a self-test held off and what kept better terms away."""
        mechanisms, missing = list(self.mechanisms), list(refusals)
        if "Landlock" in mechanisms and (version := about["landlock"]):
            mechanisms[mechanisms.index("Landlock")] = f"Landlock (version {version})"
        elif "Landlock" in mechanisms:
            mechanisms.remove("Landlock")
            missing.append("Landlock, which this system has not")
        why = self.text + "".join(f" Not to be had here: {what}." for what in missing)
        return Isolation(self.level, why, tuple(mechanisms), tuple(verified))


def outer_wall(terms: Terms) -> list[str]:
    """Give the command that puts up the outer wall around another command, if there is to be one of its own."""
    if terms.wall != "bubblewrap":
        return []
    command = [shutil.which("bwrap") or "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--as-pid-1", *(() if terms.network else ("--unshare-net",))]
    command += ["--cap-drop", "ALL"]
    if os.geteuid() == 0:
        for name in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            command += ["--cap-add", name]
    else:
        command += ["--unshare-user"]
    parts = dict(wall.placed((*terms.readable, *terms.folders)))
    links = wall.links(terms)
    parents = {parent for path in (*parts, *links, *wall.DEVICES) for parent in Path(path).parents}
    for parent in sorted({*parents, wall.PLACE} - {Path("/")}):  # it would make them itself, but for root alone
        command += ["--perms", "0755", "--dir", str(parent)]
    for path, target in parts.items():
        command += ["--symlink", target, path] if target is not None else ["--ro-bind", path, path]
    for device in wall.DEVICES:
        command += ["--dev-bind", device, device]
    for link, target in links.items():
        command += ["--symlink", target, link]
    command += ["--proc", "/proc", "--chdir", "/"]
    return [*command, "--remount-ro", "/", "--"]


def explain(terms: Terms) -> Explanation:
    """Say what terms mean."""
    shared = f"It may take {terms.memory_mb} MiB of memory"
    match terms.level, terms.wall:
        case "sandbox", put_up:
            by = "bubblewrap" if put_up == "bubblewrap" else "namespaces of our own"
            return Explanation(
                f"sandbox by {by}",
                "sandbox",
                (by, "user, mount, pid, net, ipc, uts and cgroup namespaces", "Landlock", "seccomp", "limits"),
                f"Each kernel has namespaces of its own inside of {by}, a root that holds Python and nothing else, "
                f"{terms.disk_mb} MiB of files in memory, no privileges and a seccomp filter; "
                + _network(terms)
                + f" {shared}.",
            )
        case "confined", _:
            return Explanation(
                "confined",
                "confined",
                ("Landlock", "seccomp", "limits"),
                "Landlock hides all files but Python's and a directory of the kernel's own, a seccomp filter refuses "
                "processes, signals to others and the system's riskier calls; "
                + _network(terms)
                + f" {shared}. It is ended when it has written more than {terms.disk_mb} MiB. "
                "It can ask which files and processes there are, how large a file is, and what the machine is called.",
            )
        case "process", _:
            return Explanation("process", "process", ("limits",), f"A kernel is a process of its own. {shared}. {OPEN}")
        case _:
            return Explanation("none", "none", (), f"No isolation was asked for: the code has no limits. {OPEN}")


def _network(terms: Terms) -> str:
    return "the network is open, as was asked for." if terms.network else "there is no network."


def expected(terms: Terms, mark: str) -> set[str]:
    """Give what a self-test must find held off.

    Args:
        terms: The terms that it runs on.
        mark: The file that it tries to read.
    """
    held = set(HELD[terms.level])
    if terms.network:
        held.discard("TCP")
    if terms.processes:
        held.discard("processes")
    if any(Path(mark).is_relative_to(folder) for folder in terms.folders):
        held.discard("files")
    return held


def choices(wanted: str, terms: Terms) -> tuple[Terms, ...]:
    """Give the terms to try for a wanted level, best first; none where processes cannot be forked safely."""
    if sys.platform != "linux":
        return ()
    terms = replace(terms, readable=tuple(readable(network=terms.network)))
    walls: list[Wall] = ["bubblewrap", "own"] if shutil.which("bwrap") else ["own"]
    ladder = [replace(terms, level="sandbox", wall=each) for each in walls]
    ladder += [replace(terms, level=level) for level in LEVELS[1:]]
    if wanted == "auto":
        return tuple(each for each in ladder if each.level != "none")
    return tuple(each for each in ladder if each.level == wanted)


def readable(*, network: bool) -> Iterable[str]:
    """List what of the host's files Python needs."""
    homes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    python = {os.path.join(home, part) for home in homes for part in PYTHON}
    python |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    python |= {sysconfig.get_path("stdlib"), str(Path(sys.executable).parent), str(Path(__file__).parent)}
    python |= {os.path.realpath(path) for path in (*python, sys.executable)}
    paths = {*python, *wall.SYSTEM, *wall.SETTINGS, *(wall.NETWORK_SETTINGS if network else ())}
    return sorted(path for path in paths if path != "/" and os.path.exists(path))
