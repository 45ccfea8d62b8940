"""Walls of namespaces: one around the fork server, and within it one around each kernel.

The outer wall gives a root that holds nothing but what Python needs, read-only, and a process tree that ends with
the fork server. Bubblewrap puts it up where it is installed; this module can do the same. The inner wall separates
the kernels from each other and from the server.
"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from langgraph_tumix.interpreter.inside import linux
from langgraph_tumix.interpreter.inside.terms import Terms

PLACE = Path("/session")  # of a kernel's own, writable files; a name that no other part of a root has
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
LINKS = {"/tmp": "/session/tmp", "/dev/shm": "/session/tmp"}  # noqa: S108 - within a wall, nobody else's
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/mime.types")
NETWORK_SETTINGS = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates"),
)
OWN = linux.MS_NOSUID | linux.MS_NODEV
SERVER_CAPABILITIES = (linux.CAP_SETUID, linux.CAP_SETGID, linux.CAP_KILL)
MOST_FILES = 4096
USER = 1000  # as whom a kernel sees itself
BASE = "/proc"  # a folder that every Linux has, and that covers nothing a root is made of


def placed(paths: Iterable[str]) -> Iterable[tuple[str, str | None]]:
    """Give what a root is made of: paths, in an order in which they can be put there, and a link's target.

    A link is kept if what it leads to is there as well; otherwise the path leads to what the link did.
    """
    done: list[str] = []
    for path in sorted(set(paths)):
        if not os.path.exists(path) or any(Path(path).is_relative_to(other) for other in done):
            continue
        real = os.path.realpath(path)
        linked = os.path.islink(path) and any(Path(real).is_relative_to(p) for p in paths if p != path)
        if not linked:
            done.append(path)
        yield path, os.readlink(path) if linked else None


def links(terms: Terms) -> dict[str, str]:
    """Give the links to a kernel's own files: of the usual places those that hold nothing a root is made of."""
    paths = [Path(path) for path in (*terms.readable, *terms.folders)]
    return {link: to for link, to in LINKS.items() if not any(path.is_relative_to(link) for path in paths)}


def enclose(terms: Terms) -> None:
    """Put up the outer wall; this process goes on inside of it, as its first one.

    Another process stays outside as its parent, waits for its end and passes it on.

    Raises:
        OSError: The system refuses.
    """
    kinds = linux.NEWNS | linux.NEWPID | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP
    user, group = os.geteuid(), os.getegid()
    linux.unshare(kinds | (0 if terms.network else linux.NEWNET) | (linux.NEWUSER if user else 0))
    if user:
        _map_user(user, user, group)
    if child := os.fork():
        _pass_on_end_of(child)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", BASE, "tmpfs", OWN, "size=1m,mode=755")
    _furnish(terms)
    linux.change_root(BASE)
    linux.mount("none", "/", None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | OWN)
    linux.keep_capabilities(*(() if user else SERVER_CAPABILITIES))


def _furnish(terms: Terms) -> None:
    for path, target in placed((*terms.readable, *terms.folders, *DEVICES)):
        place = Path(BASE + path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if target is not None:
            place.symlink_to(target)
            continue
        if os.path.isdir(path):
            place.mkdir(exist_ok=True)
        else:
            place.touch()
        linux.bind(path, str(place))
    for name in ("proc", PLACE.name):
        Path(BASE, name).mkdir()
    for link, to in links(terms).items():
        Path(BASE + link).symlink_to(to)
    linux.mount("proc", f"{BASE}/proc", "proc", OWN | linux.MS_NOEXEC)


def _pass_on_end_of(child: int) -> NoReturn:
    os.closerange(0, linux.MOST_DESCRIPTORS)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 and status != -signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    if status < 0:
        os.kill(os.getpid(), -status)
    os._exit(abs(status))


def _map_user(inside: int, user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1", encoding="ascii")


def separate(terms: Terms) -> None:
    """Put up the inner wall around this process and, as for processes, around its next child.

    Raises:
        OSError: The system refuses.
    """
    user, group = os.geteuid(), os.getegid()
    kinds = linux.NEWUSER | linux.NEWNS | linux.NEWPID | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP
    linux.unshare(kinds | (0 if terms.network else linux.NEWNET))
    _map_user(USER, user, group)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", str(PLACE), "tmpfs", OWN, f"size={terms.disk_mb}m,nr_inodes={MOST_FILES},mode=700")
    linux.mount("tmpfs", "/proc", "tmpfs", OWN | linux.MS_RDONLY, "size=4k,mode=555")
    linux.checked(linux.libc.sethostname(b"kernel", 6), "sethostname")
