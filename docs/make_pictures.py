"""Draws `docs/run.svg`, the picture of a run in the terminal: what `tumix run` prints, from a run made now."""

import asyncio
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from langgraph_tumix import create_tumix
from langgraph_tumix.live import LiveView

QUESTION = "What is the digit sum of the height in metres of Mount Kesseldon?"


async def main() -> None:
    """Run a question offline, and keep what the terminal shows."""
    console, view = Console(record=True, width=92, force_terminal=True, quiet=False), LiveView()
    console.print(f'[bold]$ tumix run "{QUESTION}"', highlight=False)
    state: Any = {}
    async for mode, data in create_tumix("offline").astream({"question": QUESTION}, stream_mode=["custom", "values"]):
        if mode == "values":
            state = data
        elif printed := view.take(data["tumix"]):
            console.print(printed)
    console.print(str(state["outcome"]), highlight=False)
    # Rich's pictures ask a web server for their font; ours ask nobody.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="tumix"), flags=re.DOTALL)
    Path(__file__).with_name("run.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
