"""What must not be left behind by a question: tasks, connections, processes, sessions, waiting calls."""

import asyncio
import contextlib
import gc
import os
import time
from collections import Counter

import psutil

from langgraph_tumix import plan
from langgraph_tumix.models import limiter
from tests.faults.seats import INTERPRETER

PATIENCE = 3.0
"""Seconds that what ends by itself gets for it."""


async def left_since(before: Counter[str]) -> Counter[str]:
    """Return what there is more of than before, after some time to go."""
    until = time.monotonic() + PATIENCE
    while (left := census() - before) and time.monotonic() < until:
        await asyncio.sleep(0.05)
        gc.collect()
    return left


def census() -> Counter[str]:
    """Count what there is."""
    process = psutil.Process(os.getpid())
    limiters = list(limiter._LIMITERS.get(asyncio.get_running_loop(), {}).values())
    return Counter(
        {
            "tasks": len(asyncio.all_tasks()),
            "file descriptors": process.num_fds(),
            "sessions": INTERPRETER.open_sessions,
            "shared steps": len(plan._STEPS),
            "calls in flight": sum(each.in_flight for each in limiters),
            "calls that wait": sum(each.waiting for each in limiters),
            **_children(process),
        }
    )


def _children(process: psutil.Process) -> Counter[str]:
    """Count the processes below this one, by name: which one is left behind tells whose it is."""
    names = Counter[str]()
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            names[f"processes ({child.name()})"] += 1
    return names


def resident_mb() -> float:
    """Return the resident memory of this process in MiB."""
    return float(psutil.Process(os.getpid()).memory_info().rss) / 2**20
