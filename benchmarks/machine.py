"""What a figure was measured on, and where it is written."""

import datetime
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

MARK = "<!-- measured -->"


def machine() -> str:
    """Name date, commit, machine and versions."""
    commit = _git("describe", "--always") or "unknown"
    if _git("status", "--porcelain", "--", ":/", ":!/docs"):  # a page that a benchmark has written changes no figure
        commit += "-dirty"
    memory = psutil.virtual_memory().total / 2**30
    packages = ("langgraph", "langchain-core", "langchain-openai")
    return (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {commit}; {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages)
    )


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def written(path: str, lines: Sequence[str]) -> None:
    """Replace what stands below the mark in a document."""
    page = Path(__file__).parent.parent / path
    above = page.read_text("utf-8").partition(MARK)[0] if page.exists() else ""
    page.write_text(f"{above}{MARK}\n\n" + "\n".join(lines).strip() + "\n", "utf-8")
