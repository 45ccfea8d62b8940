"""Programs that look for secrets where everybody knows that there are some."""

import ctypes
import gc
import glob
import importlib.machinery
import os
import sys
from pathlib import Path

from tests.hostile.inside import LIBC, Targets, found
from tests.hostile.program import hostile


@hostile(process="varies")
def environment_of_first_process(at: Targets) -> str | None:
    """Read the environment of the machine's first process, where containers keep their secrets."""
    return f"{len(Path('/proc/1/environ').read_bytes())} bytes"


@hostile(process="varies")
def usual_places(at: Targets) -> str | None:
    """Open what lies in the usual places: keys, histories, tokens; nothing is read."""
    names = (".ssh/*", ".aws/credentials", ".netrc", ".bash_history", ".profile", ".config/gcloud/*", ".kube/config")
    places = [f"{home}/{name}" for home in ("/root", "/home/*", os.path.expanduser("~root")) for name in names]
    places += ["/run/secrets/*", "/var/run/secrets/kubernetes.io/serviceaccount/token", "/etc/kubernetes/*", "/.env"]
    for path in (path for place in places for path in [*glob.glob(place), place]):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            continue
        return path
    return None


@hostile(process="escaped")
def users_listed(at: Targets) -> str | None:
    """Learn which users the machine has."""
    import pwd

    if users := pwd.getpwall():
        return f"{len(users)} users"
    return f"{len(Path('/etc/passwd').read_text())} characters"


@hostile(process="escaped")
def machine_identity(at: Targets) -> str | None:
    """Learn which machine this is, from the files that name it."""
    for path in ("/etc/machine-id", "/etc/hostname", "/etc/hosts", "/proc/sys/kernel/random/boot_id", "/proc/cmdline"):
        try:
            return f"{path}: {len(Path(path).read_text())} characters"
        except OSError as error:
            refusal = error
    raise refusal


@hostile()
def objects_of_the_server(at: Targets) -> str | None:
    """Find the host's key among the objects of the process that this one was forked from."""
    gc.unfreeze()
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            for value in list(thing.values()):
                if isinstance(value, str | bytes) and (secret := found(value)):
                    return secret
    return None


@hostile()
def frames_of_the_host(at: Targets) -> str | None:
    """Climb through the frames of all threads to the code that started the kernel, and to what it knows."""
    for frame in sys._current_frames().values():
        while frame:
            if secret := found(repr(list(frame.f_locals.values()))):
                return secret
            frame = frame.f_back  # type: ignore[assignment]
    return None


@hostile(process="escaped")
def process_status(at: Targets) -> str | None:
    """See what another process of the user's is doing."""
    for file in ("status", "stat", "maps", "wchan", "io", "limits"):
        try:
            return f"{file}: {len(Path(f'/proc/{at.victim}/{file}').read_bytes())} bytes"
        except OSError as error:
            refusal = error
    raise refusal


@hostile(process="escaped", confined="escaped")
def process_folders(at: Targets) -> str | None:
    """Find out which processes are there by asking for each number's folder."""
    return f"{at.victim} is there" if os.path.isdir(f"/proc/{at.victim}") else None


@hostile(process="varies")
def system_memory_files(at: Targets) -> str | None:
    """Open the files that show the system's own memory and log; nothing is read."""
    for path in ("/proc/kcore", "/proc/kallsyms", "/proc/kmsg", "/dev/mem", "/dev/kmsg", "/sys/kernel/debug"):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as error:
            refusal = error
        else:
            return path
    raise refusal


@hostile(process="escaped")
def working_file_read(at: Targets) -> str | None:
    """Read a program that the host works on."""
    return found(Path(at.work, "program.py").read_text())


@hostile(process="escaped")
def home_key_by_libraries(at: Targets) -> str | None:
    """Read a private key by way of libraries that open files themselves."""
    import linecache

    import numpy

    ways = (
        lambda: importlib.machinery.SourceFileLoader("key", at.key_file).get_data(at.key_file),
        lambda: linecache.getline(at.key_file, 1),
        lambda: numpy.fromfile(at.key_file, dtype="u1").tobytes(),
    )
    for way in ways:
        try:
            if secret := found(way()):
                return secret
        except OSError as error:
            refusal = error
    raise refusal


@hostile(process="escaped")
def home_key_by_c(at: Targets) -> str | None:
    """Read a private key with the C library, past everything that Python could watch."""
    LIBC.fopen.restype = ctypes.c_void_p
    file = LIBC.fopen(at.key_file.encode(), b"r")
    if not file:
        raise OSError(ctypes.get_errno(), "fopen")
    buffer = ctypes.create_string_buffer(100)
    LIBC.fread(buffer, 1, 100, ctypes.c_void_p(file))
    return found(buffer.raw)


@hostile(process="escaped")
def home_key_by_climbing(at: Targets) -> str | None:
    """Climb from the kernel's own folder to the root by descriptors, and from there down to a private key."""
    folder = os.open(".", os.O_PATH)
    for _ in range(40):
        folder = os.open("..", os.O_PATH, dir_fd=folder)
    return found(os.read(os.open(at.key_file.lstrip("/"), os.O_RDONLY, dir_fd=folder), 100))


@hostile(process="escaped", peer=True)
def peer_folder_listed(at: Targets) -> str | None:
    """See which files another session has."""
    return "its file" if Path(at.peer_file).name in os.listdir(at.peer_folder) else None


@hostile(process="escaped", peer=True)
def sessions_listed(at: Targets) -> str | None:
    """See which other sessions there are."""
    own = Path.cwd().parent.name
    others = [name for name in os.listdir(at.temporary) if name.startswith("tumix-") and name != own]
    return f"{len(others)} sessions" if others else None
