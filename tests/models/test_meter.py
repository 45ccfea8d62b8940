"""The meter: caps hold for fleets of calls, whatever becomes of each, and nothing stays reserved."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import tokens, used
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.models.counting import FAST
from langgraph_tumix.models.limiter import limiter
from langgraph_tumix.models.meter import ATTEMPTS, MOST_SENT, Meter
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.models.pace import Pace
from langgraph_tumix.models.price import Price
from langgraph_tumix.testing import ScriptedChatModel

pytestmark = pytest.mark.usefixtures("time_flies")

PRICE = Price(1.0, 4.0)


def meter(ledger: Ledger, *, due: float | None = None, call_seconds: float = 10.0) -> Meter:
    return Meter(ledger, question="q", ceiling=64, call_seconds=call_seconds, due=due, backoff=0.0)


def said(text: str, *, sent: int = 10, written: int = 5) -> AIMessage:
    return AIMessage(
        text, usage_metadata={"input_tokens": sent, "output_tokens": written, "total_tokens": sent + written}
    )


class Refused(Exception):
    """An exception as providers' clients raise it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__("refused")
        self.status_code = status
        self.response = type("Response", (), {"headers": headers})()


class Unhurried(Pace):
    """Lets everything through at once: what is tried here is how often, not when."""

    def delay(self, now: float) -> float:
        return 0.0


@dataclass(frozen=True)
class Call:
    """What becomes of one call of the fleet: it waits, then gives a share of its limit, fails, or is cancelled."""

    steps: int
    fate: str
    share: int


fleets = st.lists(
    st.builds(
        Call,
        steps=st.integers(0, 4),
        fate=st.sampled_from(["reply", "reply", "reply", "no usage", "500", "401", "reset", "broken", "cancelled"]),
        share=st.integers(0, 100),
    ),
    min_size=1,
    max_size=40,
)


class Fleet(ScriptedChatModel):
    """Plays the calls one after the other as they come, with up to 100 output tokens each."""

    calls_to_play: list[Any] = field(default_factory=list)
    max_tokens: int = 100

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        call: Call = self.calls_to_play.pop() if self.calls_to_play else Call(0, "reply", 50)
        for _ in range(call.steps):
            await asyncio.sleep(0)
        match call.fate:
            case "500" | "401":
                raise Refused(int(call.fate))
            case "reset":
                raise ConnectionResetError("reset by peer")
            case "broken":
                raise ValueError("not JSON")
            case "no usage":
                reply = AIMessage("x" * 4 * call.share)
            case _:
                reply = said("ok", sent=2, written=call.share)
        return ChatResult(generations=[ChatGeneration(message=reply)])


@given(fleets, st.integers(50, 2000), st.booleans(), st.randoms(use_true_random=False))
async def test_a_fleet_never_passes_a_cap_and_leaves_nothing_reserved(
    fleet: list[Call], cap: int, dollars: bool, rng: random.Random
) -> None:
    """Fifteen agents of three questions within one run; failures, retries and cancellations at random."""
    run = Ledger(Budget(usd=cap * 4e-6) if dollars else Budget(tokens=cap))
    model = resolve(Fleet(responder=lambda _: "", calls_to_play=list(fleet)), {"Fleet": PRICE})
    questions = [Ledger(Budget(within=run, model_calls=30), name="question") for _ in range(3)]

    async def call(planned: Call) -> None:
        account = meter(rng.choice(questions)).account("agent")
        task = asyncio.ensure_future(account.ask(model, [HumanMessage("hi")]))
        if planned.fate == "cancelled":
            for _ in range(planned.steps + 1):
                await asyncio.sleep(0)
            task.cancel()
        with contextlib.suppress(ModelError, BudgetExceeded, asyncio.CancelledError):
            await task
        assert account.ledger.under_way == 0

    await asyncio.wait_for(asyncio.gather(*map(call, fleet)), 20)
    assert tokens(run.spent) <= cap or dollars
    assert run.spent["usd"] is not None
    assert not dollars or run.spent["usd"] <= cap * 4e-6 + 1e-15
    assert [ledger.under_way for ledger in (run, *questions)] == [0] * 4
    assert sum(tokens(question.spent) for question in questions) == tokens(run.spent)
    assert (limiter(model.lane).in_flight, limiter(model.lane).waiting) == (0, 0)


def scripted(*replies: AIMessage | Exception | str, latency: float = 0.0) -> Model:
    left = list(replies)
    return resolve(ScriptedChatModel(responder=lambda _: left.pop(0), latency=latency))


async def test_who_does_not_fit_yet_waits_for_what_others_give_back() -> None:
    """Two worst cases do not fit under the cap together, two real costs do; across questions, too."""
    run, model = Ledger(Budget(tokens=20_000)), scripted(said("a"), said("b"), latency=0.01)
    first, second = (meter(Ledger(Budget(within=run), name="question")) for _ in range(2))
    replies = await asyncio.gather(first.ask(model, [HumanMessage("?")]), second.ask(model, [HumanMessage("?")]))
    assert [reply.text for reply in replies] == ["a", "b"]
    assert tokens(run.spent) == 30


async def test_a_cap_that_nobody_can_free_refuses_at_once() -> None:
    question = Ledger(Budget(tokens=100_000), name="question")
    busy = asyncio.create_task(meter(question).ask(scripted("late", latency=60), [HumanMessage("?")]))
    await asyncio.sleep(0.01)
    poor = meter(question).account("agent C+", Budget(tokens=10))
    with pytest.raises(BudgetExceeded, match=r"^agent C\+: tokens is limited to 10, 0 is"):
        await asyncio.wait_for(poor.ask(scripted("never"), [HumanMessage("?")]), 1)
    busy.cancel()
    await asyncio.gather(busy, return_exceptions=True)


async def test_a_tool_that_asks_a_model_does_not_wait_for_itself() -> None:
    """A paid search by the model's own tool: what the search costs is settled before its call is reserved."""
    own = meter(Ledger(Budget(usd=0.05)))
    async with own.tool(0.04):
        with pytest.raises(BudgetExceeded, match=r"usd is limited to 0\.05, 0\.04 is spent"):
            await asyncio.wait_for(own.ask(priced("no"), [HumanMessage("?")]), 1)
    assert own.ledger.spent["usd"] == 0.04


def priced(*replies: str) -> Model:
    left = list(replies)
    return resolve(ScriptedChatModel(responder=lambda _: left.pop(0)), {"ScriptedChatModel": Price(1, 4)})


async def test_a_waiter_that_is_cancelled_leaves_nothing() -> None:
    run, model = Ledger(Budget(tokens=17_000)), scripted("slow", "never", latency=60)
    tasks = [asyncio.create_task(meter(run).ask(model, [HumanMessage("?")])) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert run.under_way == 1
    for task in reversed(tasks):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (run.under_way, run._wakers, limiter(model.lane).in_flight) == (0, set(), 0)


async def test_a_call_that_is_given_up_is_charged_for_what_may_have_been_written() -> None:
    account = meter(Ledger(), call_seconds=10)
    with pytest.raises(ModelError, match="too long") as failure:
        await account.ask(scripted("late", latency=60), [HumanMessage("x" * 400)])
    assert not failure.value.retryable
    spent = account.ledger.spent
    assert (spent["model_calls"], spent["unmetered_calls"], spent["input_tokens"]) == (1, 1, 101)
    assert spent["output_tokens"] == pytest.approx(10 * FAST, abs=1)


async def test_a_call_that_is_cancelled_is_charged_and_one_that_only_waited_is_not() -> None:
    account, model = meter(Ledger()), scripted("late", "never", latency=60)
    one_at_a_time = replace(account, ceiling=1)
    tasks = [asyncio.create_task(one_at_a_time.ask(model, [HumanMessage("x" * 400)])) for _ in range(2)]
    await asyncio.sleep(0.02)
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    spent = account.ledger.spent
    assert (spent["model_calls"], spent["unmetered_calls"], spent["input_tokens"]) == (1, 1, 101)


@pytest.mark.parametrize(
    ("failure", "calls", "billed"),
    [
        (Refused(401), 1, 0),
        (Refused(500), 3, 0),
        (Refused(500, **{"x-should-retry": "false"}), 1, 0),
        (ConnectionRefusedError("no server"), 3, 0),
        (ConnectionResetError("in mid-body"), 3, 3),
        (ValueError("not JSON"), 1, 1),
    ],
    ids=["401", "500", "500 for good", "refused", "reset", "not JSON"],
)
async def test_what_failed_is_counted_and_billed_if_it_may_have_been_done(
    failure: Exception, calls: int, billed: int
) -> None:
    account = meter(Ledger())
    with pytest.raises(ModelError):
        await account.ask(scripted(*[failure] * 3), [HumanMessage("hi")])
    assert account.ledger.spent["model_calls"] == calls
    assert account.ledger.spent["unmetered_calls"] == billed
    assert (account.ledger.spent["input_tokens"] > 0) == (billed > 0)


async def test_a_pause_that_reaches_beyond_the_deadline_is_not_begun() -> None:
    now = asyncio.get_running_loop().time()
    account = meter(Ledger(), due=now + 20)
    with pytest.raises(ModelError, match=r"no time to wait 30 s") as failure:
        await asyncio.wait_for(account.ask(scripted(Refused(429, **{"retry-after": "30"})), [HumanMessage("?")]), 5)
    assert failure.value.kind == "rate_limit"
    assert account.ledger.spent["model_calls"] == 1


@pytest.mark.parametrize(("own", "above", "soonest"), [(5.0, 9.0, 5.0), (9.0, 5.0, 5.0), (None, 5.0, 5.0)])
async def test_an_account_is_due_when_the_first_of_its_deadlines_is(
    own: float | None, above: float, soonest: float
) -> None:
    assert meter(Ledger(), due=above).account("agent", due=own).due == soonest


async def test_retries_are_inside_the_pause_that_the_provider_asks_for() -> None:
    begun = asyncio.get_running_loop().time()
    model = scripted(Refused(429, **{"retry-after-ms": "60"}), said("ok"))
    limiter(model.lane).pace = Unhurried()
    assert (await meter(Ledger()).ask(model, [HumanMessage("?")])).text == "ok"
    assert asyncio.get_running_loop().time() - begun == pytest.approx(0.06)


async def test_a_refusal_by_rate_is_waited_out_while_the_provider_takes_others() -> None:
    """However often: there was no room yet. It is lost only if everybody is refused."""
    refusals, room = iter(range(7)), asyncio.Event()

    class Crowded(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if messages[0].text == "first":
                await room.wait()
            elif next(refusals, None) is not None:
                raise Refused(429, **{"retry-after-ms": "1"})
            return await super()._agenerate(messages, *args, **kwargs)

    model, account = resolve(Crowded(responder=lambda _: "ok")), meter(Ledger())
    limiter(model.lane).pace = Unhurried()
    first = asyncio.create_task(account.ask(model, [HumanMessage("first")]))
    await asyncio.sleep(0.01)
    assert (await account.ask(model, [HumanMessage("second")])).text == "ok"
    room.set()
    await first
    assert account.ledger.spent["model_calls"] == 1 + 7 + 1
    refusals = iter(range(7))
    with pytest.raises(ModelError, match="rate limit"):
        await account.ask(model, [HumanMessage("third")])
    assert account.ledger.spent["model_calls"] == 9 + ATTEMPTS


async def test_who_is_refused_for_ever_gives_up_though_others_are_taken() -> None:
    class Picky(ScriptedChatModel):
        async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
            if messages[0].text == "too large":
                raise Refused(429, **{"retry-after-ms": "1"})
            await asyncio.sleep(3600)

    model, account = resolve(Picky(responder=lambda _: "ok")), meter(Ledger())
    limiter(model.lane).pace = Unhurried()
    at_work = asyncio.create_task(account.ask(model, [HumanMessage("first")]))
    await asyncio.sleep(0.01)
    with pytest.raises(ModelError, match="rate limit"):
        await account.ask(model, [HumanMessage("too large")])
    at_work.cancel()
    await asyncio.gather(at_work, return_exceptions=True)
    assert account.ledger.spent["model_calls"] == 1 + MOST_SENT


async def test_without_a_deadline_a_long_queue_is_no_reason_to_give_up() -> None:
    """Seen against a server of 5 requests a second: who had waited for longer than a call may take was turned away."""
    calls: Iterator[AIMessage | Exception] = iter(
        [said("slow"), Refused(429, **{"retry-after-ms": "30"}), said("late"), said("late")]
    )

    class Slow(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0.06)
            return await super()._agenerate(*args, **kwargs)

    def respond(_: Any) -> AIMessage:
        if isinstance(reply := next(calls), Exception):
            raise reply
        return reply

    model = resolve(Slow(responder=respond))
    account = replace(meter(Ledger(), call_seconds=0.1), ceiling=1)
    asked = [account.ask(model, [HumanMessage("?")]) for _ in range(3)]
    assert sorted(reply.text for reply in await asyncio.gather(*asked)) == ["late", "late", "slow"]


async def test_a_run_may_be_shared_by_event_loops() -> None:
    run, loops = Ledger(Budget(tokens=200)), 4

    def spend(_: int) -> int:
        async def calls() -> int:
            done = 0
            model = resolve(Fleet(responder=lambda _: ""))
            for _ in range(20):
                try:
                    await meter(run).ask(model, [HumanMessage("hi")])
                except BudgetExceeded:
                    break
                done += 1
            return done

        return asyncio.run(calls())

    done = await asyncio.gather(*(asyncio.to_thread(spend, number) for number in range(loops)))
    assert tokens(run.spent) == 52 * sum(done) <= 200
    assert (run.under_way, sum(done)) == (0, 2)


async def test_an_output_limit_is_set_under_a_cap_and_never_above_the_model_s_own() -> None:
    sent: list[Any] = []

    class Recording(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            sent.append(kwargs.get("max_tokens"))
            return await super()._agenerate(*args, **kwargs)

    make: Callable[..., Model] = lambda **options: resolve(Recording(responder=lambda _: "ok", **options))  # noqa: E731
    for budget in (None, Budget(tokens=50_000)):
        for model in (make(), make(profile={"max_output_tokens": 4096})):
            await meter(Ledger(budget)).ask(model, [HumanMessage("?")])
    assert sent == [None, None, 16_384, 4096]


async def test_calls_of_nothing_are_not_tokens() -> None:
    account = meter(Ledger(Budget(model_calls=1), spent=used(model_calls=1), name="question"))
    with pytest.raises(BudgetExceeded, match=r"^question: model_calls is limited to 1, 1 is"):
        await account.ask(scripted("never"), [HumanMessage("?")])
