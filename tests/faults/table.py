"""The table of verdicts, for the documentation."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import machine
from tests.faults.fault import FAULTS
from tests.faults.matrix import NOT_THERE, Verdict
from tests.faults.seats import SEATS

DOCS = Path(__file__).parents[2] / "docs" / "limits.md"


def as_markdown(verdicts: Sequence[Verdict]) -> str:
    """Give a row for each fault and a column for each seat."""
    by_cell = {(verdict.seat, verdict.fault.name): verdict for verdict in verdicts}
    lines = [f"| fault | {' | '.join(SEATS)} |", f"|---|{'---|' * len(SEATS)}"]
    for fault in FAULTS:
        cells = (_cell(by_cell.get((seat, fault.name)), seat, fault.name) for seat in SEATS)
        lines.append(f"| {fault.name} | {' | '.join(cells)} |")
    unmet = sum(bool(verdict.complaints) for verdict in verdicts)
    why = "; ".join(f"{seat}, {fault}: {reason}" for (seat, fault), reason in NOT_THERE.items())
    lines += ["", f"–: the fault cannot meet that seat ({why}).", ""]
    lines.append(f"{len(verdicts)} cells, {unmet} not as expected. {machine()}.")
    return "\n".join(lines)


def _cell(verdict: Verdict | None, seat: str, fault: str) -> str:
    if verdict is None:
        return "–" if (seat, fault) in NOT_THERE else "not run"
    sent = "refused" if verdict.sent is None else f"{verdict.sent} sent"
    return f"**unexpected**: {verdict.complaints[0]}" if verdict.complaints else f"{verdict.status}, {sent}"


def write_into(document: Path, section: str, text: str) -> None:
    """Put a text between a section's markers in a document."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, _, rest = document.read_text(encoding="utf-8").partition(begin)
    document.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
