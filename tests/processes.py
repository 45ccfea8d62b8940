"""Processes of their own, forked from one that has imported what they need: a second less for each."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["langgraph_tumix.cli", "langgraph_tumix.graph", "tests.resume.child"])


def bare() -> dict[str, str]:
    """Return the environment without any key of this machine."""
    return {key: value for key, value in os.environ.items() if not key.endswith("_KEY") and key != "TUMIX_MODEL"}


def tumix(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without any key of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PROCESSES.Process(target=_run, args=(arguments, bare() | environment, cwd or Path.cwd(), out, err))
        process.start()
        process.join(100)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"tumix {' '.join(arguments)} does not come to an end")
        code = process.exitcode if process.exitcode is not None else -1
        return subprocess.CompletedProcess(arguments, code, out.read_text("utf-8"), err.read_text("utf-8"))


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], cwd: Path, out: Path, err: Path) -> None:
    from langgraph_tumix.cli import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream.fileno())
    sys.argv = ["tumix", *arguments]
    main()
