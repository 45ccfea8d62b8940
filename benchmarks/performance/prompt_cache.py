"""How much of the notes is paid once, and what it costs in time: ``python -m benchmarks.performance.prompt_cache``.

The fifteen agents answer one question over HTTP, with a scripted model behind the local server's imitated prompt cache,
in three rounds with a judge that is never content. Tools are fakes that answer at once. The naive layout is the same
run, call for call and word for word, but as it is often built: each agent's own instruction and its tools' schemas come
first, and everything else after them.

A token is four characters; a prompt is read through at 10,000 tokens a second, and written at 200.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from langgraph_tumix import Agent, Outcome, create_tumix
from langgraph_tumix.agents.native import python, search
from langgraph_tumix.core.usage import add_usage, cached
from langgraph_tumix.models.caching import PromptCache as Chosen
from langgraph_tumix.models.price import Price
from tests.graph.roles import play, solver, toolbox
from tests.servers.openai_server import OpenAIServer, Request
from tests.servers.prefix_cache import PrefixCache

TASK = "\n\n# Your task\n\n"
QUESTION = "What is it? " + "All that is known of it is told here at some length. " * 22  # 300 tokens
GROUNDS = "For these reasons, weighed one by one. " * 35  # a note of 350 tokens
ROUNDS = 3
AT_ONCE = [Agent(name=f"A{n}", instruction=f"Be number {n}. " + "Work in your own way. " * 26) for n in range(15)]
READ = 0.1  # price of cached input, of plain input's
KINDS: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": HumanMessage}


def respond(request: Request) -> str:
    """Play every role; answers have their grounds."""
    messages = [KINDS[message["role"]](message["text"]) for message in request.messages]
    messages[1] = HumanMessage(f"{messages[0].text}\n\n{messages[1].text}")  # in whichever the task stands
    said = play(solver, verdict=f"{GROUNDS} <<<NO>>>").responder(messages)
    assert isinstance(said, str)
    return said.replace("So it is", f"{GROUNDS}So it is")


class NaiveChat(ChatOpenAI):
    """Sends the same words in the order in which they are often put: own first, shared last, tools before all."""

    async def _agenerate(self, messages: list[BaseMessage], *rest: Any, **options: Any) -> Any:
        system, user, *others = messages
        shared, _, own = user.text.partition(TASK)
        tools = [python] * ("To run a program" in own) + [search] * ("To search, end your turn" in own)
        given = {"tools": self.bind_tools(tools).kwargs["tools"]} if tools else {}  # type: ignore[attr-defined]
        turned = [SystemMessage(f"{own}\n\n{system.text}"), HumanMessage(f"{shared}{TASK}"), *others]
        return await super()._agenerate(turned, *rest, **given, **options)


@dataclass(frozen=True)
class Setting:
    """One way of asking."""

    layout: str
    chosen: Chosen
    chat: type[ChatOpenAI]
    agents: Any


@dataclass(frozen=True)
class Row:
    """What came of it; input is priced in plain tokens."""

    setting: Setting
    published: str
    outcome: Outcome
    seconds: list[float]

    @property
    def later(self) -> float:
        """The share of the input of rounds from the second on that was read from the cache."""
        return cached(add_usage(*(usage for round_, usage in self.outcome.by_round.items() if round_ != "1")))

    def cost(self, rounds: Iterable[str]) -> float:
        """What the input of some rounds cost, in plain tokens."""
        usages = [self.outcome.by_round[round_] for round_ in rounds]
        return sum(u["input_tokens"] - (1 - READ) * u["cache_read_tokens"] for u in usages)


async def measure(setting: Setting, published: Any) -> Row:
    """Ask the question once."""
    cache = PrefixCache(published, first=0.1, prefill=10_000, decode=200)
    with OpenAIServer(cache.around(respond), keep=False) as server:
        server.keep_alive = True
        chat = setting.chat(model="m", base_url=server.url, api_key="none", stream_usage=True)
        graph = create_tumix(
            chat,
            agents=setting.agents,
            tools=toolbox(),
            prices={"m": Price(1.0, 4.0, cache_read=READ)},
            max_rounds=ROUNDS,
            cache=setting.chosen,
        )
        seconds, begun = list[float](), time.monotonic()
        outcome: Any = None
        async for mode, data in graph.astream({"question": QUESTION}, stream_mode=["custom", "values"]):
            if mode == "custom" and data["tumix"]["event"] == "judged":
                seconds.append(time.monotonic() - begun)
            elif mode == "values":
                outcome = data.get("outcome")
    return Row(setting, published, outcome, [b - a for a, b in itertools.pairwise([0.0, *seconds])])


def lines(rows: list[Row]) -> list[str]:
    """Return a table."""
    made = [
        "| agents | layout | published | calls | from the cache, round 1 / 2 / 3 | rounds ≥ 2 | input cost, all | "
        "rounds ≥ 2 | seconds, round 1 / 2 / 3 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    naive = {(len(row.setting.agents), row.published): row for row in rows if row.setting.chat is NaiveChat}
    for row in rows:
        against = naive[len(row.setting.agents), row.published]
        every = [str(number + 1) for number in range(ROUNDS)]
        shares = " / ".join(f"{row.outcome.by_round[number]['cached']:.0%}" for number in every)
        costs = [against.cost(some) / row.cost(some) for some in (every, every[1:])]
        cells = (
            "the fifteen" if row.setting.agents == "tumix" else "fifteen of one call",
            row.setting.layout,
            row.published,
            row.outcome.usage["model_calls"],
            shares,
            f"{row.later:.1%}",
            f"÷ {costs[0]:.2f}",
            f"÷ {costs[1]:.2f}",
            " / ".join(f"{second:.2f}" for second in row.seconds),
        )
        made.append(f"| {' | '.join(map(str, cells))} |")
    return made


async def rows() -> list[Row]:
    """Measure all layouts, agents and ways of publishing."""
    layouts: list[tuple[str, Chosen, type[ChatOpenAI]]] = [
        ("naive", "off", NaiveChat),
        ("ours, all at once", "off", ChatOpenAI),
        ("ours, one goes ahead", "leader", ChatOpenAI),
    ]
    settings = [Setting(*layout, agents) for agents in ("tumix", AT_ONCE) for layout in layouts]
    return [await measure(setting, published) for published in ("prefill", "scheduling") for setting in settings]


def saved(made: list[Row], agents: Any) -> tuple[float, float]:
    """Return, with what is published after prefill, the share of later rounds that was read, and our cost ÷ naive."""
    naive, _, ours = (row for row in made if row.published == "prefill" and row.setting.agents == agents)
    every = [str(number + 1) for number in range(ROUNDS)]
    return ours.later, ours.cost(every) / naive.cost(every)


if __name__ == "__main__":
    print("\n".join(lines(asyncio.run(rows()))))
