"""The table of verdicts, for a terminal and for the documentation."""

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.hostile.program import LEVELS, Level
from tests.hostile.programs import PROGRAMS
from tests.hostile.runner import Verdict

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- table of hostile programs: begin -->", "<!-- table of hostile programs: end -->"


def as_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Give a line for each verdict, and one that counts them."""
    width = max(len(verdict.program.name) for verdict in verdicts)
    for verdict in verdicts:
        program = verdict.program
        mark = " " if verdict.met else "!"
        head = f"{mark} {verdict.level:8} {program.family:10} {program.name:{width}} {verdict.outcome:7}"
        instead = "" if verdict.met else f" (expected: {program.expected[verdict.level]})"
        yield f"{head} {verdict.seconds:5.2f} s {verdict.growth_mb:4.0f} MiB  {verdict.detail[:140]}{instead}"
    for level in dict.fromkeys(verdict.level for verdict in verdicts):
        yield f"{level}: {summary([verdict for verdict in verdicts if verdict.level == level])}"


def summary(verdicts: Sequence[Verdict]) -> str:
    """Count verdicts of one level."""
    outcomes = [verdict.outcome for verdict in verdicts]
    unmet = sum(not verdict.met for verdict in verdicts)
    return f"{len(verdicts)} programs, {outcomes.count('escaped')} escaped, {unmet} not as expected"


def as_markdown(verdicts: Sequence[Verdict]) -> str:
    """Give the table for the documentation: a row for each program, a column for each level."""
    outcomes = {(verdict.program.name, verdict.level): verdict for verdict in verdicts}
    names = {verdict.program.name for verdict in verdicts}
    levels = {level: [verdict for verdict in verdicts if verdict.level == level] for level in LEVELS}
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    lines = [
        f"Measured on {platform.system()} {platform.release()}, {platform.machine()}, with a host that runs as {user}."
    ]
    lines += [f"- `{level}`: {summary(seen) if seen else 'not measured'}" for level, seen in levels.items()]
    family = ""
    for program in PROGRAMS:
        if program.name not in names:
            continue
        if program.family != family:
            family = program.family
            lines += [
                "",
                f"**{family.capitalize()}**",
                "",
                f"| program | aim | {' | '.join(LEVELS)} |",
                "|---|---|---|---|---|",
            ]
        cells = [word(outcomes.get((program.name, level)), level) for level in LEVELS]
        lines.append(f"| `{program.name}` | {program.aim} | {' | '.join(cells)} |")
    return "\n".join(lines)


def word(verdict: Verdict | None, level: Level) -> str:
    """Say what became of a program at a level, and whether that level promises it."""
    if verdict is None:
        return "–"
    text = "blocked" if verdict.outcome == "blocked" else f"**{verdict.outcome}**"
    if not verdict.met:
        return f"{text} (unexpected)"
    return f"{text}, varies" if verdict.program.expected[level] == "varies" else text


def write_into(document: Path, text: str) -> None:
    """Put the table between its markers in a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
