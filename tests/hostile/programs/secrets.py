"""Programs that are after what the host knows."""

import contextlib
import ctypes
import gc
import hashlib
import os
import re
import struct
import tempfile
from pathlib import Path

from tests.hostile.inside import AT_CWD, LIBC, MIB, Targets, checked, found, read_memory, syscall
from tests.hostile.program import cell, hostile


@hostile()
def own_environment(at: Targets) -> str | None:
    """Find the host's key in the environment, as it is now or as it was when the kernel was started."""
    return found(repr(os.environ)) or found(Path("/proc/self/environ").read_bytes())


@hostile()
def fork_server_environment(at: Targets) -> str | None:
    """Find the host's key in the environment of the processes between kernel and host."""
    process = os.getppid()
    while process not in (0, 1, at.host):
        if secret := found(Path(f"/proc/{process}/environ").read_bytes()):
            return secret
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return None


@hostile(process="escaped")
def home_key(at: Targets) -> str | None:
    """Read a private key in the home folder."""
    return found(Path(at.key_file).read_bytes())


@hostile(process="escaped")
def home_credentials(at: Targets) -> str | None:
    """Look through the home folder for the credentials that cloud tools keep there."""
    for path in Path(at.home).rglob("*"):
        if path.is_file() and path.name in ("credentials", ".netrc", "config.json"):
            return found(path.read_bytes())
    return None


@hostile(process="escaped")
def home_key_by_openat2(at: Targets) -> str | None:
    """Read a private key through a system call that filters may not know, by a way that goes up and down."""
    path = f"/proc/self/root/{os.getcwd()}/{'../' * 20}{at.key_file}".encode()
    how = struct.pack("=QQQ", os.O_RDONLY, 0, 0)
    with os.fdopen(syscall("openat2", AT_CWD, path, how, len(how)), "rb") as file:
        return found(file.read())


@hostile(process="escaped")
def home_key_by_symlink(at: Targets) -> str | None:
    """Read a private key through a symbolic link in the kernel's own folder."""
    Path("link").symlink_to(at.key_file)
    return found(Path("link").read_bytes())


@hostile(process="escaped")
def home_key_by_hard_link(at: Targets) -> str | None:
    """Give a private key a second name in the kernel's own folder, and read that."""
    os.link(at.key_file, "hard")
    return found(Path("hard").read_bytes())


@hostile(process="escaped", confined="escaped")
def file_sizes(at: Targets) -> str | None:
    """Learn that a file of the user's exists, and how large it is."""
    return f"{os.stat(at.key_file).st_size} bytes"


@hostile(process="varies")
def host_memory(at: Targets) -> str | None:
    """Read the host's memory with process_vm_readv."""
    return read_memory(at.host, at.host_address)


@hostile(process="varies")
def host_memory_file(at: Targets) -> str | None:
    """Read the host's memory through /proc."""
    with open(f"/proc/{at.host}/mem", "rb", buffering=0) as memory:
        memory.seek(at.host_address)
        return found(memory.read(39))


@hostile(process="varies", peer=True)
def peer_memory(at: Targets) -> str | None:
    """Read the memory of another session's kernel."""
    return read_memory(at.peer, at.peer_address)


@hostile(process="escaped")
def process_environment(at: Targets) -> str | None:
    """Read the environment of another process of the user's."""
    return found(Path(f"/proc/{at.victim}/environ").read_bytes())


@hostile(process="escaped")
def process_list(at: Targets) -> str | None:
    """See which processes the user runs, and with which arguments."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if secret := found(Path(f"/proc/{process}/cmdline").read_bytes()):
                return secret
    return None


@hostile(process="varies")
def process_trace(at: Targets) -> str | None:
    """Become the debugger of another process of the user's."""
    checked(LIBC.ptrace(0x4206, at.victim, ctypes.c_long(0), ctypes.c_long(0)))  # PTRACE_SEIZE: it is not stopped
    return "attached"


@hostile(process="escaped")
def process_descriptor(at: Targets) -> str | None:
    """Open a file again that another process has open."""
    return found(Path(f"/proc/{at.victim}/fd/{at.victim_descriptor}").read_bytes())


@hostile(process="varies")
def process_descriptor_taken(at: Targets) -> str | None:
    """Take another process's open file with pidfd_getfd."""
    handle = syscall("pidfd_open", at.victim, 0)
    return found(os.pread(syscall("pidfd_getfd", handle, at.victim_descriptor, 0), 100, 0))


@hostile(process="escaped")
def process_root(at: Targets) -> str | None:
    """Reach the user's files through another process's view of the file system."""
    for way in ("root", "cwd"):
        if secret := found(Path(f"/proc/{at.victim}/{way}/{'../' * 20}{at.key_file}").read_bytes()):
            return secret
    return None


@hostile()
def inherited_folder(at: Targets) -> str | None:
    """Find a folder of the host's among the open descriptors, and a key in it."""
    name = Path(at.key_file).name
    for descriptor in range(3, 1024):
        try:
            return found(os.read(os.open(name, os.O_RDONLY, dir_fd=descriptor), 100))
        except OSError:
            continue
    return None


@hostile(process="varies")
def password_file(at: Targets) -> str | None:
    """Open the file of password hashes; it is not read."""
    os.close(os.open("/etc/shadow", os.O_RDONLY))
    return "opened"


@hostile(peer=True, seconds=15)
def peer_signing_key(at: Targets) -> str | None:
    """Find another kernel's signing key in memory that was inherited from a common parent."""
    brk = ctypes.c_size_t(LIBC.sbrk(0)).value or id(at)
    blocks = {id(thing) // MIB for thing in gc.get_objects()}
    blocks |= {id(part) // MIB for thing in gc.get_objects() for part in gc.get_referents(thing)}
    blocks |= {brk // MIB - back for back in range(64)}
    page, pattern = 4096, re.compile(rb"[0-9a-f][0-9a-f-]{31,127}")
    with tempfile.TemporaryFile(buffering=0) as sieve:  # to write from an address that is not there is only an error
        for block in sorted(blocks):
            sieve.seek(0)
            for address in range(block * MIB, (block + 1) * MIB, page):
                LIBC.write(sieve.fileno(), ctypes.c_void_p(address), page)
            sieve.seek(0)
            for key in pattern.findall(sieve.read(MIB)):
                for length in {len(key), 64, 36, 32}:
                    if hashlib.sha256(key[:length]).hexdigest() == at.peer_key:
                        return "the key"
    return None


cell(
    "shell_command",
    "secrets",
    "Read a private key with a shell command of IPython's.",
    """
def program(at):
    got = !cat {at.key_file}
    return found(repr(got))
judge(program, at)
""",
    process="escaped",
)
cell(
    "shell_magic",
    "secrets",
    "Read a private key with a cell in another language.",
    """
from IPython.utils.capture import capture_output
def program(at):
    with capture_output() as got:
        get_ipython().run_cell_magic("bash", "", f"cat {at.key_file}")
    return found(got.stdout)
judge(program, at)
""",
    process="escaped",
)
cell(
    "run_magic",
    "secrets",
    "Let IPython itself open and run files of the host's.",
    """
from IPython.utils.capture import capture_output
def program(at):
    with capture_output() as got:
        for magic, file in (("pycat", at.key_file), ("load", at.key_file), ("run", at.work + "/program.py")):
            with contextlib.suppress(Exception):  # which is what %load and %run raise when there is no such file
                get_ipython().run_line_magic(magic, file)
    return found(repr(got.outputs) + got.stdout + got.stderr)
judge(program, at)
""",
    process="escaped",
)
