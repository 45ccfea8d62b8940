"""A seccomp filter that keeps code away from the parts of the system that computing does not need.

Written as a small program for the system's packet filter machine, in which a conditional jump says how many
instructions to skip if the comparison holds, and how many if not.
"""

import errno
import fcntl
import os
import platform
import socket
import struct
import termios

from langgraph_tumix.interpreter.inside import calls, linux

AF_INET, AF_INET6 = 2, 10
CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = 0x7E020000
SOCKET_TYPE = 0xF  # without the flags
MAP_HUGETLB = 0x40000  # of huge pages the machine has few
# What one asks of files, pipes and terminals. A socket of any kind could be asked for the machine's addresses, a file
# for where it lies on the disk, a terminal to have something typed on it.
ASKED = tuple(map(int, (termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIONBIO)))
ASKED += tuple(map(int, (termios.FIOCLEX, termios.FIONCLEX, termios.TIOCOUTQ, termios.TIOCGPGRP)))
# SO_PASSCRED, SO_PEERCRED, SO_PEERGROUPS, SO_PASSPIDFD, SO_PEERPIDFD: who is at the other end, which is the host.
PEER = 16, 17, 59, 76, 77
F_SETSIG, F_SETOWN_EX = 10, 15
NOTICES = (fcntl.F_SETOWN, F_SETOWN_EX, F_SETSIG, fcntl.F_NOTIFY, fcntl.F_SETLEASE)
FILTERS = 26, 50, 51, 52  # programs for the system's kernel: SO_ATTACH_FILTER and its kin
NEGATIVE = 1 << 31

LOAD, AND, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, (16, 24, 32, 40)  # where they are in what a filter is given; lower halves
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
NOTHING = REFUSE  # an error that is none: nothing is done, and nobody complains
REFUSED, UNKNOWN, UNSUPPORTED = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS, REFUSE | errno.EOPNOTSUPP

Instruction = tuple[int, int, int, int]


def assemble(*, network: bool, processes: bool, walled: bool, process: int, machine: str = "") -> bytes:
    """Write the filter.

    Args:
        network: Allow internet sockets.
        processes: Allow starting processes and programs.
        walled: A process namespace and a file system of its own keep others away already.
        process: The number of the process that the filter is for.
        machine: The architecture, as the system calls it; by default this one.

    Raises:
        OSError: The numbers of its system calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in calls.MACHINES:
        raise OSError(errno.ENOSYS, f"seccomp: nothing is known of {machine}")
    closed = (
        *((calls.DENIED, True), (calls.STARTS, not processes), (calls.CONNECTS, not network)),
        *((calls.LEAVES, not walled), (calls.CHANGES, not walled)),
    )
    program: list[Instruction] = [
        *((LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, calls.MACHINES[machine]), (RETURN, 0, 0, KILL)),
        *((LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, calls.NEWEST + 1), (RETURN, 0, 0, UNKNOWN)),
    ]
    for group in (group for group, is_closed in closed if is_closed):
        for number in calls.numbers(group, machine).values():
            program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSED)]
    if not walled:
        for number in calls.numbers(calls.ATTRIBUTES, machine).values():
            program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, UNSUPPORTED)]
    judged = calls.numbers(calls.JUDGED, machine)
    rules = _everywhere(network=network, processes=processes, process=process)
    rules |= {} if walled else _among_others(process, signals=processes)
    for name, rule in rules.items():
        program += [(EQUAL, 0, len(rule), judged[name]), *rule]
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", code, holds, fails, value) for code, holds, fails, value in program)


def _everywhere(*, network: bool, processes: bool, process: int) -> dict[str, list[Instruction]]:
    return {
        # The flags of clone3 are in memory, out of a filter's sight; the C library then takes clone.
        "clone3": [(RETURN, 0, 0, UNKNOWN)],
        "clone": _clone_rules(processes=processes),
        "socket": _only(0, *((AF_INET, AF_INET6) if network else ())),
        # Of a pair of streams neither can be turned to someone else, if they are of this machine's.
        "socketpair": [
            *(_load(0), (EQUAL, 1, 0, socket.AF_UNIX), (RETURN, 0, 0, REFUSED)),
            *(_load(1), (AND, 0, 0, SOCKET_TYPE), *_is(socket.SOCK_STREAM), (RETURN, 0, 0, REFUSED)),
        ],
        "mmap": [_load(3), (ANY_BIT, 0, 1, MAP_HUGETLB), (RETURN, 0, 0, REFUSED), (RETURN, 0, 0, ALLOW)],
        "ioctl": _only(1, *ASKED),
        "fcntl": _none_of(1, *NOTICES),
        "prctl": _none_of(0, linux.PR_SET_PDEATHSIG),
        "prlimit64": _only(0, 0, process),
        "sched_setaffinity": _only(0, 0, process),
        # libzmq gives up if it cannot ask for each thread's policy and set it to the same.
        "sched_setscheduler": [
            _load(1),
            (EQUAL, 0, 1, os.SCHED_OTHER),
            (RETURN, 0, 0, NOTHING),
            (RETURN, 0, 0, REFUSED),
        ],
        "sched_getscheduler": [(RETURN, 0, 0, NOTHING)],
        "sched_getparam": [(RETURN, 0, 0, NOTHING)],
        "setsockopt": _no_option(*PEER, *FILTERS),
        "getsockopt": _no_option(*PEER),
    }


def _among_others(process: int, *, signals: bool) -> dict[str, list[Instruction]]:
    """Leave other processes alone, whose numbers can be named as long as no namespace hides them.

    Args:
        process: The only one that is not another.
        signals: Whether it may have children to signal; then it is for Landlock to say which they are.
    """
    rules = {
        "getpgid": _only(0, 0, process),
        "getsid": _only(0, 0, process),
        # The C library asks for each thread, and does without if there is no such call.
        "sched_getaffinity": [_load(0), *_is(0, process), (RETURN, 0, 0, UNKNOWN)],
        # The disk is followed, not limited: nobody gets much of it at once. The C library then writes instead.
        "fallocate": [(RETURN, 0, 0, UNSUPPORTED)],
    }
    for call in calls.CLOCKS:  # negative ones are other processes' and threads'
        rules[call] = [_load(0), (ANY_BIT, 0, 1, NEGATIVE), (RETURN, 0, 0, REFUSED), (RETURN, 0, 0, ALLOW)]
    if not signals:  # to its own process, or with kill to its own group
        rules |= {call: _only(0, process, *((0,) if call == "kill" else ())) for call in calls.SIGNALLING}
    return rules


def _load(argument: int) -> Instruction:
    return LOAD, 0, 0, ARGUMENTS[argument]


def _is(*values: int) -> list[Instruction]:
    return [step for value in values for step in ((EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW))]


def _only(argument: int, *values: int) -> list[Instruction]:
    return [_load(argument), *_is(*values), (RETURN, 0, 0, REFUSED)]


def _none_of(argument: int, *values: int) -> list[Instruction]:
    refused = [step for value in values for step in ((EQUAL, 0, 1, value), (RETURN, 0, 0, REFUSED))]
    return [_load(argument), *refused, (RETURN, 0, 0, ALLOW)]


def _no_option(*values: int) -> list[Instruction]:
    return [_load(1), (EQUAL, 1, 0, socket.SOL_SOCKET), (RETURN, 0, 0, ALLOW), *_none_of(2, *values)]


def _clone_rules(*, processes: bool) -> list[Instruction]:
    rules: list[Instruction] = [_load(0), (ANY_BIT, 0, 1, CLONE_NAMESPACES), (RETURN, 0, 0, REFUSED)]
    if not processes:
        rules += [(ANY_BIT, 1, 0, CLONE_THREAD), (RETURN, 0, 0, REFUSED)]
    return [*rules, (RETURN, 0, 0, ALLOW)]
