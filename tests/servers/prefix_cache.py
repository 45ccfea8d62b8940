"""A provider's prompt cache, imitated: what a prompt shares with earlier ones is read, and its first token is early.

Around any responder::

    cache = PrefixCache(published="prefill")
    async with OpenAIServer(cache.around(respond)) as server: ...

Nothing is ever forgotten. Real caches forget after minutes, and send some requests to a machine that has not seen the
prefix; neither is imitated.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from tests.servers.openai_protocol import CHARACTERS, PIECE, Reply, Request, Responder, as_reply
from tests.servers.openai_wire import completion_tokens

BLOCK = 16
"""Tokens of a block: a prefix is cached in whole blocks."""

LEAST = 1024
"""Tokens of the shortest prefix that is cached."""


class _Prefix(NamedTuple):
    """A prefix of a prompt: its digest, its length in tokens, and whether the request asks to have it kept."""

    digest: bytes
    tokens: int
    kept: bool


@dataclass
class PrefixCache:
    """What a provider has kept of earlier prompts.

    Attributes:
        published: When others can read what a request has brought: once it has been read through (``prefill``), or as
            soon as it is there (``scheduling``).
        breakpoints: Whether only what ends at a breakpoint is kept, as OpenAI does from GPT-5.6 on; then what is
            written is counted, too. A breakpoint stands where a block says so, and at the end of the last message
            unless the options ask for explicit ones only.
        least: Tokens of the shortest prefix that is cached.
        first: Seconds until the first token of a prompt that is all in the cache.
        prefill: Tokens that are read through in a second.
        decode: Tokens that are written in a second.
        firsts: Seconds until the first token of each request.
    """

    published: Literal["prefill", "scheduling"] = "prefill"
    breakpoints: bool = False
    least: int = LEAST
    first: float = 0.0
    prefill: float = math.inf
    decode: float = math.inf
    firsts: list[float] = field(default_factory=list)
    _ready: dict[bytes, float] = field(default_factory=dict)

    def around(self, responder: Responder) -> Responder:
        """Return a responder whose replies come when the cache lets them, and say what was read from it."""
        return lambda request: self._served(request, as_reply(responder(request)))

    def _served(self, request: Request, reply: Reply) -> Reply:
        now = time.monotonic()
        prefixes = [prefix for prefix in self._prefixes(request) if prefix.tokens >= self.least]
        there = [prefix.tokens for prefix in prefixes if self._ready.get(prefix.digest, math.inf) <= now]
        read = min(max(there, default=0), request.prompt_tokens)
        first = self.first + (request.prompt_tokens - read) / self.prefill
        self.firsts.append(first)
        brought = [prefix for prefix in prefixes if prefix.kept]
        ready = now if self.published == "scheduling" else now + first
        for prefix in brought:
            self._ready[prefix.digest] = min(ready, self._ready.get(prefix.digest, math.inf))
        longest = min(max((prefix.tokens for prefix in brought), default=0), request.prompt_tokens)
        writing = completion_tokens(request, reply) / self.decode
        return replace(
            reply,
            cached_tokens=read,
            cache_write_tokens=max(0, longest - read) if self.breakpoints else 0,
            latency=reply.latency + first + (0.0 if request.stream else writing),
            pause=reply.pause + PIECE / CHARACTERS / self.decode,
        )

    def _prefixes(self, request: Request) -> Iterator[_Prefix]:
        opening = request.model + (json.dumps(request.tools) if request.tools else "")
        return _ends(request, opening) if self.breakpoints else _blocks(request, opening)


def _blocks(request: Request, opening: str) -> Iterator[_Prefix]:
    """All prefixes of whole blocks, each of which is kept."""
    text = opening + "".join(message["role"][0] + message["text"] for message in request.messages)
    digest, size = b"", BLOCK * CHARACTERS
    for end in range(size, len(text) + 1, size):
        digest = hashlib.blake2b(digest + text[end - size : end].encode(), digest_size=16).digest()
        yield _Prefix(digest, end // CHARACTERS, kept=True)


def _ends(request: Request, opening: str) -> Iterator[_Prefix]:
    """All prefixes that end with a marked block or with a message; the latter are kept at the last message only."""
    explicit = (request.body.get("prompt_cache_options") or {}).get("mode") == "explicit"
    text, messages = opening, request.body.get("messages") or request.body["input"]
    for number, message in enumerate(messages, 1):
        text += str(message.get("role"))[0]
        for part in _parts(message.get("content")):
            text += part.get("text", "")
            if "prompt_cache_breakpoint" in part:
                yield _prefix(text, kept=True)
        yield _prefix(text, kept=not explicit and number == len(messages))


def _prefix(text: str, *, kept: bool) -> _Prefix:
    return _Prefix(hashlib.blake2b(text.encode(), digest_size=16).digest(), len(text) // CHARACTERS, kept)


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"text": content}] if isinstance(content, str) else list(content or ())
