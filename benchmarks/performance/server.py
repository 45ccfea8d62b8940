"""The model of these benchmarks: a server in a process of its own, and the calls that a question makes of it."""

import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from langchain_openai import ChatOpenAI

from langgraph_tumix import create_tumix
from langgraph_tumix.core.stop import FixedRounds
from tests.graph.roles import GUIDES, toolbox
from tests.servers.openai_server import OpenAIServer, Reply, Request

ROUNDS = 3
MODEL = "local"
_FINDING = "The question is settled by what is given: each step follows from the one before, and the check agrees. "
SAID = _FINDING * 10 + "So it is <<<42>>>."
"""What every solver says: about a kilobyte, as a short final message is."""


def respond(request: Request) -> Reply:
    """Answer as a solver, a guide or the judge, each at once."""
    text = request.messages[-1]["text"]
    if any(guide in text for guide in GUIDES):
        return Reply("<<<Compute the decisive step, then answer.>>>")
    return Reply("All agree. <<<YES>>>" if "You are the judge of this work" in text else SAID)


@contextlib.contextmanager
def served(latency: float, responder: str = f"{__name__}:respond") -> Iterator[str]:
    """Run the server, and give its address."""
    command = [sys.executable, "-m", "tests.servers.openai_server", "--latency", str(latency)]
    command += ["--responder", responder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def billed(url: str) -> dict[str, int]:
    """Return what the server has billed so far."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats", timeout=10) as answer:
        return dict(json.load(answer)["usage"])


def chat(url: str, http: Any = None) -> ChatOpenAI:
    """Return a chat model at the server, over an HTTP client of another kind if one is given."""
    options: dict[str, Any] = {"http_async_client": http} if http else {}
    return ChatOpenAI(model=MODEL, base_url=url, api_key="none", max_retries=0, stream_usage=True, **options)


def graph(url: str, http_async_client: Any = None, **options: Any) -> Any:
    """Return the graph: all fifteen agents, whose tools are there and not used, and three rounds without a judge."""
    settled: dict[str, Any] = {"tools": toolbox(), "stop": FixedRounds(ROUNDS)}
    return create_tumix(chat(url, http_async_client), **(settled | options))


def asked(number: int) -> dict[str, str]:
    """Return the input of a question."""
    return {"question": f"Question {number}: which number is it, and why? Give the reasons in a few sentences."}


@dataclass(frozen=True)
class Plan:
    """The calls of one question, as the graph makes them.

    Attributes:
        rounds: For each round its chains, which run side by side; a chain is the bodies of calls in a row.
    """

    rounds: list[list[list[dict[str, Any]]]]

    @property
    def calls(self) -> int:
        """How many calls it makes."""
        return sum(len(chain) for chains in self.rounds for chain in chains)

    @property
    def depth(self) -> int:
        """How many calls follow each other on its longest way."""
        return sum(max(len(chain) for chain in chains) for chains in self.rounds)


async def plan() -> Plan:
    """Return the calls of a question, taken down from a run of the graph."""
    async with OpenAIServer(respond) as server:
        await graph(server.url).ainvoke(asked(0))
        bodies = [request.body for request in server.requests]
    rounds = [[body for body in bodies if _round(body) == number] for number in range(1, ROUNDS + 1)]
    return Plan([_chains(bodies) for bodies in rounds])


def _chains(bodies: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Put each guide's call before a call of the solver that it guides."""
    guides = [[body] for body in bodies if any(guide in _last(body) for guide in GUIDES)]
    guided = [body for body in bodies if "\n# Guidance\n" in _last(body)]
    alone = [[body] for body in bodies if [body] not in guides and body not in guided]
    return alone + [[*guide, body] for guide, body in zip(guides, guided, strict=True)]


def _round(body: dict[str, Any]) -> int:
    notes = re.search(r"^# Notes of round (\d+)", _last(body), re.MULTILINE)
    return int(notes[1]) + 1 if notes else 1


def _last(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
