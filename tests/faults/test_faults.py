"""A quick part of the matrix: each fault once, each seat more than twice; the whole is ``python -m tests.faults``."""

import asyncio

import pytest

from tests.faults.fault import FAULTS, Fault
from tests.faults.matrix import NOT_THERE, cells, meet
from tests.faults.seats import SEATS, Meeting
from tests.faults.table import as_markdown

pytestmark = pytest.mark.server


def quick() -> list[tuple[str, Fault]]:
    """Give one cell of each fault, the seats by turns."""
    seats, chosen = list(SEATS), list[tuple[str, Fault]]()
    for number, fault in enumerate(FAULTS):
        turns = seats[number % len(seats) :] + seats[: number % len(seats)]
        chosen.append((next(seat for seat in turns if (seat, fault.name) not in NOT_THERE), fault))
    return chosen


@pytest.mark.parametrize(("seat", "fault"), quick(), ids=lambda part: part.name if isinstance(part, Fault) else part)
async def test_a_fault_is_borne(seat: str, fault: Fault) -> None:
    verdict = await meet(seat, fault)
    assert verdict.complaints == (), verdict.said


def test_the_matrix_is_whole() -> None:
    assert len(list(cells())) == len(FAULTS) * len(SEATS) - len(NOT_THERE)
    assert {seat for seat, _ in quick()} == set(SEATS)


async def test_what_was_not_as_expected_is_said() -> None:
    verdict = await meet("agent", Fault("401", "server", 2, "these words", status=401))
    said = "; ".join(verdict.complaints)
    assert "[('Odd', 'auth')] instead of [('Odd', 'server')]" in said
    assert "requests: 1 instead of 2" in said
    assert "words: False instead of True" in said
    assert "**unexpected**: lost" in as_markdown([verdict])


async def test_what_was_left_behind_is_said() -> None:
    kernel, left = SEATS["kernel"], list[asyncio.Task[None]]()

    async def leave(fault: Fault) -> Meeting:
        left.append(asyncio.create_task(asyncio.sleep(30)))
        return await kernel(fault)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SEATS, "kernel", leave)
        verdict = await meet("kernel", FAULTS[5])
    left[0].cancel()
    assert verdict.complaints == ("left behind: 1 tasks",)
