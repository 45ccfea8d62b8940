"""The trial of a fork server: what code must not be able to do is tried where kernels would run."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from langgraph_tumix.interpreter.inside.terms import Terms, environment
from langgraph_tumix.interpreter.inside.wall import PLACE
from langgraph_tumix.interpreter.launch import private_directory
from langgraph_tumix.interpreter.levels import expected
from langgraph_tumix.interpreter.serverprocess import START_SECONDS, Refused, ServerProcess

TRIAL = 0  # the id of what is forked for it


def proven(server: ServerProcess, terms: Terms, room: Callable[[Path], Mapping[str, Any]]) -> list[str]:
    """Try everything, and say what was held off.

    Args:
        server: Where to fork from; it is ready, and has no kernels yet.
        terms: What it gives kernels.
        room: Gives a kernel's user and directory.

    Raises:
        Refused: Something was not held off that should have been.
    """
    with _marks(terms) as marks:
        server.send({"id": TRIAL, "connection": {}, "trial": marks, **room(Path(marks["place"]))})
        said = server.receive(START_SECONDS)
        ended = said if "ended" in said else server.receive(START_SECONDS)
    if "proved" not in said:
        raise Refused(ended.get("failure") or f"the self-test ended with code {ended.get('code')}")
    held = {name for name, is_held in said["proved"].items() if is_held}
    if missing := expected(terms, marks["file"]) - held:
        raise Refused(f"the self-test found open: {', '.join(sorted(missing))}")
    return sorted(held)


@contextlib.contextmanager
def _marks(terms: Terms) -> Iterator[dict[str, Any]]:
    """Set up what the self-test aims at."""
    with private_directory() as directory:
        (directory / "open").mkdir()
        (directory / "open").chmod(0o777)
        directory.chmod(0o711)
        mark = directory / "mark"
        mark.write_bytes(b"read")
        mark.chmod(0o644)
        place = directory / "p"
        place.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"\0{directory}")
            unix.listen()
            yield {
                "file": str(mark),
                "folder": str(directory / "open"),
                "place": str(place),
                "host": os.getpid(),
                "port": tcp.getsockname()[1],
                "abstract": str(directory),
                "variables": sorted(environment(PLACE)),
                "memory_mb": terms.memory_mb,
                "disk_mb": terms.disk_mb,
            }
