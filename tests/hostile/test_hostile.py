"""Hostile programs in everyday tests: many of them at the strongest level, and at `process` a few of each family."""

import asyncio
import hashlib
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile.canaries import KEY, new_secret, planted
from tests.hostile.inside import Targets
from tests.hostile.program import LEVELS, Level, Program
from tests.hostile.programs import PROGRAMS
from tests.hostile.runner import Runner, Verdict, runners
from tests.hostile.table import BEGIN, DOCS, END, as_markdown, write_into

FAMILIES = list(dict.fromkeys(program.family for program in PROGRAMS))
SAMPLE = 4
EVERY_DAY = 10  # programs of each family, spread over all; `python -m tests.hostile` runs every one
LIMIT = 1.0


def programs_of(family: str, level: Level) -> list[Program]:
    """Choose the programs of a family whose outcome at a level is sure and that other tests do not suffer from."""
    return [
        program
        for program in PROGRAMS
        if program.family == family and program.expected[level] != "varies" and not program.alone
    ]


def named(name: str) -> Program:
    return next(program for program in PROGRAMS if program.name == name)


@pytest.fixture(scope="module")
async def had() -> dict[Level, Runner]:
    """A runner for each level that can be had here, strongest first."""
    had, missing = await runners(limit=LIMIT)
    assert "process" in had, missing
    return had


@pytest.mark.kernel
@pytest.mark.parametrize("family", FAMILIES)
async def test_the_strongest_level_keeps_its_promises(had: dict[Level, Runner], family: str) -> None:
    level, runner = next(iter(had.items()))
    programs = programs_of(family, level)
    spread = programs[:: math.ceil(len(programs) / EVERY_DAY)]
    await as_expected(runner, spread if level != "process" else programs[:SAMPLE])


@pytest.mark.kernel
@pytest.mark.parametrize("family", FAMILIES)
async def test_an_ordinary_process_keeps_its_few(had: dict[Level, Runner], family: str) -> None:
    if len(had) > 1:  # or it is the strongest, and was tried
        await as_expected(had["process"], programs_of(family, "process")[:SAMPLE])


async def as_expected(runner: Runner, programs: list[Program]) -> None:
    verdicts = await runner.run(programs)
    surprises = [
        f"{verdict.program.name}: {verdict.outcome}, {verdict.detail}" for verdict in verdicts if not verdict.met
    ]
    assert (surprises, runner.left) == ([], [])


@pytest.mark.kernel
async def test_a_program_that_is_wrong_is_not_taken_for_blocked(had: dict[Level, Runner]) -> None:
    wrong = replace(named("home_key"), body="judge(lambda at: at.no_such_target, at)")
    silent = replace(named("home_key"), body="pass")
    for verdict in await had["process"].run([wrong, silent]):
        assert (verdict.outcome, verdict.met) == ("broken", False)


@pytest.mark.kernel
async def test_who_shows_a_secret_has_escaped_whatever_it_says(had: dict[Level, Runner]) -> None:
    liar = "print(Path(at.key_file).read_bytes()); print('BLOCKED')"
    (verdict,) = await had["process"].run([replace(named("home_key"), body=liar)])
    assert (verdict.outcome, verdict.detail) == ("escaped", "it knows a secret")


# What no level lets through has to be shown to work where nothing is in its way: in plain Python. Each gets a start.
UNHINDERED = {
    "own_environment": "",
    "inherited_folder": "os.open(at.home, os.O_RDONLY)",
    "peer_signing_key": "key = 'ab' * 32",
    "memory": "",
    "memory_shared": "",
    "descriptors": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))",
    "sparse_file": "",
    "one_large_file": "",
    "processor_for_ever": "",
    "objects_of_the_server": "key = os.environ['TUMIX_CANARY_API_KEY']",
    "frames_of_the_host": "key = os.environ['TUMIX_CANARY_API_KEY']",
    "memory_dump": "import resource as r; r.setrlimit(r.RLIMIT_CORE, (1, r.getrlimit(r.RLIMIT_CORE)[1]))",
}


@pytest.mark.server
@pytest.mark.parametrize("name", UNHINDERED)
async def test_what_is_always_blocked_works_unhindered(name: str, tmp_path: Path) -> None:
    async with planted(tmp_path / "canaries", 64) as canaries:
        targets = replace(canaries.targets, peer_key=hashlib.sha256(b"ab" * 32).hexdigest())
        output = await asyncio.to_thread(plainly, named(name), targets, UNHINDERED[name], tmp_path)
    assert output.startswith("ESCAPED"), output


def plainly(program: Program, targets: Targets, start: str, folder: Path) -> str:
    cell = program.cell(targets).replace(program.source, f"{start}\n{program.source}")
    (folder / "cell.py").write_text(cell, encoding="utf-8")
    command = [sys.executable, "-I", str(folder / "cell.py")]
    run = subprocess.run(command, cwd=folder, env={KEY: new_secret()}, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def test_there_are_enough_and_each_says_what_it_wants() -> None:
    assert len(PROGRAMS) >= 300
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
    for program in PROGRAMS:
        assert re.fullmatch(r"[A-Z][^\n|]{8,110}\.", program.aim), program.name
        assert set(program.expected) == set(LEVELS)
        assert program.expected["sandbox"] == "blocked"


@pytest.mark.server
async def test_no_cell_knows_what_it_has_to_find_out(tmp_path: Path) -> None:
    async with planted(tmp_path / "canaries", 1024) as canaries:
        for program in PROGRAMS:
            assert canaries.secret not in program.cell(canaries.targets)


def test_the_docs_table_names_every_program() -> None:
    table = DOCS.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE)
    assert rows == [(program.name, program.aim) for program in PROGRAMS]


def test_the_table_can_be_written_again(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(f"before\n{BEGIN}\nstale words\n{END}\nafter\n")
    escaped = Verdict(named("home_key"), "process", "escaped", "it knows a secret")
    hole = Verdict(named("home_key"), "sandbox", "escaped", "it knows a secret")
    for _ in range(2):
        write_into(document, as_markdown([escaped, hole]))
    text = document.read_text()
    assert text.startswith(f"before\n{BEGIN}\nMeasured on ")
    assert "| **escaped** (unexpected) | – | **escaped** |" in text
    assert text.endswith(f"{END}\nafter\n")
    assert "stale" not in text
