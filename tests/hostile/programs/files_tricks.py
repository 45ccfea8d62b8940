"""Programs that reach the host's files in further ways, or prepare what is run later."""

import contextlib
import ctypes
import fcntl
import os
import site
import socket
from pathlib import Path

from tests.hostile.inside import AT_CWD, LIBC, Targets, checked
from tests.hostile.program import hostile


@hostile(process="varies")
def bytecode(at: Targets) -> str | None:
    """Put compiled code beside the host's packages, where it is taken for theirs."""
    planted = Path(at.package, "__pycache__", f"{at.marker}.pyc")
    planted.write_bytes(b"")
    planted.unlink()
    return "planted"


@hostile(process="varies")
def startup_files(at: Targets) -> str | None:
    """Put a file where Python reads it each time that it starts."""
    for folder in (site.getusersitepackages(), *site.getsitepackages()):
        with contextlib.suppress(OSError):
            planted = Path(folder, f"{at.marker}.pth")
            planted.write_text("")
            planted.unlink()
            return f"planted in {folder}"
    return None


@hostile(process="escaped")
def shell_startup(at: Targets) -> str | None:
    """Add a line to what the user's shell reads each time that it starts."""
    with Path(at.home, ".bashrc").open("a") as file:
        file.write("true\n")
    return "added"


@hostile(process="varies")
def scheduled_jobs(at: Targets) -> str | None:
    """Be able to put a job where the system looks for jobs; it is empty and taken away again."""
    for folder in ("/etc/cron.d", "/var/spool/cron", "/etc/systemd/system", "/etc/init.d", "/etc/profile.d", "/run"):
        with contextlib.suppress(OSError):
            os.close(os.open(f"{folder}/.{at.marker}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.unlink(f"{folder}/.{at.marker}")
            return folder
    return None


@hostile(process="escaped")
def files_exchanged(at: Targets) -> str | None:
    """Exchange a file of its own for one of the host's, in one step."""
    Path("mine").write_text("mine")
    checked(LIBC.renameat2(AT_CWD, b"mine", AT_CWD, f"{at.work}/results.txt".encode(), 2))  # RENAME_EXCHANGE
    return "exchanged"


@hostile(process="escaped")
def file_truncated(at: Targets) -> str | None:
    """Empty a file of the host's by its name, without opening it."""
    os.truncate(f"{at.work}/results.txt", 0)
    return "emptied"


@hostile(process="escaped")
def file_mode_by_descriptor(at: Targets) -> str | None:
    """Change who may read a file of the host's, by a descriptor that is good for nothing else."""
    path = os.open(f"{at.work}/results.txt", os.O_PATH)
    os.chmod(f"/proc/self/fd/{path}", 0o666)
    return "changed"


@hostile(process="escaped")
def package_mode(at: Targets) -> str | None:
    """Be able to change who may write a package of the host's, by a descriptor for reading; it stays as it is."""
    source = os.open(f"{at.package}/__init__.py", os.O_RDONLY)
    os.fchmod(source, os.fstat(source).st_mode & 0o7777)
    return "changed"


@hostile(process="escaped")
def file_locked(at: Targets) -> str | None:
    """Lock a file that the host needs."""
    with open(f"{at.work}/results.txt", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return "locked"


@hostile(process="escaped")
def folder_watched_the_old_way(at: Targets) -> str | None:
    """Be told of changes in a folder of the host's by signals."""
    folder = os.open(at.work, os.O_RDONLY)
    fcntl.fcntl(folder, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MODIFY)
    return "watching"


@hostile(process="escaped")
def folder_in_the_home(at: Targets) -> str | None:
    """Make a folder in the user's home."""
    os.mkdir(f"{at.home}/.hidden")
    return "made"


@hostile(process="varies")
def folders_for_everyone(at: Targets) -> str | None:
    """Leave a file in any folder that everyone may write to."""
    for folder in ("/run/lock", "/var/lock", "/var/tmp", "/dev/mqueue", "/var/crash", "/tmp", "/dev/shm", "/run/shm"):
        with contextlib.suppress(OSError):
            Path(folder, at.marker).write_text("left")
            if not Path(folder).resolve().is_relative_to(Path.cwd().parent):  # where it may
                return f"left in {folder}"
    return None


@hostile(process="varies")
def own_socket_replaced(at: Targets) -> str | None:
    """Put a link to another service in the place of the kernel's own sockets, for the host to connect to."""
    for path in Path.cwd().parent.iterdir():
        if path.is_socket():
            path.unlink()
            path.symlink_to(at.unix)
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
            connection.shutdown(socket.SHUT_RDWR)
    return None  # the service knows


@hostile(process="varies", peer=True)
def peer_socket_removed(at: Targets) -> str | None:
    """Remove another kernel's sockets."""
    own = Path.cwd().parent
    for path in Path(at.temporary).glob("tumix-*/s-*"):
        if path.parent != own:
            path.unlink()
            return "removed"
    return None


@hostile(process="varies")
def other_devices(at: Targets) -> str | None:
    """Open devices that lead further than they look; nothing is done with them."""
    names = ("kvm", "fuse", "net/tun", "ptmx", "uinput", "userfaultfd", "vhost-vsock", "loop-control", "input/event0")
    for name in names:
        with contextlib.suppress(OSError):
            os.close(os.open(f"/dev/{name}", os.O_RDWR | os.O_NONBLOCK))
            return name
    return None


@hostile(process="escaped")
def file_by_c(at: Targets) -> str | None:
    """Write into the host's folder with the C library, past everything that Python could watch."""
    LIBC.fopen.restype = ctypes.c_void_p
    if not (file := LIBC.fopen(f"{at.work}/planted".encode(), b"w")):
        raise OSError(ctypes.get_errno(), "fopen")
    LIBC.fclose(ctypes.c_void_p(file))
    return "made"
