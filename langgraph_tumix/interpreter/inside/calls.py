"""System calls by what they are good for, with their numbers on x86_64 and on aarch64 (a dash where there is none).

The groups that code does not need are listed, not those that it needs: what a library's next version will call is
not known. Each number up to `NEWEST` was looked at; calls that are younger than this list it cannot vouch for.
"""

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEWEST = 450

# What code never needs, whatever else protects it.
DENIED = """
    ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272, pidfd_open 434 434,
    pidfd_getfd 438 438, pidfd_send_signal 424 424, process_madvise 440 440, process_mrelease 448 448,
    get_robust_list 274 100,
    mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, fsopen 430 430, fsconfig 431 431, fsmount 432 432,
    fspick 433 433, move_mount 429 429, open_tree 428 428, mount_setattr 442 442, unshare 272 97, setns 308 268,
    keyctl 250 219, add_key 248 217, request_key 249 218, bpf 321 280, perf_event_open 298 241, userfaultfd 323 282,
    io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427, io_setup 206 0, io_submit 209 2,
    kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273, delete_module 176 106,
    reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60, quotactl_fd 443 443,
    open_by_handle_at 304 265, name_to_handle_at 303 264, personality 135 92, mknod 133 -, mknodat 259 33,
    memfd_create 319 279, memfd_secret 447 447, setuid 105 146, setgid 106 144, setreuid 113 145, setregid 114 143,
    setresuid 117 147, setresgid 119 149, setfsuid 122 151, setfsgid 123 152, setgroups 116 159, capset 126 91,
    syslog 103 116, settimeofday 164 170, clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266,
    sethostname 170 161, setdomainname 171 162, iopl 172 -, ioperm 173 -, vhangup 153 58, _sysctl 156 -,
    lookup_dcookie 212 18, nfsservctl 180 42, ustat 136 -, sysfs 139 -, uselib 134 -, modify_ldt 154 -,
    fanotify_init 300 262, fanotify_mark 301 263, inotify_init 253 -, inotify_init1 294 26, inotify_add_watch 254 27,
    mbind 237 235, set_mempolicy 238 237, get_mempolicy 239 236, migrate_pages 256 238, move_pages 279 239,
    set_mempolicy_home_node 450 450, remap_file_pages 216 234, mincore 27 232, splice 275 76, tee 276 77,
    vmsplice 278 75, sync 162 81, syncfs 306 267,
    shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197, msgget 68 186, msgsnd 69 189, msgrcv 70 188,
    msgctl 71 187, semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192, mq_open 240 180, mq_unlink 241 181,
    chown 92 -, lchown 94 -, fchown 93 55, fchownat 260 54, setpriority 141 140, getpriority 140 141,
    ioprio_set 251 30, ioprio_get 252 31, sched_setattr 314 274, sched_getattr 315 275, sched_setparam 142 118,
    sched_rr_get_interval 148 127, tkill 200 130
"""

# Starting processes and programs.
STARTS = "fork 57 -, vfork 58 -, execve 59 221, execveat 322 281"

# Reaching others by a socket that one has already.
CONNECTS = "connect 42 203, bind 49 200, listen 50 201"

# Leaving the process group by which a kernel is ended, where no namespace holds its processes together.
LEAVES = "setsid 112 157, setpgid 109 154"

# Changing files without opening them, by right of ownership or of their modes alone: Landlock has no say.
CHANGES = """
    chmod 90 -, fchmod 91 52, fchmodat 268 53, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88,
    setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16,
    truncate 76 45
"""

# Reading what hangs on files, where Landlock has no say either.
ATTRIBUTES = """
    getxattr 191 8, lgetxattr 192 9, fgetxattr 193 10, listxattr 194 11, llistxattr 195 12, flistxattr 196 13
"""

# Judged by an argument.
JUDGED = """
    mmap 9 222, clone 56 220, clone3 435 435, socket 41 198, socketpair 53 199, ioctl 16 29, fcntl 72 25, prctl 157 167,
    setsockopt 54 208, prlimit64 302 261, sched_setscheduler 144 119, sched_getscheduler 145 120,
    sched_getparam 143 121, sched_setaffinity 203 122, sched_getaffinity 204 123,
    getsockopt 55 209, getpgid 121 155, getsid 124 156, fallocate 285 47,
    clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, timer_create 222 107,
    kill 62 129, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240
"""
CLOCKS = ("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create")
SIGNALLING = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")


def numbers(table: str, machine: str) -> dict[str, int]:
    """Give a group's numbers on a machine."""
    column = 1 + list(MACHINES).index(machine)
    rows = [row.split() for row in table.split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
