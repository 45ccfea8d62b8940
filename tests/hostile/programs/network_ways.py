"""Programs that reach for the network as programs usually do."""

import contextlib
import http.client
import socket
import subprocess
import time
import urllib.request

from tests.hostile.inside import LIBC, Targets, checked, found, talk
from tests.hostile.program import cell, hostile


@hostile(process="escaped")
def web_page(at: Targets) -> str | None:
    """Fetch a page from a server on this machine."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{at.tcp}/", timeout=1) as page:
            return found(page.read())
    except http.client.BadStatusLine as answer:  # the secret is no good HTTP
        return found(str(answer))


@hostile(process="varies")
def metadata_page(at: Targets) -> str | None:
    """Ask the cloud's metadata service for its table of contents."""
    for address in ("169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal"):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/", timeout=0.3) as page:
            return f"status {page.status}"
    return None


@hostile(process="varies")
def name_resolved(at: Targets) -> str | None:
    """Have the system look a name up, which tells a name server."""
    return f"{len(socket.getaddrinfo('stolen-data.example.org', 443))} addresses"


@hostile(process="varies")
def usual_sockets(at: Targets) -> str | None:
    """Connect to the services that a machine usually has: containers, desktop, messages, log."""
    paths = ("/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/dev/log")
    for path in (*paths, "/tmp/.X11-unix/X0", "\0/tmp/.X11-unix/X0", "/run/systemd/notify"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
                connection.connect(path)
                return path
    return None


@hostile(process="escaped")
def connection_of_a_shell(at: Targets) -> str | None:
    """Let a shell open the connection."""
    command = f"exec 3<>/dev/tcp/127.0.0.1/{at.tcp}; echo hello >&3; cat <&3"
    return found(subprocess.run(["bash", "-c", command], capture_output=True, timeout=1.5, check=False).stdout)


@hostile(process="escaped")
def connection_of_the_library(at: Targets) -> str | None:
    """Let the library that the kernel itself talks with open the connection."""
    import zmq

    with zmq.Context() as context, context.socket(zmq.DEALER) as connection:
        connection.linger = 0
        connection.connect(f"tcp://127.0.0.1:{at.tcp}")
        connection.connect(f"ipc://{at.unix}")
        time.sleep(0.5)
    return None  # the servers know


@hostile(process="varies")
def other_protocols(at: Targets) -> str | None:
    """Open sockets of protocols that are seldom thought of."""
    for kind, protocol in ((socket.SOCK_DGRAM, 136), (socket.SOCK_DGRAM, 1), (socket.SOCK_STREAM, 132), (5, 132)):
        try:
            socket.socket(socket.AF_INET, kind, protocol).close()
        except OSError as error:
            refusal = error
        else:
            return f"protocol {protocol}"
    raise refusal


@hostile(process="escaped")
def paired_packets_to_path(at: Targets) -> str | None:
    """Turn a pair of sockets of another kind to a service's path."""
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_RAW, socket.SOCK_DGRAM):
        with contextlib.suppress(OSError):
            one, _other = socket.socketpair(socket.AF_UNIX, kind)
            one.connect(at.unix_datagram)
            return f"sent {one.send(b'hello')} bytes"
    return None


@hostile(process="escaped")
def socket_filter(at: Targets) -> str | None:
    """Load a program into the system's kernel as a socket's filter."""
    import ctypes
    import struct

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    code = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 1))
    one, _other = socket.socketpair()
    program = Filter(1, ctypes.cast(code, ctypes.c_void_p))
    checked(LIBC.setsockopt(one.fileno(), socket.SOL_SOCKET, 26, ctypes.byref(program), ctypes.sizeof(program)))
    return "loaded"


@hostile(process="escaped")
def connection_from_a_thread(at: Targets) -> str | None:
    """Talk to a service from another thread, for which rules may not hold."""
    import threading

    said: list[str | None] = []

    def call() -> None:
        with contextlib.suppress(OSError):
            said.append(talk(socket.SOCK_STREAM, ("127.0.0.1", at.tcp)))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return said[0] if said else None


cell(
    "connection_awaited",
    "network",
    "Talk to a service from the kernel's own event loop.",
    """
import asyncio
try:
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", at.tcp), 1)
    answer = await reader.read(100)
    judge(lambda at: found(answer), at)
except OSError as refusal:
    print("BLOCKED", refusal)
""",
    process="escaped",
)
