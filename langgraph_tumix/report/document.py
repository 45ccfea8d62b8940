"""A run as one HTML page that needs nothing else: no network, no server, no library."""

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from langgraph_tumix.report.payload import details, summary
from langgraph_tumix.report.run import Run, read_run

SCRIPTS = ("dom", "plot", "cost", "rounds", "agents", "stopping", "questions", "question", "main")
"""The page's scripts, in web/, in the order in which they are put together."""


STYLES = ("colours", "page", "controls", "panels", "questions", "question")
"""Its styles, likewise."""


def page(run: Run) -> str:
    """Return the page of a run.

    What the panels and the list of questions show stands in it as JSON. Each question's details, which are by far the
    most, are packed one by one (gzip, base64) and unpacked when they are asked for.
    """
    return _page(as_json(summary(run)), "\n".join(_packed(each) for each in details(run)), live=False)


def live_page() -> str:
    """Return the page without a run, which it asks its server for, again and again."""
    return _page("null", "", live=True)


def write(folder: Path | str, out: Path | str | None = None) -> Path:
    """Write the page of a run's folder.

    Args:
        folder: The run's folder.
        out: The file to write; report.html in the folder if not given.

    Returns:
        The file that was written.

    Raises:
        ConfigError: The folder cannot be read.
    """
    run = read_run(folder)
    out = Path(folder) / "report.html" if out is None else Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(run), "utf-8")
    return out


def as_json(data: Any) -> str:
    r"""Return JSON in plain ASCII that no HTML parser can see markup in, and any JSON parser reads.

    >>> as_json("</script>")
    '"\\u003c/script>"'
    """
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _packed(data: Any) -> str:
    return base64.b64encode(gzip.compress(as_json(data).encode(), 6, mtime=0)).decode()


def _page(data: str, packed: str, *, live: bool) -> str:
    style = "".join(_web(f"{name}.css") for name in STYLES)
    script = "".join(_web(f"{name}.js") for name in SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        f"connect-src '{'self' if live else 'none'}'; base-uri 'none'; form-action 'none'"
    )
    parts = {"policy": policy, "style": style, "script": script, "data": data, "details": packed}
    parts["live"] = "live" if live else "still"
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: parts[slot[1]], _web("page.html"))


def _hash(text: str) -> str:
    """Name a text for the page's own policy: whatever else got into the page could neither run nor restyle it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _web(name: str) -> str:
    return files("langgraph_tumix.report").joinpath("web", name).read_text("utf-8")
