"""The seats: who meets a fault. Each runs a question in which everyone else is well, and says what became of it."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from langgraph_tumix import Agent, Budget, FixedRounds, Outcome, Toolbox, create_tumix
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.interpreter.gateway import GatewayInterpreter
from langgraph_tumix.search import NativeSearch, TavilySearch
from langgraph_tumix.testing import FakeInterpreter
from tests.faults.fault import Fault
from tests.graph.roles import FakeSearch, Role, play, role_of, solver
from tests.servers.clients import free_port
from tests.servers.local import LocalServer, Stats
from tests.servers.openai_server import RESPONSES, OpenAIServer, Reply, Request, Source
from tests.servers.tavily_server import TavilyReply, TavilyServer

NOBODY = "http://127.0.0.1:1"
"""Where no server listens."""

DEADLINE = 60.0
"""Seconds of the question."""

PORTS = (free_port(), free_port())
"""Where the two servers listen, the same in all cells: OpenAI's client keeps 1.6 MiB for each address it has seen."""

WELL: tuple[str, ...] = ("Base", "CoT")
"""Agents who meet no fault."""

INTERPRETER = FakeInterpreter(lambda _: "42")
TOOLS = Toolbox(code=INTERPRETER, gs=FakeSearch(), llm=FakeSearch())
KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass(frozen=True)
class Meeting:
    """What became of a question in which one seat met a fault.

    Attributes:
        outcome: The outcome.
        sent: Requests that met the fault, as their server counts; None if none listened.
        calls: Requests that came to the models' servers in all.
        told: All that the models were told.
    """

    outcome: Outcome
    sent: int | None
    calls: int
    told: str


_NUMBERS = itertools.count()


def odd(**options: Any) -> Agent:
    """Return the agent who meets the fault."""
    return Agent(name="Odd", instruction="ODD one out.", **options)


def messages(request: Request) -> list[BaseMessage]:
    """Return what a request says, as LangChain's messages."""
    return [KINDS[message["role"]](message["text"]) for message in request.messages]


@dataclass
class Cast:
    """Servers for those who are well and for the one who is not, and the models at them."""

    well: OpenAIServer
    ill: OpenAIServer
    fault: Fault
    name: str = field(default_factory=lambda: f"m{next(_NUMBERS)}")  # another cell's refusals are not this one's

    def model(self, *, ill: bool = False) -> ChatOpenAI:
        """Return a model, with the two retries of its own that a user would leave on."""
        url = (f"{NOBODY}/v1" if self.fault.refused else self.ill.url) if ill else self.well.url
        return ChatOpenAI(model=self.name, base_url=url, api_key="none", max_retries=2)

    def meeting(self, outcome: Outcome, *, sent: int | None = None) -> Meeting:
        """Say what became of the question; if `sent` is not given, all that came to the ill server met the fault."""
        requests = [*self.well.requests, *self.ill.requests]
        return Meeting(
            outcome,
            None if self.fault.refused else len(self.ill.requests) if sent is None else sent,
            len(requests),
            "\n".join(message["text"] for request in requests for message in request.messages),
        )


@contextlib.asynccontextmanager
async def cast(fault: Fault, role: Role, says: Mapping[str, str] | None = None) -> AsyncIterator[Cast]:
    """Start the servers; the second one's faults meet whoever speaks as `role`.

    Solvers whose instruction holds a key of `says` answer what it says, others the river's name.
    """

    def good(request: Request) -> Reply:
        if request.searches:
            return Reply("The sources say 42.", sources=[Source("Page", "https://page.example/a")])
        told = messages(request)
        said = play(solver, verdict="<<<NO>>>").responder(told)
        assert isinstance(said, str)
        if says and role_of(told) == "solver":
            said = next((answer for mark, answer in says.items() if mark in told[-1].text), "<<<Tesk>>>")
        return Reply(said)

    def bad(request: Request) -> Reply:
        speaker = "native" if request.searches else role_of(messages(request))
        return fault.reply if speaker == role else good(request)

    async with OpenAIServer(good, port=PORTS[0]) as well, OpenAIServer(bad, port=PORTS[1]) as ill:
        yield Cast(well, ill, fault)


async def ask(those: Cast, agents: Sequence[Agent | str], tools: Toolbox = TOOLS, **options: Any) -> Outcome:
    """Ask a question of one round, unless the options say otherwise."""
    usual: dict[str, Any] = {
        "min_rounds": 1,
        "max_rounds": 1,
        "call_seconds": those.fault.patience,
        "budget": Budget(seconds=DEADLINE),
    }
    graph = create_tumix(those.model(), agents=agents, tools=tools, **(usual | options))
    return Outcome((await graph.ainvoke({"question": "What is it?"}))["outcome"])


async def agent(fault: Fault) -> Meeting:
    """An agent's only call."""
    async with cast(fault, "solver") as those:
        return those.meeting(await ask(those, [*WELL, odd(model=those.model(ill=True))]))


async def guide(fault: Fault) -> Meeting:
    """The first call of a guided agent."""
    async with cast(fault, "guide") as those:
        guided = odd(code="loop", guide=template("csg_guide"), model=those.model(ill=True))
        return those.meeting(await ask(those, [*WELL, guided]))


async def judge(fault: Fault) -> Meeting:
    """The judge, after round 2; round 1 has none."""
    async with cast(fault, "judge") as those:
        outcome = await ask(those, WELL, judge=those.model(ill=True), min_rounds=2, max_rounds=4)
        return those.meeting(outcome)


async def group(fault: Fault) -> Meeting:
    """The grouping call, which could join two of three answers, so that they draw level with the third."""
    says = {"step by step": "<<<river Tesk>>>", "ODD": "<<<blue>>>"}
    async with cast(fault, "group", says) as those:
        agents: list[Agent | str] = [*WELL, odd(), Agent(name="Odder", instruction="ODD as well.")]
        outcome = await ask(those, agents, judge=those.model(ill=True), stop=FixedRounds(1))
        return those.meeting(outcome)


async def native(fault: Fault) -> Meeting:
    """The model's own search."""
    async with cast(fault, "native") as those:
        searching = odd(search="llm", model=those.model(ill=True))
        outcome = await ask(those, [*WELL, searching], Toolbox(llm=NativeSearch({"type": "web_search"})))
        searches = [request for request in those.ill.requests if request.path == RESPONSES]
        return those.meeting(outcome, sent=len(searches))


async def tavily(fault: Fault) -> Meeting:
    """A search by Tavily."""
    reply = TavilyReply(
        status=fault.status,
        headers=fault.headers,
        fault=fault.wire,
        error="no",
        body={"result": {"output": "42"}} if fault.strange else None,
    )
    async with cast(fault, "nobody") as those, TavilyServer(lambda _: reply) as server:
        search = TavilySearch("tvly-key", base_url=NOBODY if fault.refused else server.url, seconds=fault.patience)
        outcome = await ask(those, [*WELL, odd(search="gs")], Toolbox(gs=search))
        return those.meeting(outcome, sent=server.stats.requests)


class IllGateway(LocalServer):
    """A Jupyter gateway that has no kernel to give."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.stats = Stats()
        self._answer = fault.reply
        self._body = b'{"result": 42}' if fault.strange else b'{"id": "0f6", "name": "python3", "state": "starting"}'

    def routes(self) -> Sequence[web.RouteDef]:
        """The request for a kernel, and whatever else is asked."""
        return [web.route("*", "/{path:.*}", self._refuse)]

    async def _refuse(self, http: web.Request) -> web.StreamResponse:
        return await self.send(http, self._answer, [self._body])


async def kernel(fault: Fault) -> Meeting:
    """The start of a kernel on a gateway."""
    async with cast(fault, "nobody") as those, IllGateway(fault) as gateway:
        code = GatewayInterpreter(NOBODY if fault.refused else gateway.url, token="t", start_seconds=fault.patience)
        outcome = await ask(those, [*WELL, odd(code="loop")], Toolbox(code=code))
        return those.meeting(outcome, sent=gateway.stats.requests)


SEATS: dict[str, Callable[[Fault], Awaitable[Meeting]]] = {
    "agent": agent,
    "guide": guide,
    "judge": judge,
    "group": group,
    "Tavily": tavily,
    "own search": native,
    "kernel": kernel,
}
