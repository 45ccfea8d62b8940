"""All hostile programs; a file's name begins with the family of those in it."""

from tests.hostile.program import PROGRAMS
from tests.hostile.programs import (  # noqa: F401 - each adds its own
    files,
    files_public,
    files_tricks,
    network,
    network_sideways,
    network_ways,
    output,
    output_ahead,
    output_wire,
    privileges,
    privileges_doors,
    processes,
    processes_signals,
    processes_ways,
    resources,
    resources_hidden,
    resources_kernel,
    secrets,
    secrets_places,
    secrets_sideways,
    timing,
    timing_tricks,
    timing_watchers,
)

__all__ = ["PROGRAMS"]

ORDER = ("secrets", "network", "resources", "timing", "processes", "files", "privileges", "output")
PROGRAMS.sort(key=lambda program: ORDER.index(program.family))
