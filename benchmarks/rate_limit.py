"""Throughput and refusals against a server that allows so many requests a second: ``python -m benchmarks.rate_limit``.

The server fills a bucket with R requests a second, holds R of them at most, and refuses what finds it empty with 429,
with or without ``Retry-After: 1``. Calls go through the real client and the meter, as those of agents do; eight
questions ask as fast as they can. Throughput is what the server let through from the first second to the last.
"""

import argparse
import asyncio
import itertools
import time
from dataclasses import dataclass

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from benchmarks.machine import machine
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.errors import ModelError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import resolve
from tests.faults.table import DOCS, write_into
from tests.servers.openai_server import OpenAIServer, Reply, Request, failure

QUESTIONS = 8
CEILING = 200  # not what is measured here
LATENCY = 0.2  # seconds of an answer


class Bucket:
    """Allows `rate` requests a second, and as many at once after a second of rest."""

    def __init__(self, rate: float, headers: dict[str, str]) -> None:
        self.rate = rate
        self.let_through = self.refused = 0
        self._headers = headers
        self._level = rate
        self._filled = time.monotonic()

    def __call__(self, request: Request) -> Reply:
        """Answer a request, or refuse it."""
        now = time.monotonic()
        self._level = min(self.rate, self._level + (now - self._filled) * self.rate)
        self._filled = now
        if self._level < 1:
            self.refused += 1
            return failure(429, headers=self._headers)
        self._level -= 1
        self.let_through += 1
        return Reply("So it is <<<42>>>.", latency=LATENCY)


@dataclass(frozen=True)
class Row:
    """What was seen at one rate."""

    rate: float
    retry_after: bool
    throughput: float
    refusals: float
    lost: int

    @property
    def good(self) -> bool:
        """Whether it is what was promised."""
        return self.throughput >= 0.9 * self.rate and self.refusals < 0.05

    def __str__(self) -> str:
        share, header = self.throughput / self.rate, "1 s" if self.retry_after else "none"
        cells = (f"{self.rate:g}", header, f"{self.throughput:.1f}", f"{share:.1%}", f"{self.refusals:.1%}", self.lost)
        return f"| {' | '.join(map(str, cells))} |"


async def measure(rate: float, *, retry_after: bool, seconds: float) -> Row:
    """Ask for some seconds, and count at the server."""
    bucket = Bucket(rate, {"Retry-After": "1"} if retry_after else {})
    with OpenAIServer(bucket, keep=False) as server:
        model = resolve(ChatOpenAI(model="m", base_url=server.url, api_key="none"))
        meters = [Meter(Ledger(), question=number, ceiling=CEILING, call_seconds=60.0) for number in range(QUESTIONS)]
        lost = 0

        async def ask(meter: Meter) -> None:
            nonlocal lost
            while True:
                try:
                    await meter.ask(model, [HumanMessage("What is it?")])
                except ModelError:
                    lost += 1

        asking = [asyncio.create_task(ask(meter)) for meter in meters for _ in range(2 * CEILING // QUESTIONS)]
        await asyncio.sleep(seconds)
        good, refused = bucket.let_through, bucket.refused
        row = Row(rate, retry_after, good / seconds, refused / (good + refused), lost)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return row


async def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Throughput and refusals under a rate limit.")
    parser.add_argument("--rates", type=float, nargs="+", default=[5, 20, 100])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help=f"write the table into {DOCS.name}")
    chosen = parser.parse_args()
    rows = [
        await measure(rate, retry_after=retry_after, seconds=chosen.seconds)
        for rate, retry_after in itertools.product(chosen.rates, (False, True))
    ]
    good = f"{sum(row.good for row in rows)} of {len(rows)} rows let 90 % of R through with under 5 % refused."
    head = [
        "| R, requests/s | Retry-After | let through/s | share of R | refused | calls lost |",
        "|---|---|---|---|---|---|",
    ]
    table = "\n".join([*head, *map(str, rows), "", f"{good} {chosen.seconds:g} s each. {machine()}."])
    print(table)
    if chosen.write:
        write_into(DOCS, "rate limit", table)


if __name__ == "__main__":
    asyncio.run(main())
