"""Landlock: a process gives up every file that it has not named, for itself and all that it starts."""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from langgraph_tumix.interpreter.inside.linux import PR_SET_NO_NEW_PRIVS, checked, libc, prctl

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1  # the flag that asks for it
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
SINCE_FIRST = (1 << 13) - 1
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
TCP = 3  # bind and connect
ABSTRACT_SOCKETS, SIGNALS = 1, 2


def version() -> int:
    """Give the version of Landlock that the system has, 0 for none."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))))


def restrict(*, read: Iterable[str], write: Iterable[str], network: bool, execute: bool) -> None:
    """Give up all files but these, signals to other processes, and TCP unless `network`; the last two if it can.

    Raises:
        OSError: The system has no Landlock, or refuses.
    """
    known = version()
    rights = SINCE_FIRST | (REFER if known >= 2 else 0) | (TRUNCATE if known >= 3 else 0)
    rights |= IOCTL_DEV if known >= 5 else 0
    attributes = struct.pack("=Q", rights)
    if known >= 4:
        attributes += struct.pack("=Q", 0 if network else TCP)
    if known >= 6:
        attributes += struct.pack("=Q", ABSTRACT_SOCKETS | SIGNALS)
    size = ctypes.c_size_t(len(attributes))
    rules = checked(libc.syscall(CREATE_RULESET, attributes, size, ctypes.c_uint32(0)), "landlock_create_ruleset")
    reading = READ_FILE | READ_DIR | (EXECUTE if execute else 0)
    writing = rights & ~(MAKE_CHAR | MAKE_BLOCK | MAKE_SOCK | MAKE_FIFO | IOCTL_DEV | (0 if execute else EXECUTE))
    for paths, allowed in ((read, reading), (write, writing)):
        for path in paths:
            _allow(rules, path, allowed)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    checked(libc.syscall(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0)), "landlock_restrict_self")
    os.close(rules)


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(file).st_mode):
        allowed &= OF_FILES
    rule = struct.pack("=Qi", allowed, file)
    call = libc.syscall(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint32(0))
    checked(call, f"landlock_add_rule({path})")
    os.close(file)
