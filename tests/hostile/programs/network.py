"""Programs that want to talk to someone."""

import ctypes
import errno
import mmap
import os
import platform
import socket
from pathlib import Path

from tests.hostile.inside import Targets, found, kernel, talk
from tests.hostile.program import hostile


@hostile(process="escaped")
def tcp_loopback(at: Targets) -> str | None:
    """Talk to a service on this machine."""
    return talk(socket.SOCK_STREAM, ("127.0.0.1", at.tcp))


@hostile(process="escaped")
def tcp_by_other_names(at: Targets) -> str | None:
    """Talk to a service on this machine by addresses that only mean the same."""
    for address in ("localhost", "0.0.0.0", "127.1", "127.8.8.8"):
        try:
            return talk(socket.SOCK_STREAM, (address, at.tcp))
        except OSError as error:
            refusal = error
    raise refusal


@hostile(process="varies")
def tcp_mapped(at: Targets) -> str | None:
    """Talk to a service on this machine over IPv6 with IPv4's address in it."""
    return talk(socket.SOCK_STREAM, ("::ffff:127.0.0.1", at.tcp), socket.AF_INET6)


@hostile(process="varies")
def tcp_multipath(at: Targets) -> str | None:
    """Talk over multipath TCP, which rules about TCP do not cover."""
    return talk(socket.SOCK_STREAM, ("127.0.0.1", at.tcp), protocol=262)


@hostile(process="escaped")
def tcp_fast_open(at: Targets) -> str | None:
    """Connect by sending, so that nobody sees a connect."""
    with socket.socket() as connection:
        connection.settimeout(1)
        connection.sendto(b"hello", socket.MSG_FASTOPEN, ("127.0.0.1", at.tcp))
        return found(connection.recv(100))


@hostile(process="escaped")
def udp_loopback(at: Targets) -> str | None:
    """Send a datagram to a service on this machine."""
    return talk(socket.SOCK_DGRAM, ("127.0.0.1", at.udp))


@hostile(process="escaped")
def dns_query(at: Targets) -> str | None:
    """Hand data to a name server, hidden in the name that is asked for."""
    name = b"".join(bytes([len(part)]) + part for part in (b"stolen-data", b"example", b"org"))
    query = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + name + b"\x00\x00\x10\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(query, ("127.0.0.1", at.udp))
        return found(asking.recv(100))


@hostile(process="varies")
def route_out(at: Targets) -> str | None:
    """Find a route to the cloud's metadata service or to the internet; nothing is sent."""
    for address in ("169.254.169.254", "192.0.2.1"):  # the second is reserved for documentation
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 80))
                return f"to {address}"
        except OSError as error:
            refusal = error
    raise refusal


@hostile(process="escaped")
def unix_socket(at: Targets) -> str | None:
    """Talk to a service by its socket's path, as one talks to Docker."""
    return talk(socket.SOCK_STREAM, at.unix, socket.AF_UNIX)


@hostile(process="escaped")
def unix_socket_by_detour(at: Targets) -> str | None:
    """Talk to a service by its socket's path through an open folder and a link."""
    folder = os.open(Path(at.unix).parent, os.O_PATH)
    Path("way").symlink_to(f"/proc/self/fd/{folder}")
    return talk(socket.SOCK_STREAM, f"way/{Path(at.unix).name}", socket.AF_UNIX)


@hostile(process="escaped")
def abstract_socket(at: Targets) -> str | None:
    """Talk to a service by a name that is in no folder, as one talks to a desktop."""
    return talk(socket.SOCK_STREAM, f"\0{at.abstract}", socket.AF_UNIX)


@hostile(process="escaped")
def paired_socket_to_path(at: Targets) -> str | None:
    """Send to a service's path from one of a pair of sockets, which needs no call of socket()."""
    one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return f"sent {one.sendto(b'hello', at.unix_datagram)} bytes"


@hostile(process="escaped")
def paired_socket_to_name(at: Targets) -> str | None:
    """Send to a service's abstract name from one of a pair of sockets."""
    one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect(f"\0{at.abstract_datagram}")
    return f"sent {one.send(b'hello')} bytes"


@hostile(process="varies")
def virtual_machine_socket(at: Targets) -> str | None:
    """Open a socket that leads from a virtual machine to the machine that it runs on."""
    socket.socket(40, socket.SOCK_STREAM).close()
    return "opened"


@hostile(process="escaped")
def netlink(at: Targets) -> str | None:
    """Ask the system for its network interfaces."""
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
    return "opened"


@hostile(process="varies")
def raw_packets(at: Targets) -> str | None:
    """Open a socket for raw packets."""
    for family, protocol in ((socket.AF_INET, socket.IPPROTO_ICMP), (socket.AF_PACKET, 0)):
        try:
            socket.socket(family, socket.SOCK_RAW, protocol).close()
        except OSError as error:
            refusal = error
        else:
            return f"family {family}"
    raise refusal


@hostile(process="escaped")
def any_family(at: Targets) -> str | None:
    """Open a socket of any family but unix, however exotic."""
    opened = []
    for family in set(range(2, 46)):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            opened.append(family)
            break
    return f"families {opened}" if opened else None


@hostile(process="varies")
def socket_by_other_abi(at: Targets) -> str | None:
    """Open a socket by the x32 numbers of the system calls, which a filter may forget."""
    if platform.machine() != "x86_64":
        raise OSError("not this processor")
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(0x40000000 | 41, socket.AF_INET, socket.SOCK_STREAM, 0)
    return f"descriptor {descriptor}" if descriptor >= 0 else None


@hostile(process="varies")
def socket_by_old_abi(at: Targets) -> str | None:
    """Open a socket by the system calls of 32-bit programs, which a filter may forget."""
    if platform.machine() != "x86_64":
        raise OSError("not this processor")
    #     push rbx; mov eax, 359; mov ebx, 2; mov ecx, 1; xor edx, edx; int 0x80; pop rbx; ret
    code = bytes.fromhex("53 b867010000 bb02000000 b901000000 31d2 cd80 5b c3")
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    entry = ctypes.addressof(ctypes.c_char.from_buffer(page))
    descriptor = ctypes.CFUNCTYPE(ctypes.c_int)(entry)()
    if descriptor < 0:
        raise OSError(-descriptor, errno.errorcode.get(-descriptor, ""))
    return f"descriptor {descriptor}"


@hostile(process="escaped")
def offer_service(at: Targets) -> str | None:
    """Offer a service on this machine, which stays after the cell."""
    kernel().service = socket.create_server(("127.0.0.1", at.port))
    return None  # the host tries to connect
