"""Model calls with a meter running: reserved before, settled after, limited in number, retried in one place."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.models.failure import model_error, retry_after
from langgraph_tumix.models.model import Model

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a call is sent at most, where sending it again can help."""

LONGEST_WAIT = 30.0
"""Seconds to wait at most before a call is sent again."""

OUTPUT_LIMIT = 16_384
"""Output tokens a call may use under a cap on tokens or dollars, if the model sets no limit of its own.

A cap has to reserve what a call can cost at worst, and models may answer with 100,000 tokens; reasoning models have
been seen to return nothing at all under limits of 4,096.
"""


@dataclass
class Meter:
    """What the calls of one question share, and the account that they are charged to.

    Attributes:
        ledger: The account of whoever calls, within the question's.
        slots: Limits the calls in flight.
        call_seconds: Wall time of one call at most.
    """

    ledger: Ledger
    slots: asyncio.Semaphore
    call_seconds: float
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def account(self) -> "Meter":
        """Return a meter with an account of its own within this one's."""
        return Meter(Ledger(parent=self.ledger), self.slots, self.call_seconds, self._settled)

    async def ask(
        self,
        model: Model,
        messages: Sequence[BaseMessage],
        *,
        temperature: float | None = None,
        tools: Sequence[Any] = (),
        tool_choice: str | None = None,
    ) -> AIMessage:
        """Send `messages` and return the reply, which is never empty.

        Raises:
            BudgetExceeded: The call does not fit under a cap any more.
            ModelError: The call failed, for good or `ATTEMPTS` times.
        """
        options: dict[str, Any] = {}
        if temperature is not None and _takes_temperature(model):
            options["temperature"] = temperature
        if self.ledger.caps_tokens and _own_limit(model) is None:
            options["max_tokens"] = OUTPUT_LIMIT
        chat: Any = model.chat
        if tools:
            chat = chat.bind_tools(list(tools), **({"tool_choice": tool_choice} if tool_choice else {}))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._send(model, chat, messages, options)
            except ModelError as error:
                if attempt == ATTEMPTS or not error.retryable:
                    raise
                logger.info("%s: sending again after attempt %d: %s", model.name, attempt, error)
                await asyncio.sleep(_pause(error, attempt))
        raise AssertionError("the last attempt returns or raises")

    async def _send(
        self, model: Model, chat: Any, messages: Sequence[BaseMessage], options: dict[str, Any]
    ) -> AIMessage:
        async with self.slots, self._reserved(self._worst(model, messages)) as bill:
            # A call that is cancelled or times out has been sent and may be billed: its input is charged by estimate.
            bill.update(_estimated(model, messages, ""))
            try:
                async with asyncio.timeout(self.call_seconds):
                    reply = await chat.ainvoke(list(messages), config={"tags": ["nostream"]}, **options)
            except Exception as error:
                failure = model_error(error)
                if failure.kind != "timeout":
                    bill.update(used(model_calls=1))  # a call that was refused is not billed
                raise failure from error
            bill.update(_metered(model, messages, reply))
        return _checked(reply)

    @contextlib.asynccontextmanager
    async def tool(self, usd: float | None = 0.0) -> AsyncIterator[None]:
        """Charge one tool use at `usd` dollars (None: unknown) while the body runs.

        Raises:
            BudgetExceeded: It does not fit under a cap any more.
        """
        async with self._reserved(used(tool_calls=1, usd=usd)) as bill:
            bill.update(used(tool_calls=1, usd=usd))
            yield

    @contextlib.asynccontextmanager
    async def _reserved(self, worst: Usage) -> AsyncIterator[Usage]:
        while True:
            try:
                self.ledger.reserve(worst)
                break
            except BudgetExceeded:
                if not self.ledger.waiting:
                    raise
                # Calls under way have reserved their worst case; most of it comes back when they settle.
                self._settled.clear()
                await self._settled.wait()
        bill = used()
        try:
            yield bill
        finally:
            self.ledger.settle(worst, bill)
            self._settled.set()

    def _worst(self, model: Model, messages: Sequence[BaseMessage]) -> Usage:
        if not self.ledger.caps_tokens:
            return used(model_calls=1)
        # No tokenizer makes more tokens than there are bytes; 16 are for the frame of each message.
        most = sum(len(_text(message).encode("utf-8", "replace")) + 16 for message in messages)
        usage = used(model_calls=1, input_tokens=most, output_tokens=_own_limit(model) or OUTPUT_LIMIT)
        usage["usd"] = model.usd(usage)
        return usage


def _text(message: BaseMessage) -> str:
    return message.content if isinstance(message.content, str) else str(message.content)


def _own_limit(model: Model) -> int | None:
    limit = getattr(model.chat, "max_tokens", None)
    return limit if isinstance(limit, int) else None


def _takes_temperature(model: Model) -> bool:
    takes = bool(model.profile.get("temperature", True))
    if not takes:
        logger.info("%s takes no temperature: its samples differ by chance only", model.name)
    return takes


def _pause(error: ModelError, attempt: int) -> float:
    if error.kind == "empty":
        return 0.0  # chance, not overload
    asked = retry_after(error.__cause__) if isinstance(error.__cause__, Exception) else None
    # Full jitter, so that fifteen agents that were refused together do not come back together.
    return min(LONGEST_WAIT, random.uniform(0, 2.0 ** (attempt - 1)) if asked is None else asked)


def _estimated(model: Model, messages: Sequence[BaseMessage], reply: str) -> Usage:
    usage = used(
        model_calls=1,
        unmetered_calls=1,
        input_tokens=sum(len(_text(message)) for message in messages) // 4 + 1,
        output_tokens=len(reply) // 4,
    )
    usage["usd"] = model.usd(usage)
    return usage


def _metered(model: Model, messages: Sequence[BaseMessage], reply: AIMessage) -> Usage:
    meta = reply.usage_metadata
    if meta is None:
        return _estimated(model, messages, _text(reply))
    read, written = meta.get("input_token_details", {}), meta.get("output_token_details", {})
    usage = used(
        model_calls=1,
        input_tokens=meta["input_tokens"],
        output_tokens=meta["output_tokens"],
        cache_read_tokens=_detail(read, "cache_read"),
        cache_write_tokens=_detail(read, "cache_creation"),
        reasoning_tokens=_detail(written, "reasoning"),
    )
    usage["usd"] = model.usd(usage)
    return usage


def _detail(details: Any, name: str) -> int:
    # On some service tiers the names carry a prefix, such as `flex_cache_read`.
    return sum(count or 0 for key, count in details.items() if key == name or key.endswith(f"_{name}"))


def _checked(reply: AIMessage) -> AIMessage:
    if reply.text.strip() or reply.tool_calls:
        return reply
    reason = str(reply.response_metadata.get("finish_reason") or "")
    if reason == "length":
        raise ModelError("empty", "the reply is empty: the output limit was used up before any text; raise max_tokens")
    if reason == "content_filter":
        raise ModelError("refused", "the provider's content filter withheld the reply")
    raise ModelError("empty", "the reply is empty", retryable=True)
