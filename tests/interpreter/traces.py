"""What kernels leave on a machine, counted."""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Traces:
    """What is there at one moment; two moments are compared.

    Attributes:
        directories: Kernels' private directories.
        processes: Processes that were started with one of them in the environment: kernels and their children.
        descriptors: Open file descriptors of this process.
        threads: Names of this process's threads but those that `asyncio.to_thread` keeps for later.
        tasks: Tasks of the running event loop.
    """

    directories: frozenset[str]
    processes: frozenset[int]
    descriptors: int
    threads: frozenset[str]
    tasks: int

    @classmethod
    def under(cls, base: Path) -> "Traces":
        """Look around; kernels' directories are made under `base`."""
        for thread in threading.enumerate():
            if thread.name == "kernel":  # it may have told its last and be about to end
                thread.join(0.05)
        return cls(
            frozenset(path.name for path in base.iterdir()),
            frozenset(processes(base)),
            len(os.listdir("/proc/self/fd")),
            frozenset(thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")),
            len(asyncio.all_tasks()),
        )


def processes(base: Path) -> list[int]:
    """Find living processes with `base` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            alive = (process / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
            if alive and f"{base}/".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


async def soon(condition: Callable[[], bool], *, within: float = 3.0) -> bool:
    """Wait for something to become true."""
    for _ in range(int(within / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return condition()


def resident() -> int:
    """Memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20
