"""The parts of the walls that can be looked at one by one: the filter's numbers, and what is counted of the disk."""

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from langgraph_tumix.interpreter.inside import calls
from langgraph_tumix.interpreter.inside.disk import MEGABYTE, Disk, Disks
from langgraph_tumix.interpreter.inside.seccomp import ALLOW, KILL, REFUSED, UNKNOWN, UNSUPPORTED, assemble

pytestmark = pytest.mark.skipif(os.uname().sysname != "Linux", reason="only Linux has them")
OWN = 4321
OPEN = {"network": True, "processes": True, "walled": True}
SHUT = dict.fromkeys(OPEN, False)
MACHINE = calls.MACHINES["x86_64"]


def verdict(program: bytes, number: int, *arguments: int, machine: int = MACHINE) -> int:
    """Run a filter as the system would."""
    data = struct.pack("=IIQ6Q", number, machine, 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    steps = list(struct.iter_unpack("=HBBI", program))
    held, at = 0, 0
    while True:
        code, holds, fails, value = steps[at]
        at += 1
        match code:
            case 0x20:
                held = int.from_bytes(data[value : value + 4], sys.byteorder)
            case 0x54:
                held &= value
            case 0x15:
                at += holds if held == value else fails
            case 0x35:
                at += holds if held >= value else fails
            case 0x45:
                at += holds if held & value else fails
            case 0x06:
                return int(value)


def number(name: str) -> int:
    tables = (calls.DENIED, calls.STARTS, calls.CONNECTS, calls.LEAVES, calls.CHANGES, calls.ATTRIBUTES, calls.JUDGED)
    return {name: at for table in tables for name, at in calls.numbers(table, "x86_64").items()}[name]


@pytest.mark.parametrize("machine", calls.MACHINES)
@pytest.mark.parametrize("rules", [OPEN, SHUT])
def test_the_system_takes_the_filter(machine: str, rules: dict[str, bool]) -> None:
    program = assemble(**rules, process=OWN, machine=machine)
    assert len(program) / 8 <= 4096
    assert verdict(program, 1, machine=calls.MACHINES[machine]) in (ALLOW, REFUSED)


@pytest.mark.parametrize("machine", calls.MACHINES)
def test_no_number_stands_for_two_calls(machine: str) -> None:
    tables = (calls.DENIED, calls.STARTS, calls.CONNECTS, calls.LEAVES, calls.CHANGES, calls.ATTRIBUTES, calls.JUDGED)
    listed = [at for table in tables for at in calls.numbers(table, machine).values()]
    assert len(set(listed)) == len(listed)
    assert max(listed) <= calls.NEWEST


def test_a_call_is_judged() -> None:
    cases: list[tuple[str, tuple[int, ...], int, int]] = [
        ("ptrace", (), REFUSED, REFUSED),
        ("clone", (0x10000000,), REFUSED, REFUSED),
        ("clone3", (), UNKNOWN, UNKNOWN),
        ("clone", (0x00010000,), ALLOW, ALLOW),
        ("execve", (), REFUSED, ALLOW),
        ("kill", (OWN,), ALLOW, ALLOW),
        ("kill", (1,), REFUSED, ALLOW),
        ("kill", (0xFFFFFFFF,), REFUSED, ALLOW),
        ("getsid", (1,), REFUSED, ALLOW),
        ("clock_gettime", (1,), ALLOW, ALLOW),
        ("clock_gettime", (0xFFFFF000,), REFUSED, ALLOW),
        ("timer_create", (0xFFFFF000,), REFUSED, ALLOW),
        ("chmod", (), REFUSED, ALLOW),
        ("connect", (), REFUSED, ALLOW),
        ("socket", (1,), REFUSED, REFUSED),
        ("socket", (2,), REFUSED, ALLOW),
        ("socketpair", (1, 1 | os.O_CLOEXEC), ALLOW, ALLOW),
        ("socketpair", (1, 2), REFUSED, REFUSED),
        ("socketpair", (30, 1), REFUSED, REFUSED),
        ("mmap", (0, 0, 3, 0x22), ALLOW, ALLOW),
        ("mmap", (0, 0, 3, 0x40022), REFUSED, REFUSED),
        ("fcntl", (0, 8), REFUSED, REFUSED),
        ("fcntl", (0, 3), ALLOW, ALLOW),
        ("ioctl", (0, 0x5412), REFUSED, REFUSED),
        ("ioctl", (0, 0x8912), REFUSED, REFUSED),
        ("ioctl", (0, 0x5401), ALLOW, ALLOW),
        ("getsockopt", (0, 1, 77), REFUSED, REFUSED),
        ("setsockopt", (0, 1, 76), REFUSED, REFUSED),
        ("setsockopt", (0, 1, 26), REFUSED, REFUSED),
        ("setsockopt", (0, 41, 26), ALLOW, ALLOW),
        ("getxattr", (), UNSUPPORTED, ALLOW),
        ("prctl", (1,), REFUSED, REFUSED),
        ("prlimit64", (1,), REFUSED, REFUSED),
        ("prlimit64", (OWN,), ALLOW, ALLOW),
    ]
    for name, arguments, among_others, walled in cases:
        assert verdict(assemble(**SHUT, process=OWN, machine="x86_64"), number(name), *arguments) == among_others
        assert verdict(assemble(**OPEN, process=OWN, machine="x86_64"), number(name), *arguments) == walled


def test_other_ways_into_the_system_are_closed() -> None:
    program = assemble(**OPEN, process=OWN, machine="x86_64")
    assert verdict(program, 0x40000000 | 41, 2) == UNKNOWN  # the x32 numbers
    assert verdict(program, 359, 2, machine=0x40000003) == KILL  # 32-bit programs' calls
    assert verdict(program, calls.NEWEST + 1) == UNKNOWN


Kept = IO[bytes] | mmap.mmap | None  # what a file without a name is kept by


def nothing(_: Path) -> None:
    pass


def large(place: Path) -> None:
    (place / "large").write_bytes(bytes(2 * MEGABYTE))


def many(place: Path) -> None:
    for name in range(11):
        (place / str(name)).symlink_to("nowhere")


def deep(place: Path) -> None:
    before = os.getcwd()
    try:
        os.chdir(place)
        for _ in range(600):
            os.mkdir("d" * 9)
            os.chdir("d" * 9)
    finally:
        os.chdir(before)


def still_open(place: Path) -> IO[bytes]:
    file = (place / "gone").open("wb", buffering=0)
    file.write(bytes(2 * MEGABYTE))
    (place / "gone").unlink()
    return file


def still_mapped(place: Path) -> mmap.mmap:
    with (place / "gone").open("w+b", buffering=0) as file:
        file.write(bytes(2 * MEGABYTE))
        (place / "gone").unlink()
        return mmap.mmap(file.fileno(), 0)


@pytest.mark.parametrize(
    ("write", "too_much"),
    [(nothing, False), (large, True), (many, True), (deep, True), (still_open, True), (still_mapped, True)],
)
def test_the_disk_is_followed(tmp_path: Path, write: Callable[[Path], Kept], too_much: bool) -> None:
    kept = write(tmp_path)
    files = 10_000 if write is deep else 10
    assert Disk(tmp_path, os.getpid(), most_mb=1, most_files=files, alone=False).exceeded() is too_much
    if kept:
        kept.close()


def test_one_disk_is_looked_at_at_a_time(tmp_path: Path) -> None:
    disks = Disks()
    assert disks.patience() is None
    for kernel in (1, 2, 3):
        (tmp_path / str(kernel)).mkdir()
        disks.all[kernel] = Disk(tmp_path / str(kernel), os.getpid(), most_mb=1, most_files=10, alone=False)
    large(tmp_path / "2")
    assert disks.exceeded() is None  # a round begins
    assert [disks.exceeded() for _ in range(3)] == [None, 2, None]
    assert disks.patience() == 50
    assert disks.exceeded() is None
    assert disks.patience() == 50  # it is not time yet


def test_too_many_mappings_are_taken_for_hidden_files(tmp_path: Path) -> None:
    with mmap.mmap(-1, 20_000 * mmap.PAGESIZE) as area:
        start = ctypes.c_char.from_buffer(area)
        for page in range(0, 20_000, 2):
            address = ctypes.c_void_p(ctypes.addressof(start) + page * mmap.PAGESIZE)
            assert ctypes.CDLL(None).mprotect(address, ctypes.c_size_t(mmap.PAGESIZE), mmap.PROT_READ) == 0
        assert Disk(tmp_path, os.getpid(), most_mb=1, most_files=10, alone=False).exceeded()
        del start
    assert not Disk(tmp_path, os.getpid(), most_mb=1, most_files=10, alone=False).exceeded()
