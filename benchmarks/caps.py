"""Fifteen agents times 64 questions against one cap that they share: ``python -m benchmarks.caps``.

All questions run at once on one account, over HTTP, against a server that bills for itself; one request in twelve
meets a fault. What the server has billed is compared with the cap: there must be no overshoot. A first run without a
cap says what the questions would have cost; the caps are half of that.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from benchmarks.machine import machine
from langgraph_tumix import Budget, Ledger, Price, create_tumix
from tests.faults.table import DOCS, write_into
from tests.graph.roles import play, solver, toolbox
from tests.servers.openai_server import FAULTS, OpenAIServer, Reply, Request

PRICE = Price(0.25, 2.0, cache_read=0.025)
ROLES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
KINDS = ("usd", "tokens", "model_calls")
FAULTY = ("500", "reset", "truncate", "empty", "malformed")


class World:
    """Plays all roles of all questions, with replies of random length, latency and fate.

    Args:
        seed: The same seed makes the same sequence of fates.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        told: list[BaseMessage] = [ROLES[message["role"]](message["text"]) for message in request.messages]
        if self._rng.random() < 1 / 12:
            return FAULTS[self._rng.choice(FAULTY)]
        said = play(solver, verdict="<<<NO>>>").responder(told)
        padding = "So it goes. " * self._rng.randrange(40)
        return Reply(f"{padding}{said}", latency=self._rng.random() * 0.1, cached_tokens=self._rng.randrange(400))


@dataclass(frozen=True)
class Seen:
    """What a run of all questions came to.

    Attributes:
        billed: What the server has billed: dollars, tokens and requests.
        spent: What the account says.
        statuses: How many questions ended in which status.
        seconds: Wall time.
    """

    billed: dict[str, float]
    spent: dict[str, float]
    statuses: Counter[str]
    seconds: float


async def run(questions: int, caps: Budget, seed: int) -> Seen:
    """Ask all questions at once on one account."""
    account, begun = Ledger(caps), time.monotonic()
    with OpenAIServer(World(seed), keep=False) as server:
        chat = ChatOpenAI(model="local", base_url=server.url, api_key="none", max_tokens=1000)
        options: dict[str, Any] = {"prices": {"local": PRICE}, "tools": toolbox(), "min_rounds": 2, "max_rounds": 2}
        graph = create_tumix(chat, budget=Budget(within=account), **options)
        asked = (graph.ainvoke({"question": f"Question {number}: what is it?"}) for number in range(questions))
        outcomes = [state["outcome"] for state in await asyncio.gather(*asked)]
        usage, requests = server.stats.usage, server.stats.requests
    plain = usage.prompt_tokens - usage.cached_tokens
    dollars = plain * 0.25 + usage.cached_tokens * 0.025 + usage.completion_tokens * 2.0
    spent = account.spent
    return Seen(
        {"usd": dollars / 1e6, "tokens": usage.prompt_tokens + usage.completion_tokens, "model_calls": requests},
        {
            "usd": spent["usd"] or 0.0,
            "tokens": spent["input_tokens"] + spent["output_tokens"],
            "model_calls": spent["model_calls"],
        },
        Counter(outcome["status"] for outcome in outcomes),
        time.monotonic() - begun,
    )


async def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="One cap shared by many questions.")
    parser.add_argument("--questions", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write the table into {DOCS.name}")
    chosen = parser.parse_args()
    lines = ["| cap | billed by the server | on the account | overshoot | questions | s |", "|---|---|---|---|---|---|"]
    free = await run(chosen.questions, Budget(), chosen.seed)
    lines.append(line("none", "usd", None, free))
    for kind in KINDS:
        half = free.billed[kind] / 2
        cap = half if kind == "usd" else int(half)
        seen = await run(chosen.questions, Budget(**{kind: cap}), chosen.seed)  # type: ignore[arg-type]
        lines.append(line(f"{cap:,.7g} {kind}", kind, cap, seen))
    table = "\n".join([*lines, "", f"15 agents times {chosen.questions} questions. {machine()}."])
    print(table)
    if chosen.write:
        write_into(DOCS, "caps", table)


def line(name: str, kind: str, cap: float | None, seen: Seen) -> str:
    """Return a row of the table."""
    over = "" if cap is None else f"{max(0.0, seen.billed[kind] - cap):g}"
    ended = ", ".join(f"{count} {status}" for status, count in seen.statuses.most_common())
    return f"| {name} | {seen.billed[kind]:,.7g} | {seen.spent[kind]:,.7g} | {over} | {ended} | {seen.seconds:.0f} |"


if __name__ == "__main__":
    asyncio.run(main())
