"""Users that nobody else is, for kernels to run as."""

import contextlib
import itertools
import os
import secrets
from pathlib import Path
from typing import Any

from langgraph_tumix.interpreter.inside.terms import Terms
from langgraph_tumix.interpreter.serverprocess import Refused

FREE = range(0x70000000, 0x7FFF0000)  # numbers that nobody hands out
FEW_FREE = range(40_000, 60_000)  # the same in a container that has not all of them


class Users:
    """One number after another that no user has, for several threads at a time."""

    def __init__(self) -> None:
        self._numbers = FREE
        with contextlib.suppress(OSError):
            first, _, length = Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:3]
            if int(first) + int(length) < FREE.stop:
                self._numbers = FEW_FREE
        self._steps = itertools.count(secrets.randbelow(len(self._numbers)))

    def room(self, directory: Path, terms: Terms) -> dict[str, Any]:
        """Choose a kernel's user, and make its directory that user's.

        Raises:
            Refused: There is no other user, as in a container that has root alone.
        """
        user = 0
        if terms.level in ("sandbox", "confined") and os.geteuid() == 0:
            user = self._numbers[next(self._steps) % len(self._numbers)]
        if user and terms.level == "confined":
            try:
                for path in (directory, *filter(Path.is_dir, directory.iterdir())):
                    os.chown(path, user, user)
            except OSError as error:
                raise Refused(f"root has no other user to run code as: {error.strerror}") from error
        return {"place": str(directory), "user": user}
