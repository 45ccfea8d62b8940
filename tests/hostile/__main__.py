"""Run hostile programs and show what became of them: ``python -m tests.hostile --help``."""

import argparse
import asyncio
import sys

from tests.hostile.program import LEVELS, Program
from tests.hostile.programs import PROGRAMS
from tests.hostile.runner import LIMIT, Verdict, runners
from tests.hostile.table import DOCS, as_lines, as_markdown, write_into


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.hostile", description="Run hostile programs, harmlessly.")
    parser.add_argument("--level", choices=LEVELS, action="append", help="only at this level; it must be available")
    parser.add_argument("--only", metavar="NAME", action="append", help="only the program, or family, of this name")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that a cell may take (%(default)g)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--write", action="store_true", help=f"write the table into {DOCS.name}")
    chosen = parser.parse_args()
    names = {name for program in PROGRAMS for name in (program.name, program.family)}
    if unknown := set(chosen.only or ()) - names:
        parser.error(f"there is no program or family {', '.join(sorted(unknown))}")
    if chosen.write and (chosen.only or chosen.level):
        parser.error("--write needs all programs at all levels that are available")
    return chosen


async def main() -> int:
    """Run what was asked for; 1 if an expectation was not met, 2 if a level is not to be had."""
    chosen = arguments()
    had, missing = await runners(chosen.level or LEVELS, limit=chosen.limit)
    for level, why in missing.items():
        print(f"cannot be run at {level}: {why}", file=sys.stderr)
    if not had or (chosen.level and missing):
        return 2
    verdicts: list[Verdict] = []
    for runner in had.values():
        verdicts += await runner.run(selected(chosen.only))
    left = [f"left behind at {level}: {name}" for level, runner in had.items() for name in runner.left]
    if chosen.write:
        write_into(DOCS, as_markdown(verdicts))
    print(*([as_markdown(verdicts)] if chosen.markdown else as_lines(verdicts)), *left, sep="\n")
    return 0 if all(verdict.met for verdict in verdicts) and not left else 1


def selected(names: list[str] | None) -> list[Program]:
    """Return the programs of that name or family, or all."""
    return [program for program in PROGRAMS if not names or {program.name, program.family} & set(names)]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
