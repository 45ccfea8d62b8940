"""One goes first: of calls that open with the same text, one is sent alone, and the others follow at its first token.

A provider can read from its cache what it has read through before. Calls that come together find nothing there: each
is read through, and paid, from its first word. One that goes ahead pays for all, and costs the others the time until
its first token.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks

LIMIT = 10.0
"""Seconds after which the others follow a call that was sent and has not said a word.

By then the longest prompt has been read through; a model that thinks before it speaks may take minutes.
"""


class Prefix:
    """What several calls open with, and whether the provider has it in its cache.

    Args:
        limit: Seconds from when the first call was sent until it is taken for cached in any case.

    Attributes:
        warm: Whether it is cached, as far as can be told from here.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.warm = False
        self._limit = limit
        self._ahead: asyncio.Event | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator["Prefix | None"]:
        """Wait until the prefix is warm, then run the body.

        Who comes first does not wait, but gets the prefix, to say when its call was sent and when it began to be
        answered. However it ends, nobody waits for it any longer: if it has heard nothing, the next goes ahead.
        """
        while self._ahead is not None and not self.warm:
            await self._ahead.wait()
        if self.warm:
            yield None
            return
        ahead = self._ahead = asyncio.Event()
        try:
            yield self
        finally:
            self._ahead = None
            ahead.set()

    def sent(self) -> None:
        """Say that a call has been sent; the limit runs from the first."""
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(self._limit, self.answered)

    def answered(self) -> None:
        """Say that a call has begun to be answered: the others may follow."""
        self.warm = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._ahead is not None:
            self._ahead.set()


async def streamed(chat: Any, messages: list[BaseMessage], lead: Prefix, **options: Any) -> AIMessage:
    """Send `messages`, tell `lead` of it and of the first token, and return the whole reply.

    Args:
        chat: A chat model; from one that cannot stream the whole reply comes at once.
        messages: What is sent.
        lead: What the call goes ahead for.
        options: Of the call.
    """
    lead.sent()
    chunks: list[Any] = []
    async with contextlib.aclosing(chat.astream(messages, **options)) as stream:
        async for chunk in stream:
            chunks.append(chunk)
            if not lead.warm and _says_something(chunk):
                lead.answered()
    first, *others = chunks
    if not isinstance(first, AIMessageChunk):
        return first  # type: ignore[no-any-return]
    return message_chunk_to_message(add_ai_message_chunks(first, *others))  # type: ignore[return-value]


def _says_something(chunk: AIMessage) -> bool:
    """Whether a chunk holds a token: providers may open a stream before they have read the prompt."""
    return bool(
        chunk.content or chunk.tool_calls or chunk.additional_kwargs or getattr(chunk, "tool_call_chunks", None)
    )
