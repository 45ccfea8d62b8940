"""What a question takes in a checkpointer: bytes on disk against the bytes of its notes.

python -m benchmarks.performance.checkpoints
"""

import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.performance import server
from langgraph_tumix import create_tumix
from langgraph_tumix.core.stop import FixedRounds
from langgraph_tumix.sqlite import GroupedSqliteSaver
from tests.graph.roles import play, toolbox

QUESTIONS = 8
SIZES = (1_000, 4_000, 8_000, 16_000)
"""Characters of a final message; a reasoning model's has some thousands."""


async def ratio(size: int) -> tuple[int, float]:
    """Return the bytes of a question's notes, and those of the database over them."""
    text = (server.SAID * (size // len(server.SAID) + 1))[-size:]
    graph_options = {"tools": toolbox(), "stop": FixedRounds(server.ROUNDS)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        async with GroupedSqliteSaver.opened(path) as saver:
            built = create_tumix(play(lambda _: text), checkpointer=saver, **graph_options)  # type: ignore[arg-type]
            raw = 0
            for number in range(QUESTIONS):
                config = {"configurable": {"thread_id": str(number)}}
                await built.ainvoke(server.asked(number), config)  # type: ignore[call-overload]
                notes = (await built.aget_state(config)).values["notes"]  # type: ignore[arg-type]
                raw += len(json.dumps(notes, ensure_ascii=False).encode())
            await asyncio.sleep(0.2)  # what is deleted in the background
            saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return raw // QUESTIONS, path.stat().st_size / raw


def table(ratios: dict[int, tuple[int, float]]) -> list[str]:
    """Return the rows."""
    lines = ["| characters of a final message | notes of 15 × 3, KB | database ÷ notes |", "|---:|---:|---:|"]
    return lines + [f"| {size:,} | {raw / 1000:.0f} | {over:.2f} |" for size, (raw, over) in ratios.items()]


if __name__ == "__main__":
    print("\n".join(table({size: asyncio.run(ratio(size)) for size in SIZES})))
