"""A seccomp filter that keeps code away from the parts of the system that computing does not need.

Written as a small program for the system's packet filter machine, in which a conditional jump says how many
instructions to skip if the comparison holds, and how many if not.
"""

import errno
import platform
import struct

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEWEST = 450  # system calls numbered above are younger than this list, which then cannot vouch for them

# Names and numbers: on x86_64, on aarch64; a dash where the machine has no such call.
DENIED = """
    ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272, pidfd_open 434 434,
    pidfd_getfd 438 438, pidfd_send_signal 424 424, process_madvise 440 440, process_mrelease 448 448,
    mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, fsopen 430 430, fsconfig 431 431, fsmount 432 432,
    fspick 433 433, move_mount 429 429, open_tree 428 428, mount_setattr 442 442, unshare 272 97, setns 308 268,
    keyctl 250 219, add_key 248 217, request_key 249 218, bpf 321 280, perf_event_open 298 241, userfaultfd 323 282,
    io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427, kexec_load 246 104,
    kexec_file_load 320 294, init_module 175 105, finit_module 313 273, delete_module 176 106, reboot 169 142,
    swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60, quotactl_fd 443 443, open_by_handle_at 304 265,
    name_to_handle_at 303 264, personality 135 92, mknod 133 -, mknodat 259 33, memfd_create 319 279,
    memfd_secret 447 447, setuid 105 146, setgid 106 144, setreuid 113 145, setregid 114 143, setresuid 117 147,
    setresgid 119 149, setfsuid 122 151, setfsgid 123 152, setgroups 116 159, capset 126 91, syslog 103 116,
    settimeofday 164 170, clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266, sethostname 170 161,
    setdomainname 171 162, iopl 172 -, ioperm 173 -, vhangup 153 58, fanotify_init 300 262, lookup_dcookie 212 18,
    nfsservctl 180 42, ustat 136 -, sysfs 139 -, uselib 134 -, modify_ldt 154 -, mbind 237 235, set_mempolicy 238 237,
    migrate_pages 256 238, move_pages 279 239, shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186,
    semget 64 190, mq_open 240 180, chown 92 -, lchown 94 -, fchown 93 55, fchownat 260 54, setpriority 141 140,
    ioprio_set 251 30, sched_setattr 314 274, sched_setparam 142 118, tkill 200 130
"""
STARTS = "fork 57 -, vfork 58 -, execve 59 221, execveat 322 281"  # processes and programs
SPECIAL = """
    clone 56 220, clone3 435 435, socket 41 198, ioctl 16 29, prlimit64 302 261, sched_setaffinity 203 122,
    kill 62 129, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240
"""
SIGNALLING = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
AF_INET, AF_INET6 = 2, 10
CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = 0x7E020000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # typing on the host's terminal

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, (16, 24, 32)  # where they are in what a filter is given; lower halves
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
REFUSED, UNKNOWN = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS

Instruction = tuple[int, int, int, int]


def assemble(*, network: bool, processes: bool, only_signal: int | None = None, machine: str = "") -> bytes:
    """Write the filter.

    Args:
        network: Allow internet sockets.
        processes: Allow starting processes and programs.
        only_signal: The process that signals may go to; None if something else sees to it.
        machine: The architecture, as the system calls it; by default this one.

    Raises:
        OSError: The numbers of its system calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"seccomp: nothing is known of {machine}")
    numbers = _numbers(SPECIAL, machine)
    denied = {**_numbers(DENIED, machine), **({} if processes else _numbers(STARTS, machine))}
    program: list[Instruction] = [
        *((LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, MACHINES[machine]), (RETURN, 0, 0, KILL)),
        *((LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, NEWEST + 1), (RETURN, 0, 0, UNKNOWN)),
    ]
    for number in denied.values():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSED)]
    # The flags of clone3 are in memory, out of a filter's sight; the C library then takes clone.
    program += [(EQUAL, 0, 1, numbers["clone3"]), (RETURN, 0, 0, UNKNOWN)]
    program += _with_argument(numbers["clone"], 0, _clone_rules(processes=processes))
    program += _with_argument(numbers["socket"], 0, _only(AF_INET, AF_INET6) if network else _only())
    program += _with_argument(numbers["ioctl"], 1, _none_of(TIOCSTI, TIOCLINUX))
    for call in ("prlimit64", "sched_setaffinity"):  # of itself, not of others
        program += _with_argument(numbers[call], 0, _only(0))
    if only_signal is not None:
        for call in SIGNALLING:  # to its own process, or with kill to its own group
            program += _with_argument(numbers[call], 0, _only(only_signal, *((0,) if call == "kill" else ())))
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", code, holds, fails, value) for code, holds, fails, value in program)


def _numbers(table: str, machine: str) -> dict[str, int]:
    column = 1 + list(MACHINES).index(machine)
    rows = [row.split() for row in table.split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _with_argument(number: int, argument: int, rules: list[Instruction]) -> list[Instruction]:
    """Judge one call by an argument; the rules must end with a verdict."""
    return [(EQUAL, 0, 1 + len(rules), number), (LOAD, 0, 0, ARGUMENTS[argument]), *rules]


def _only(*values: int) -> list[Instruction]:
    rules: list[Instruction] = []
    for value in values:
        rules += [(EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW)]
    return [*rules, (RETURN, 0, 0, REFUSED)]


def _none_of(*values: int) -> list[Instruction]:
    rules: list[Instruction] = []
    for value in values:
        rules += [(EQUAL, 0, 1, value), (RETURN, 0, 0, REFUSED)]
    return [*rules, (RETURN, 0, 0, ALLOW)]


def _clone_rules(*, processes: bool) -> list[Instruction]:
    rules: list[Instruction] = [(ANY_BIT, 0, 1, CLONE_NAMESPACES), (RETURN, 0, 0, REFUSED)]
    if not processes:
        rules += [(ANY_BIT, 1, 0, CLONE_THREAD), (RETURN, 0, 0, REFUSED)]
    return [*rules, (RETURN, 0, 0, ALLOW)]
