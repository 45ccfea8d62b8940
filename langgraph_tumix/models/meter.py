"""Model calls with a meter running: reserved before, settled after, at a bearable pace, retried in one place."""

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.models.counting import FAST, estimated, metered, output_limit, own_limit, worst_case
from langgraph_tumix.models.ending import checked
from langgraph_tumix.models.failure import model_error
from langgraph_tumix.models.leader import Prefix, streamed
from langgraph_tumix.models.limiter import TooLate, Turn, limiter
from langgraph_tumix.models.model import Model
from langgraph_tumix.models.shared import SharedLedger

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a call is sent at most, where sending it again can help.

A refusal by rate is no attempt if the provider takes the calls of others meanwhile: then there was no room for this one
yet, and it waits for its turn.
"""

MOST_SENT = 12
"""How often it is sent in any case. Who is refused so often at a bearable pace will be refused for ever: OpenAI answers
429 to a call that is larger than a minute's tokens, too."""


@dataclass(frozen=True)
class Meter:
    """Calls models on somebody's account.

    Attributes:
        ledger: The account of whoever calls, within the question's.
        question: Whose turn it is at the limiter: questions take turns.
        ceiling: Calls of one model in flight at one time, over all questions.
        call_seconds: Wall time of one call at most.
        due: When whoever calls must be done, on the event loop's clock; None is never.
        backoff: Seconds of which the pause after the first failure is a random part; it doubles each time.
    """

    ledger: Ledger
    question: Hashable
    ceiling: int
    call_seconds: float
    due: float | None = None
    backoff: float = 1.0

    def account(self, name: str, budget: Budget | None = None, *, due: float | None = None) -> "Meter":
        """Return a meter with an account of its own within this one's.

        Args:
            name: What errors call the account, e.g. ``agent C+``.
            budget: Its caps.
            due: When whoever calls must be done; never later than by this meter.
        """
        soonest = min((when for when in (self.due, due) if when is not None), default=None)
        return replace(self, ledger=Ledger(budget, name=name, parent=self.ledger), due=soonest)

    async def ask(
        self,
        model: Model,
        messages: Sequence[BaseMessage],
        *,
        temperature: float | None = None,
        tools: Sequence[Any] = (),
        tool_choice: str | None = None,
        further: Mapping[str, Any] = MappingProxyType({}),
        lead: Prefix | None = None,
    ) -> AIMessage:
        """Send `messages` and return the reply, which is never empty.

        Args:
            model: Who is asked.
            messages: What is sent.
            temperature: Where the model takes one.
            tools: Tools to bind.
            tool_choice: Which of them the model may call.
            further: Further options, as the model's provider names them.
            lead: What this call goes ahead for: it is told when the call is sent, and when its first token comes.

        Raises:
            BudgetExceeded: The call does not fit under a cap any more.
            ModelError: The call failed, for good or `ATTEMPTS` times.
        """
        options: dict[str, Any] = dict(further)
        if temperature is not None and _takes_temperature(model):
            options["temperature"] = temperature
        if self.ledger.caps_tokens and own_limit(model) is None:
            options["max_tokens"] = output_limit(model)
        chat: Any = model.chat if lead is None else model.streaming
        if tools:
            chat = chat.bind_tools(list(tools), **({"tool_choice": tool_choice} if tool_choice else {}))
        worst = worst_case(model, messages, tools) if self.ledger.caps_tokens else used(model_calls=1)
        attempts = 0
        for sent in range(1, MOST_SENT + 1):
            try:
                return await self._send(model, chat, messages, options, worst, lead)
            except ModelError as error:
                attempts += not error.crowded
                if not error.retryable or attempts == ATTEMPTS or sent == MOST_SENT:
                    raise
                await self._pause(model, error, max(1, attempts))
        raise AssertionError("the last attempt returns or raises")

    async def _send(
        self,
        model: Model,
        chat: Any,
        messages: Sequence[BaseMessage],
        options: dict[str, Any],
        worst: Usage,
        lead: Prefix | None,
    ) -> AIMessage:
        async with self._turn(model) as turn, self._reserved(worst) as bill:
            begun = _now()
            try:
                async with asyncio.timeout(self.call_seconds):
                    config: RunnableConfig = {"tags": ["nostream"], "run_name": speaker(self.ledger)}
                    if lead is None:
                        reply = await chat.ainvoke(list(messages), config=config, **options)
                    else:
                        reply = await streamed(chat, list(messages), lead, config=config, **options)
            except asyncio.CancelledError:
                # It has been sent and may be billed, for as much as was written until now.
                bill.update(estimated(model, messages, int(FAST * (_now() - begun))))
                raise
            except Exception as error:
                failure = model_error(error)
                if failure.billed:
                    bill.update(estimated(model, messages, int(FAST * (_now() - begun))))
                if failure.kind == "rate_limit":
                    failure.crowded = turn.refused(failure.wait)
                raise failure from error
            turn.answered()
            bill.update(metered(model, messages, reply))
        return checked(reply)

    @contextlib.asynccontextmanager
    async def _turn(self, model: Model) -> AsyncIterator[Turn]:
        try:
            due, patience = (math.inf, self.call_seconds) if self.due is None else (self.due, math.inf)
            async with limiter(model.lane).turn(self.question, self.ceiling, due, patience) as turn:
                yield turn
        except TooLate as error:
            raise ModelError("rate_limit", f"the provider's rate limit was reached; {error}") from error

    async def _pause(self, model: Model, error: ModelError, attempt: int) -> None:
        """Wait before the next attempt, unless there is no time for it."""
        if error.kind == "empty":
            return  # chance, not overload
        # Jitter, so that agents that failed together do not come back together.
        pause = random.uniform(0.0, self.backoff * 2.0 ** (attempt - 1)) if error.wait is None else error.wait
        # Without a deadline, a pause has no sense once a call would be given up as well.
        if pause >= (self.call_seconds if self.due is None else self.due - _now()):
            raise ModelError(error.kind, f"{error}; no time to wait {pause:.0f} s and try again") from error.__cause__
        logger.info("%s: sending again in %.1f s after attempt %d: %s", model.name, pause, attempt, error)
        await asyncio.sleep(pause)

    @contextlib.asynccontextmanager
    async def tool(self, usd: float | None = 0.0) -> AsyncIterator[None]:
        """Charge one tool use at `usd` dollars (None: unknown), then run the body.

        Nothing stays reserved meanwhile: the body may call models, and must not wait for itself.

        Raises:
            BudgetExceeded: It does not fit under a cap any more.
        """
        use = used(tool_calls=1, usd=usd)
        async with self._reserved(use) as bill:
            bill.update(use)
        yield

    @contextlib.asynccontextmanager
    async def _reserved(self, worst: Usage) -> AsyncIterator[Usage]:
        await self._reserve(worst)
        bill = used(model_calls=worst["model_calls"])
        try:
            async with self._lease(worst, bill):
                yield bill
        finally:
            self.ledger.settle(worst, bill)

    def _lease(self, worst: Usage, bill: Usage) -> contextlib.AbstractAsyncContextManager[object]:
        """Return what holds leave of those who keep the account, where these are in another process."""
        shared = next((account for account in self.ledger.chain() if isinstance(account, SharedLedger)), None)
        return contextlib.nullcontext() if shared is None else shared.lease(worst, bill)

    async def _reserve(self, worst: Usage) -> None:
        with contextlib.suppress(BudgetExceeded):  # most have room, and need nobody to wake them
            return self.ledger.reserve(worst)
        loop = asyncio.get_running_loop()
        while True:
            settled = asyncio.Event()

            def wake(settled: asyncio.Event = settled) -> None:
                with contextlib.suppress(RuntimeError):  # another loop settled after this one was closed
                    loop.call_soon_threadsafe(settled.set)

            try:
                self.ledger.reserve(worst, wake=wake)
            except BudgetExceeded as refusal:
                if not refusal.pending:
                    raise
                # Calls under way have reserved their worst case; most of it comes back when they settle.
                try:
                    await settled.wait()
                finally:
                    self.ledger.forget(wake)
            else:
                return None


def speaker(ledger: Ledger) -> str:
    """Say who calls, and in which round, as tracers show it.

    >>> round_ = Ledger(name="round 2", parent=Ledger(name="question"))
    >>> speaker(Ledger(name="agent C+", parent=round_))
    'C+, round 2'
    """
    names = takewhile(lambda name: name != "question", (account.name for account in ledger.chain()))
    return ", ".join(names).removeprefix("agent ")


def _now() -> float:
    return asyncio.get_running_loop().time()


def _takes_temperature(model: Model) -> bool:
    takes = bool(model.profile.get("temperature", True))
    if not takes:
        logger.info("%s takes no temperature: its samples differ by chance only", model.name)
    return takes
