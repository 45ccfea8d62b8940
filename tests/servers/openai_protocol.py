"""What a client asks an OpenAI-compatible server, and what a responder answers, for both of its APIs."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.servers.local import Answer

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"

CHARACTERS = 4
"""Characters of a token."""

PIECE = 16
"""Characters of one event of a stream."""


def count_tokens(text: str) -> int:
    """The token rule of this server: a quarter of the characters, rounded up.

    >>> count_tokens(""), count_tokens("four"), count_tokens("fives")
    (0, 1, 2)
    """
    return math.ceil(len(text) / CHARACTERS)


@dataclass(frozen=True)
class Request:
    """A request for a completion.

    Attributes:
        number: 1 for the first request of this server.
        path: `CHAT` or `RESPONSES`.
        messages: Role and text of each message; for the Responses API its instructions come first, as a
            system message, and the results of tools have the role ``tool``. Other parts are left out.
        tools: As sent.
        headers: Their names in lower case.
        raw: The body as sent.
    """

    number: int
    path: str
    model: str
    messages: list[dict[str, str]]
    tools: list[dict[str, Any]]
    temperature: float | None
    stream: bool
    headers: dict[str, str]
    raw: bytes = field(repr=False)

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body, parsed."""
        return dict(json.loads(self.raw))

    @property
    def searches(self) -> bool:
        """Whether the server's own web search is among the tools."""
        return any(str(tool.get("type")).startswith("web_search") for tool in self.tools)

    @property
    def choices(self) -> int:
        """How many messages a chat completion is asked for; a stream gives one."""
        return 1 if self.stream else int(self.body.get("n") or 1)

    @property
    def prompt_tokens(self) -> int:
        """The sum over the messages' texts, and the tools as they were sent."""
        tools = count_tokens(json.dumps(self.tools)) if self.tools else 0
        return tools + sum(count_tokens(message["text"]) for message in self.messages)


def parse(number: int, path: str, headers: Mapping[str, str], raw: bytes) -> Request:
    """Read a request.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: It is not one.
    """
    body = json.loads(raw)
    return Request(
        number=number,
        path=path,
        model=body["model"],
        messages=_chat_messages(body["messages"]) if path == CHAT else _input_messages(body),
        tools=list(body.get("tools") or ()),
        temperature=body.get("temperature"),
        stream=bool(body.get("stream")),
        headers={name.lower(): value for name, value in headers.items()},
        raw=raw,
    )


def _chat_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"role": message["role"], "text": _text(message.get("content"))} for message in messages]


def _input_messages(body: Mapping[str, Any]) -> list[dict[str, str]]:
    instructions = body.get("instructions")
    messages = [{"role": "system", "text": instructions}] if instructions else []
    if isinstance(body["input"], str):
        return [*messages, {"role": "user", "text": body["input"]}]
    for item in body["input"]:
        if item.get("type") == "function_call_output":
            messages.append({"role": "tool", "text": _text(item["output"])})
        elif "role" in item:
            messages.append({"role": item["role"], "text": _text(item["content"])})
    return messages


def _text(content: str | Sequence[Mapping[str, Any]] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())


@dataclass(frozen=True)
class ToolCall:
    """A call of one of the caller's functions; `args` as a string are sent as they are, e.g. malformed."""

    name: str
    args: Mapping[str, Any] | str

    @property
    def arguments(self) -> str:
        """The arguments as they are sent."""
        return self.args if isinstance(self.args, str) else json.dumps(self.args)


@dataclass(frozen=True)
class Source:
    """A page that the server's own web search cites."""

    title: str
    url: str


@dataclass(frozen=True)
class Reply(Answer):
    """What a responder answers.

    Attributes:
        text: The message.
        tool_calls: Calls of the caller's functions.
        sources: Pages to cite, where the server's own web search was asked for: each adds a link to the
            message, and an annotation that covers the link.
        finish_reason: As of chat completions; if not given, ``tool_calls`` or ``stop``.
        cached_tokens: Prompt tokens read from a cache, at most all.
        cache_write_tokens: Prompt tokens written to a cache.
        reasoning_tokens: Completion tokens beside those of the text and the tool calls.
        error: The error object of a reply whose status is not 200.
        body: JSON to send instead of OpenAI's.
    """

    text: str = ""
    tool_calls: Sequence[ToolCall] = ()
    sources: Sequence[Source] = ()
    finish_reason: str | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


Responder = Callable[[Request], Reply | str]


def as_reply(reply: Reply | str) -> Reply:
    """What a responder has said, as a reply."""
    return Reply(reply) if isinstance(reply, str) else reply


_ERRORS = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request."),
    529: ("overloaded_error", "overloaded", "The server is overloaded."),
}


def failure(status: int, message: str = "", *, headers: Mapping[str, str] | None = None) -> Reply:
    """An error as OpenAI sends it: 400, 401, 404 (model), 429, 500 or 529 (overloaded).

    >>> failure(429, headers={"Retry-After": "1"}).error["code"]
    'rate_limit_exceeded'
    """
    kind, code, usual = _ERRORS[status]
    error = {"message": message or usual, "type": kind, "param": None, "code": code}
    return Reply(status=status, error=error, headers=headers or {})


FAULTS: Mapping[str, Reply] = {
    "hang": Reply("never sent", fault="hang"),
    "truncate": Reply("cut in its middle", fault="truncate"),
    "reset": Reply("never sent", fault="reset"),
    "malformed": Reply("no JSON", fault="malformed"),
    "empty": Reply(""),
    "content_filter": Reply("", finish_reason="content_filter"),
    **{str(status): failure(status) for status in _ERRORS},
}
"""Everything that can go wrong, by name, for table-driven tests."""
