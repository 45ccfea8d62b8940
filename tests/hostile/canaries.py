"""What the host plants for hostile programs to go after, so that they touch nothing that is real."""

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from langgraph_tumix import interpreter
from langgraph_tumix.interpreter import Session
from tests.hostile.inside import Targets
from tests.hostile.traces import processes

KEY = "TUMIX_CANARY_API_KEY"
VICTIM = """
import ctypes, json, os, sys, time
buffer = ctypes.create_string_buffer(os.environ["CANARY"].encode())
print(json.dumps([ctypes.addressof(buffer), os.open(sys.argv[1], os.O_RDONLY)]), flush=True)
time.sleep(120)
"""
PEER = """
import ctypes, hashlib, json, os
buffer = ctypes.create_string_buffer(b"{secret}")
ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
open("canary.txt", "w").write("{secret}")
key = hashlib.sha256(get_ipython().kernel.session.key).hexdigest()
print(json.dumps([ctypes.addressof(buffer), os.path.abspath("canary.txt"), os.getcwd(), key]))
"""
PEER_LOOKS = "print(open('canary.txt').read(), buffer.value.decode())"


def new_secret() -> str:
    """Return a text that nothing else holds, of the form that programs look for."""
    return f"canary-{secrets.token_hex(16)}"


@contextlib.contextmanager
def host_key() -> Iterator[str]:
    """Put a key into the host's environment for a while."""
    os.environ[KEY] = new_secret()
    try:
        yield os.environ[KEY]
    finally:
        del os.environ[KEY]


@dataclass
class Canaries:
    """The canaries of one program.

    Attributes:
        targets: Where they are.
        secret: What most of them hold: whoever says it has been where nobody should be.
        contacts: Servers that were talked to.
        before: How what may be damaged looked when it was planted.
    """

    targets: Targets
    secret: str
    contacts: list[str] = field(default_factory=list)
    before: dict[str, object] = field(default_factory=dict)

    def damage(self) -> list[str]:
        """Say what is not as it was planted."""
        now = condition(self.targets)
        return [f"the host's {name} changed" for name, value in self.before.items() if now[name] != value]


def condition(targets: Targets) -> dict[str, object]:
    """Look at everything that a program may have damaged."""
    found: dict[str, object] = dict.fromkeys(
        ("folder", "file", "file's data", "public file", "process", "process's limits")
    )
    results = Path(targets.work, "results.txt")
    with contextlib.suppress(OSError):
        found["folder"] = sorted(os.listdir(targets.work))
        found["file's data"] = os.listxattr(results)
        status = results.stat()
        public = Path(targets.work, "public.txt")
        found["public file"] = public.stat().st_mtime_ns, os.listxattr(public), public.read_text()
        found["file"] = results.read_text(), status.st_mode, status.st_mtime_ns, status.st_nlink
    with contextlib.suppress(OSError):
        victim = targets.victim
        found["process"] = Path(f"/proc/{victim}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        pace = os.getpriority(os.PRIO_PROCESS, victim), os.sched_getaffinity(victim)
        found["process's limits"] = resource.prlimit(victim, resource.RLIMIT_NOFILE), pace
    return found


@contextlib.asynccontextmanager
async def planted(folder: Path, memory_mb: int) -> AsyncIterator[Canaries]:
    """Plant the canaries of one program in a new folder, and take them away again."""
    secret, marker = new_secret(), f"tz{secrets.token_hex(6)}"
    home, work, memory = folder / "home", folder / "work", ctypes.create_string_buffer(secret.encode())
    fill(home, work, secret)
    contacts: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        ports = await stack.enter_async_context(servers(folder, marker, secret, contacts))
        victim, address, descriptor = await stack.enter_async_context(started_victim(home / "key", secret))
        tcp, udp, free = ports
        targets = Targets(
            host=os.getpid(),
            host_address=ctypes.addressof(memory),
            victim=victim,
            victim_address=address,
            victim_descriptor=descriptor,
            home=str(home),
            key_file=str(home / "key"),
            work=str(work),
            tcp=tcp,
            udp=udp,
            unix=str(folder / "stream"),
            abstract=f"{marker}-stream",
            unix_datagram=str(folder / "datagram"),
            abstract_datagram=f"{marker}-datagram",
            port=free,
            package=str(Path(interpreter.__file__).parent),
            temporary=tempfile.gettempdir(),
            memory_mb=memory_mb,
            marker=marker,
        )
        yield Canaries(targets, secret, contacts, condition(targets))


def fill(home: Path, work: Path, secret: str) -> None:
    """Write the canary files."""
    for path in (home / "key", home / ".aws" / "credentials", home / ".netrc", home / ".docker" / "config.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"password {secret}\n")
    work.mkdir()
    (work / "results.txt").write_text("as planted")
    (work / "program.py").write_text(f"print('{secret}')\n")
    (work / "public.txt").write_text("for everyone")
    (work / "public.txt").chmod(0o666)
    with contextlib.suppress(OSError):  # not every file system has attributes
        os.setxattr(work / "public.txt", "user.origin", secret.encode())


@contextlib.asynccontextmanager
async def started_victim(key_file: Path, secret: str) -> AsyncIterator[tuple[int, int, int]]:
    """Run another process of the user's; its number, its secret's address and its file's descriptor."""
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", VICTIM, key_file, secret),
        env={"CANARY": secret},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert victim.stdout
        address, descriptor = json.loads(await victim.stdout.readline())
        yield victim.pid, address, descriptor
    finally:
        with contextlib.suppress(ProcessLookupError):
            victim.kill()
        await victim.wait()


class Datagrams(asyncio.DatagramProtocol):
    """A server of datagrams that answers with a secret."""

    def __init__(self, name: str, secret: str, contacts: list[str]) -> None:
        self.name, self.secret, self.contacts = name, secret, contacts

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.contacts.append(self.name)
        if addr:
            self.transport.sendto(self.secret.encode(), addr)


@contextlib.asynccontextmanager
async def servers(folder: Path, name: str, secret: str, contacts: list[str]) -> AsyncIterator[tuple[int, int, int]]:
    """Serve secrets on TCP, UDP and unix sockets; the ports of the first two, and one that is free."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        contacts.append("a stream")
        writer.write(secret.encode())
        writer.close()

    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        tcp = await stack.enter_async_context(await asyncio.start_server(answer, "127.0.0.1", 0))
        for path in (f"{folder}/stream", f"\0{name}-stream"):
            await stack.enter_async_context(await asyncio.start_unix_server(answer, path))
        ports = []
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, f"{folder}/datagram"),
            (socket.AF_UNIX, f"\0{name}-datagram"),
        ):
            bound = socket.socket(family, socket.SOCK_DGRAM)
            bound.setblocking(False)
            bound.bind(address)
            ports.append(bound.getsockname())
            server, _ = await loop.create_datagram_endpoint(lambda: Datagrams("UDP", secret, contacts), sock=bound)
            stack.callback(server.close)
        yield tcp.sockets[0].getsockname()[1], ports[0][1], free_port()


def free_port() -> int:
    """Find a port that nobody uses, among those that the system hands out to nobody."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


async def settle(session: Session, canaries: Canaries) -> None:
    """Make a session a canary too: its kernel holds the secret in memory and in a file."""
    name = f"pe{canaries.targets.marker[2:]}"
    cell = PEER.replace("{secret}", canaries.secret).replace("{name}", name)
    result = await session.run(cell, seconds=10)
    address, file, folder, key = json.loads(result.output)
    pids = await asyncio.to_thread(processes, name)
    canaries.targets = replace(
        canaries.targets,
        peer=pids[0],
        peer_address=address,
        peer_file=file,
        peer_folder=folder,
        peer_key=key,
    )


async def is_intact(session: Session, secret: str) -> bool:
    """Ask a session that is a canary if it is as it was."""
    result = await session.run(PEER_LOOKS, seconds=10)
    return result.output == f"{secret} {secret}"


@contextlib.contextmanager
def inherited(folder: Path, secret: str) -> Iterator[None]:
    """Have a folder with a key open so carelessly that child processes inherit it."""
    (folder / "key").write_text(secret)
    descriptor = os.open(folder, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        yield
    finally:
        os.close(descriptor)
