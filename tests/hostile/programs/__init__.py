"""All hostile programs; a file's name begins with the family of those in it."""

from tests.hostile.program import PROGRAMS
from tests.hostile.programs import (  # noqa: F401 - each adds its own
    files,
    files_tricks,
    network,
    network_ways,
    output,
    output_wire,
    privileges,
    privileges_doors,
    processes,
    processes_ways,
    resources,
    resources_hidden,
    secrets,
    secrets_places,
    timing,
    timing_tricks,
)

__all__ = ["PROGRAMS"]

ORDER = ("secrets", "network", "resources", "timing", "processes", "files", "privileges", "output")
PROGRAMS.sort(key=lambda program: ORDER.index(program.family))
