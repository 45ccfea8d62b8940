"""Programs that are after the host's files, or those of other kernels."""

import contextlib
import os
import socket
import sqlite3
import struct
import sys
import tempfile
from pathlib import Path

from tests.hostile.inside import LIBC, Targets, checked, found
from tests.hostile.program import hostile


@hostile(process="varies")
def site_packages(at: Targets) -> str | None:
    """Plant a module among the host's packages."""
    for folder in sys.path:
        if folder.endswith(("-packages", "lib-dynload")):
            with contextlib.suppress(OSError):
                Path(folder, f"{at.marker}.txt").write_text("a module could be here")
    return None  # the host looks for it


@hostile(process="varies")
def package_source(at: Targets) -> str | None:
    """Open the source of the code that starts kernels, for writing; nothing is written."""
    for source in Path(at.package).iterdir():
        if source.suffix == ".py":
            os.close(os.open(source, os.O_WRONLY))
            return source.name
    return None


@hostile(process="escaped")
def working_folder(at: Targets) -> str | None:
    """Change a file that the host works with."""
    Path(at.work, "results.txt").write_text("changed")
    return "changed"


@hostile(process="escaped")
def working_folder_by_symlink(at: Targets) -> str | None:
    """Change a file that the host works with, through links in the kernel's own folder."""
    Path("work").symlink_to(at.work)
    with open("work/results.txt", "r+") as file:
        file.truncate(0)
    return "emptied"


@hostile(process="escaped")
def working_folder_by_process(at: Targets) -> str | None:
    """Change a file that the host works with, through the file system as another process sees it."""
    Path(f"/proc/{at.victim}/root{at.work}/results.txt").write_text("changed")
    return "changed"


@hostile(process="escaped")
def file_by_database(at: Targets) -> str | None:
    """Let a library that is allowed here make a file in a folder of the host's."""
    try:
        with contextlib.closing(sqlite3.connect(f"{at.work}/{at.marker}.db")) as database:
            database.execute("create table t (x)")
    except sqlite3.OperationalError as error:
        raise OSError(str(error)) from error
    return "made"


@hostile(process="escaped")
def file_removed(at: Targets) -> str | None:
    """Remove a file of the host's, or move it away."""
    os.rename(f"{at.work}/results.txt", f"{at.work}/gone")
    return "moved"


@hostile(process="escaped")
def file_mode(at: Targets) -> str | None:
    """Change who may read a file of the host's."""
    os.chmod(f"{at.work}/results.txt", 0o666)
    return "changed"


@hostile(process="escaped")
def file_times(at: Targets) -> str | None:
    """Change when a file of the host's was last changed, so that a build tool misses it."""
    os.utime(f"{at.work}/results.txt", (1, 1))
    return "changed"


@hostile(process="varies")
def file_attributes(at: Targets) -> str | None:
    """Hang data on a file of the host's."""
    os.setxattr(f"{at.work}/results.txt", "user.hidden", b"data")
    return "hung on"


@hostile(process="escaped")
def files_watched(at: Targets) -> str | None:
    """Be told of everything that happens in a folder of the host's."""
    notices = checked(LIBC.inotify_init1(os.O_NONBLOCK))
    checked(LIBC.inotify_add_watch(notices, at.work.encode(), 0xFFF))
    return "watching"


@hostile(process="escaped")
def folder_listed(at: Targets) -> str | None:
    """List the user's folders."""
    return ", ".join(sorted(os.listdir(at.home))) or None


@hostile(process="escaped")
def temporary_folder(at: Targets) -> str | None:
    """Leave a file in the host's folder for temporary files."""
    for folder in {at.temporary, tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"}:
        with contextlib.suppress(OSError):
            Path(folder, at.marker).write_text("left")
    return None  # the host looks if it is there when the session is closed


@hostile(process="escaped", peer=True)
def peer_file(at: Targets) -> str | None:
    """Read a file that another kernel keeps in its folder."""
    return found(Path(at.peer_file).read_bytes())


@hostile(process="escaped", peer=True)
def peer_file_changed(at: Targets) -> str | None:
    """Change a file that another kernel keeps in its folder."""
    Path(at.peer_file).write_text("changed")
    return None  # the peer reads it


@hostile(process="escaped", peer=True)
def peer_file_by_process(at: Targets) -> str | None:
    """Read a file that another kernel keeps, through that kernel's own view of the file system."""
    return found(Path(f"/proc/{at.peer}/root{at.peer_file}").read_bytes())


@hostile(process="varies", peer=True)
def peer_connection(at: Targets) -> str | None:
    """Find the key to another kernel's sockets in a file."""
    for path in [*Path(at.peer_folder).parent.glob("*.json"), *Path(at.temporary).glob("*/*.json")]:
        text = path.read_text()
        if '"key"' in text and str(Path.cwd().parent) not in text:
            return path.name
    return None


@hostile(process="varies", peer=True)
def peer_socket(at: Targets) -> str | None:
    """Connect to another kernel's sockets."""
    own = Path.cwd().parent
    for folder in {Path(at.peer_folder).parent, *Path(at.temporary).iterdir()} - {own}:
        for path in folder.iterdir():
            if path.is_socket():
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(path))
                    return path.name
    return None


@hostile(speaks=False)
def link_in_the_way_of_removal(at: Targets) -> str | None:
    """Leave links to the host's folders, for whoever removes the kernel's."""
    Path("host").symlink_to(at.work)
    Path(tempfile.gettempdir(), "host").symlink_to(at.work)
    return None


@hostile(speaks=False)
def folders_too_deep(at: Targets) -> str | None:
    """Leave folders that are nested too deep to be removed, without the right to look into them."""
    for _ in range(1200):
        os.mkdir(at.marker)
        os.chdir(at.marker)
    os.chmod(".", 0)
    return None


@hostile(speaks=False)
def folder_replaced(at: Targets) -> str | None:
    """Put a link to the host's folder in the place of the kernel's own."""
    here = Path.cwd()
    with contextlib.suppress(OSError):
        here.rename(f"{here}-moved")
        here.symlink_to(at.work)
    return None


@hostile(process="varies", speaks=False)
def file_that_stays(at: Targets) -> str | None:
    """Leave a file that even its owner cannot remove."""
    with open(at.marker, "wb") as file, contextlib.suppress(OSError):
        import fcntl

        fcntl.ioctl(file, 0x40086602, struct.pack("=i", 0x10))  # FS_IOC_SETFLAGS: immutable
    return None


@hostile(process="varies")
def device_nodes(at: Targets) -> str | None:
    """Open the machine's memory, its log or its disk; nothing is read."""
    for device in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/nvme0n1"):
        with contextlib.suppress(OSError):
            os.close(os.open(device, os.O_RDONLY))
            return device
    return None


@hostile(process="varies")
def device_made(at: Targets) -> str | None:
    """Make a device file of its own."""
    try:
        os.mknod("device", 0o020600, os.makedev(1, 7))  # the device that is always full
        return "made"
    finally:
        with contextlib.suppress(OSError):
            os.unlink("device")


@hostile(process="varies")
def system_knobs(at: Targets) -> str | None:
    """Open what steers the system for writing; nothing is written."""
    for knob in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/modprobe"):
        with contextlib.suppress(OSError):
            os.close(os.open(knob, os.O_WRONLY))
            return knob
    return None


@hostile(process="blocked")
def memory_dump(at: Targets) -> str | None:
    """Be allowed to leave a dump of the kernel's memory when it crashes."""
    import resource

    return "allowed" if resource.getrlimit(resource.RLIMIT_CORE)[0] else None


@hostile()
def terminal(at: Targets) -> str | None:
    """Reach the terminal that the host was started from."""
    os.close(os.open("/dev/tty", os.O_RDWR))
    return "opened"
