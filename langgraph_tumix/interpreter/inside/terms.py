"""The terms on which kernels run: agreed by the host, carried out inside."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Level = Literal["sandbox", "confined", "process", "none"]
Wall = Literal["bubblewrap", "own", "no"]
Connection = Mapping[str, str | int]

CHANNELS = ("shell", "iopub", "stdin", "control")


@dataclass(frozen=True)
class Terms:
    """What kernels may do, and what they may use up; each limit is per kernel.

    Attributes:
        level: The isolation to put up; what of it fails, fails the kernel.
        wall: What puts the fork server itself behind a wall, with level ``sandbox``.
        readable: Paths that code may read, wherever it may not read everything.
        folders: Paths that the host lends to be read besides.
        preload: Modules to import before the first kernel; those that are not there are passed over.
        network: Whether code may use the network.
        memory_mb: Address space, in MiB.
        cpu_seconds: Processor time over a kernel's whole life.
        processes: How many processes code may start beside the kernel, where that can be limited.
        files: Open descriptors.
        disk_mb: What files that code writes may take, in MiB, where that can be limited.
    """

    level: Level = "process"
    wall: Wall = "no"
    readable: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    network: bool = False
    memory_mb: int = 2048
    cpu_seconds: int = 3600
    processes: int = 0
    files: int = 256
    disk_mb: int = 64

    def limits(self) -> dict[str, int]:
        """Give the limits that any system can put on a process, by their names in `resource`."""
        if self.level == "none":
            return {}
        return {
            "RLIMIT_AS": self.memory_mb << 20,
            "RLIMIT_CPU": self.cpu_seconds,
            "RLIMIT_FSIZE": self.disk_mb << 20,
            "RLIMIT_NOFILE": self.files,
            "RLIMIT_CORE": 0,
        }

    def packed(self) -> str:
        """Write the terms as text."""
        return json.dumps(asdict(self))

    @classmethod
    def unpacked(cls, text: str) -> "Terms":
        """Read what `packed` wrote."""
        fields: dict[str, Any] = {}
        for name, value in json.loads(text).items():
            fields[name] = tuple(value) if isinstance(value, list) else value
        return cls(**fields)


def environment(place: Path) -> dict[str, str]:
    """Give a kernel's whole environment: of the host's nothing but where its Python lives.

    Args:
        place: The kernel's own directory, as the kernel sees it.
    """
    jupyter = str(place / "jupyter")
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "HOME": str(place / "work"),
        "TMPDIR": str(place / "tmp"),
        "IPYTHONDIR": jupyter,
        "JUPYTER_CONFIG_DIR": jupyter,
        "JUPYTER_DATA_DIR": jupyter,
        "JUPYTER_RUNTIME_DIR": jupyter,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
