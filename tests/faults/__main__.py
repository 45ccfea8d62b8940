"""Run the matrix and show it: ``python -m tests.faults --help``."""

import argparse
import asyncio
import sys

from tests.faults.census import census, left_since, resident_mb
from tests.faults.fault import FAULTS
from tests.faults.matrix import Verdict, cells, meet
from tests.faults.seats import SEATS
from tests.faults.table import DOCS, as_markdown, write_into


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.faults", description="Let every seat meet every fault.")
    parser.add_argument("--seat", choices=SEATS, action="append", help="only these seats")
    parser.add_argument("--fault", choices=[fault.name for fault in FAULTS], action="append", help="only these faults")
    parser.add_argument("--write", action="store_true", help=f"write the table into {DOCS.name}")
    chosen = parser.parse_args()
    if chosen.write and (chosen.seat or chosen.fault):
        parser.error("--write needs the whole matrix")
    return chosen


async def main() -> int:
    """Run what was asked for; 1 if a cell was not as expected, or something was left behind by all of them."""
    chosen = arguments()
    verdicts: list[Verdict] = []
    before, memory = census(), [resident_mb()]
    for seat, fault in cells():
        if seat in (chosen.seat or SEATS) and fault.name in (chosen.fault or [fault.name]):
            verdicts.append(await meet(seat, fault))
            memory.append(resident_mb())
            print(line(verdicts[-1]), flush=True)
    left = await left_since(before)
    grown, late = memory[-1] - memory[0], memory[-1] - memory[len(memory) // 2]
    told = f"memory grew by {grown:.0f} MiB over {len(verdicts)} cells, by {late:.1f} in the second half"
    print(told, "left behind: " + (", ".join(f"{count} {kind}" for kind, count in left.items()) or "nothing"), sep="\n")
    if chosen.write:
        write_into(DOCS, "faults", as_markdown(verdicts))
    return 1 if left or any(verdict.complaints for verdict in verdicts) else 0


def line(verdict: Verdict) -> str:
    """Say in a line what was seen in a cell, and in further ones what was not as expected."""
    sent = "-" if verdict.sent is None else verdict.sent
    mark = "!" if verdict.complaints else " "
    head = f"{mark} {verdict.fault.name:24} {verdict.seat:10} {verdict.status:9} {sent:>2} sent"
    return "\n    ! ".join([f"{head} {verdict.seconds:5.2f} s  {verdict.said[:100]}", *verdict.complaints])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
