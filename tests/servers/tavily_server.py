"""A server that speaks Tavily's protocol on the loopback address and answers what a function says.

As a process: ``python -m tests.servers.tavily_server --port 8001 --latency 0.05``.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from tests.servers.local import Answer, LocalServer, Stats, serve


class Page(NamedTuple):
    """A page that was found."""

    title: str
    url: str
    content: str


@dataclass(frozen=True)
class TavilyRequest:
    """A request for a search.

    Attributes:
        key: The bearer token.
        body: Everything that was sent.
    """

    number: int
    query: str
    depth: str
    max_results: int
    key: str
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class TavilyReply(Answer):
    """What a responder answers.

    Attributes:
        pages: What was found.
        error: The message, where the status is not 200.
        body: JSON to send instead of Tavily's.
    """

    pages: Sequence[Page] = ()
    error: str = ""
    body: Any = None


class TavilyServer(LocalServer):
    """``POST /search``.

    Args:
        responder: Gives the reply to a request.
        port: 0 takes a free one.

    Attributes:
        requests: All requests, in order.
        stats: What the server has seen.
    """

    def __init__(self, responder: Callable[[TavilyRequest], TavilyReply], *, port: int = 0) -> None:
        super().__init__(port)
        self.stats = Stats()
        self.requests: list[TavilyRequest] = []
        self._responder = responder

    def routes(self) -> Sequence[web.RouteDef]:
        """The search."""
        return [web.post("/search", self._search)]

    async def _search(self, http: web.Request) -> web.StreamResponse:
        body = await http.json()
        request = TavilyRequest(
            number=self.stats.requests + 1,
            query=body["query"],
            depth=body.get("search_depth", "basic"),
            max_results=body.get("max_results", 5),
            key=http.headers.get("Authorization", "").removeprefix("Bearer "),
            body=body,
        )
        self.requests.append(request)
        reply = self.consult(self._responder, request, TavilyReply(status=500))
        return await self.send(http, reply, [json.dumps(_body(request, reply)).encode()])


def _body(request: TavilyRequest, reply: TavilyReply) -> Any:
    if reply.body is not None:
        return reply.body
    if reply.status != 200:
        return {"detail": {"error": reply.error}}
    results = [
        {"title": page.title, "url": page.url, "content": page.content, "score": 1 / rank, "raw_content": None}
        for rank, page in enumerate(reply.pages[: request.max_results], 1)
    ]
    return {
        "query": request.query,
        "follow_up_questions": None,
        "answer": None,
        "images": [],
        "results": results,
        "response_time": 0.1,
        "request_id": f"request-{request.number}",
    }


def main() -> None:
    """Run the server as a process that finds one page for every query."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.tavily_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the first byte")
    options = parser.parse_args()

    def one_page(request: TavilyRequest) -> TavilyReply:
        page = Page(request.query, "https://example.org/", f"A page about {request.query}.")
        return TavilyReply([page], latency=options.latency)

    serve(TavilyServer(one_page, port=options.port))


if __name__ == "__main__":
    main()
