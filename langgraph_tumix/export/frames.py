"""The tables as pandas frames, and as CSV files, which need no pandas."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.export.tables import tables
from langgraph_tumix.replay.recording import Recording
from langgraph_tumix.report.run import Run

if TYPE_CHECKING:
    from pandas import DataFrame


class Frames(NamedTuple):
    """The tables of `tables` as frames."""

    questions: "DataFrame"
    rounds: "DataFrame"
    notes: "DataFrame"
    usage: "DataFrame"


def frames(source: Run | Recording) -> Frames:
    """Return a run or a recording as pandas frames: see `tables`.

    Raises:
        ConfigError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise ConfigError("frames need pandas: pip install 'langgraph-tumix[pandas]'") from None
    made = {name: DataFrame(rows) for name, rows in tables(source).items()}
    for frame in made.values():
        if "correct" in frame:
            frame["correct"] = frame["correct"].astype("boolean")  # which knows that something is not known
    return Frames(**made)


def write_csv(source: Run | Recording, folder: Path | str) -> list[Path]:
    """Write each table as a CSV file and return where they are. A cell without a value is not known.

    Raises:
        ConfigError: The folder cannot be written to.
    """
    folder, written = Path(folder), []
    for name, rows in tables(source).items():
        path = folder / f"{name}.csv"
        columns = list(dict.fromkeys(column for row in rows for column in row))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Half a character, which a model may write, has no UTF-8.
            with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from None
        written.append(path)
    return written
