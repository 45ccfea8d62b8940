"""`tumix report` and `tumix view` as a shell sees them."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.report.command import report, view
from tests.report.runs import make

PROGRAM = """
import signal
import typer
from langgraph_tumix.report.command import report, view
app = typer.Typer()
app.command()(report)
app.command()(view)
app()
"""


@pytest.fixture(scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await make(tmp_path_factory.mktemp("runs") / "few", 2)


def test_report_says_what_it_wrote(run: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report)
    done = CliRunner().invoke(app, [str(run), "--out", str(tmp_path / "page.html")])
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'page.html'}\n")
    assert (tmp_path / "page.html").is_file()


@pytest.mark.parametrize("command", [report, view])
def test_no_run_is_a_mistake_of_the_caller(command: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run's folder"):
        command(tmp_path)  # type: ignore[operator]


@pytest.mark.server
def test_view_serves_until_it_is_interrupted(run: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "view", str(run)], stdout=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}summary", timeout=20) as reply:
            assert reply.status == 200
        program.send_signal(signal.SIGINT)
        assert program.wait(20) != 0
