"""The commands `tumix report` and `tumix view`."""

import sys
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from langgraph_tumix.export import write_csv
from langgraph_tumix.report.document import write
from langgraph_tumix.report.run import read_run
from langgraph_tumix.report.serving import serve

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `tumix eval` wrote.")]


def report(
    run: RunFolder,
    out: Annotated[Path | None, typer.Option(help="The file to write; RUN/report.html if not given.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="DIR", help="Write tables as CSV files in here, no page.")] = None,
) -> None:
    """Write a run as one HTML page that needs no network, or as tables."""
    written = [write(run, out)] if csv is None else write_csv(read_run(run), csv)
    sys.stdout.writelines(f"{path}\n" for path in written)


def view(
    run: RunFolder,
    port: Annotated[int, typer.Option(help="Where to listen, on this machine alone; 0 takes a free port.")] = 0,
) -> None:
    """Show a run in the browser, and follow it while it goes on. Ends with Ctrl-C."""
    with serve(run, port) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        Event().wait()
