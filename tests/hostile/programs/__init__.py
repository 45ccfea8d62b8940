"""All hostile programs, a file for each family."""

from tests.hostile.program import PROGRAMS
from tests.hostile.programs import (  # noqa: F401 - each adds its own
    files,
    network,
    output,
    privileges,
    processes,
    resources,
    secrets,
    timing,
)

__all__ = ["PROGRAMS"]

ORDER = ("secrets", "network", "resources", "timing", "processes", "files", "privileges", "output")
PROGRAMS.sort(key=lambda program: ORDER.index(program.family))
