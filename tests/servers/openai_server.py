"""A server that speaks OpenAI's protocol on the loopback address and answers what a function says.

In a test::

    async with OpenAIServer(lambda request: "42") as server:
        model = ChatOpenAI(model="any", base_url=server.url, api_key="none")

As a process, for benchmarks; ``GET /stats`` says what it has seen::

    python -m tests.servers.openai_server --port 8000 --latency 0.05
"""

import argparse
import json
import pkgutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from aiohttp import web

from tests.servers.local import LocalServer, Stats, serve
from tests.servers.openai_protocol import (
    CHAT,
    FAULTS,
    RESPONSES,
    Reply,
    Request,
    Responder,
    Source,
    ToolCall,
    as_reply,
    count_tokens,
    failure,
    parse,
)
from tests.servers.openai_wire import (
    chat_chunks,
    chat_completion,
    completion_tokens,
    response,
    response_events,
    sse,
)

__all__ = [
    "CHAT",
    "FAULTS",
    "RESPONSES",
    "OpenAIServer",
    "OpenAIStats",
    "Reply",
    "Request",
    "Responder",
    "Source",
    "ToolCall",
    "Usage",
    "count_tokens",
    "echo",
    "failure",
]


@dataclass
class Usage:
    """Tokens of the replies that were sent to their end, as the server bills them."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def add(self, other: "Usage") -> None:
        """Count `other` in."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class OpenAIStats(Stats):
    """What the server has seen, and what it bills: in all, and by model."""

    usage: Usage = field(default_factory=Usage)
    by_model: dict[str, Usage] = field(default_factory=dict)

    def bill(self, request: Request, reply: Reply) -> None:
        """Count a reply."""
        prompt = request.prompt_tokens
        completion = completion_tokens(request, reply)
        cached = min(reply.cached_tokens, prompt)
        usage = Usage(1, prompt, completion, cached, reply.cache_write_tokens, reply.reasoning_tokens)
        self.usage.add(usage)
        self.by_model.setdefault(request.model, Usage()).add(usage)


_SHAPES = {
    CHAT: (chat_completion, chat_chunks, "data: [DONE]\n\n"),
    RESPONSES: (response, response_events, ""),
}


class OpenAIServer(LocalServer):
    """Chat completions, the Responses API with web search, and the list of models; streaming or not.

    Args:
        responder: Gives the reply to a request; a string is a message.
        port: 0 takes a free one.
        models: What ``GET /v1/models`` lists; requests may name any other.
        keep: Keep the requests in `requests`; a long benchmark has no room for them.

    Attributes:
        requests: The requests that were understood, in order.
        stats: What the server has seen and what it bills.
    """

    root = "/v1"

    def __init__(
        self, responder: Responder, *, port: int = 0, models: Sequence[str] = ("local",), keep: bool = True
    ) -> None:
        super().__init__(port)
        self.stats: OpenAIStats = OpenAIStats()
        self.requests: list[Request] = []
        self._responder = responder
        self._models = models
        self._keep = keep

    def routes(self) -> Sequence[web.RouteDef]:
        """The two APIs, the models, and the statistics."""
        return [
            web.post(CHAT, self._complete),
            web.post(RESPONSES, self._complete),
            web.get("/v1/models", self._list_models),
            web.get("/stats", self._show_stats),
        ]

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        raw = await http.read()
        try:
            request = parse(self.stats.requests + 1, http.path, http.headers, raw)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return await self._fail(http, failure(400, f"The request is not valid: {error!r}"))
        if self._keep:
            self.requests.append(request)
        reply = self._reply(request)
        if reply.status != 200:
            return await self._fail(http, reply)
        return await self._succeed(http, request, reply)

    def _reply(self, request: Request) -> Reply:
        if request.searches and request.path == CHAT:
            return failure(400, "Invalid value: 'web_search'. Supported values are: 'function' and 'custom'.")
        return self.consult(lambda asked: as_reply(self._responder(asked)), request, failure(500))

    async def _fail(self, http: web.Request, reply: Reply) -> web.StreamResponse:
        return await self.send(http, reply, [json.dumps({"error": reply.error}).encode()])

    async def _succeed(self, http: web.Request, request: Request, reply: Reply) -> web.StreamResponse:
        whole, events, last = _SHAPES[request.path]
        if reply.body is not None:
            return await self.send(http, reply, [json.dumps(reply.body).encode()])
        if request.stream:
            kind, pieces = "text/event-stream", sse(events(request, reply), last)
        else:
            kind, pieces = "application/json", [json.dumps(whole(request, reply)).encode()]
        bill = partial(self.stats.bill, request, reply)
        return await self.send(http, reply, pieces, content_type=kind, settle=bill)

    async def _list_models(self, http: web.Request) -> web.Response:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "local"} for name in self._models]
        return web.json_response({"object": "list", "data": listed})

    async def _show_stats(self, http: web.Request) -> web.Response:
        return web.json_response(asdict(self.stats))


def echo(request: Request) -> Reply:
    """The last message, back again."""
    return Reply(request.messages[-1]["text"])


def main() -> None:
    """Run the server as a process."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.openai_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the first byte")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between pieces of a stream")
    parser.add_argument("--responder", default=f"{__spec__.name}:echo", help="module:function")
    options = parser.parse_args()
    responder: Responder = pkgutil.resolve_name(options.responder)

    def paced(request: Request) -> Reply:
        reply = as_reply(responder(request))
        return replace(reply, latency=reply.latency + options.latency, pause=reply.pause + options.pause)

    serve(OpenAIServer(paced, port=options.port, keep=False))


if __name__ == "__main__":
    main()
