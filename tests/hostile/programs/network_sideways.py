"""Programs that use what looks like no network at all."""

import ctypes
import fcntl
import socket
import struct

from tests.hostile.inside import LIBC, Targets, checked
from tests.hostile.program import hostile


@hostile(process="varies")
def addresses_of_any_socket(at: Targets) -> str | None:
    """Learn the machine's addresses from a pair of sockets that have nothing to do with the network."""
    one, _other = socket.socketpair()
    buffer = ctypes.create_string_buffer(4096)
    answer = fcntl.ioctl(one, 0x8912, struct.pack("iL", 4096, ctypes.addressof(buffer)))  # SIOCGIFCONF
    size = struct.unpack("iL", answer)[0]
    addresses = [socket.inet_ntoa(buffer.raw[at + 20 : at + 24]) for at in range(0, size, 40)]
    others = [address for address in addresses if not address.startswith("127.")]
    return f"{len(others)} addresses" if others else None


@hostile(process="varies")
def hardware_of_any_socket(at: Targets) -> str | None:
    """Learn the number of the machine's network card, which no other machine has."""
    one, _other = socket.socketpair()
    for index in range(1, 6):
        try:
            name = fcntl.ioctl(one, 0x8910, struct.pack("=16si20x", b"", index))[:16]  # SIOCGIFNAME
            card = fcntl.ioctl(one, 0x8927, name + bytes(24))[18:24]  # SIOCGIFHWADDR
        except OSError as error:
            refusal = error
        else:
            if any(card):
                return card.hex()
    raise refusal


@hostile(process="varies")
def pairs_of_other_families(at: Targets) -> str | None:
    """Open a pair of sockets of a family that leads to other machines."""
    pair = (ctypes.c_int * 2)()
    for family in (30, 21, 38, 44):  # tipc, rds, crypto, xdp
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_RDM):
            if LIBC.socketpair(family, kind, 0, pair) == 0:
                return f"family {family}"
    return None


@hostile(process="varies")
def own_connection_turned(at: Targets) -> str | None:
    """Turn one of the kernel's own connections to another service."""
    for descriptor in range(3, 256):
        address = struct.pack("=H", socket.AF_UNIX) + at.abstract.encode().rjust(len(at.abstract) + 1, b"\0")
        if LIBC.connect(descriptor, struct.pack("=H14x", socket.AF_UNSPEC), 16) == 0:
            checked(LIBC.connect(descriptor, address, len(address)))
            return f"descriptor {descriptor}"
    return None
