"""Two backends at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from langgraph_tumix.errors import BudgetExceeded, SearchError
from langgraph_tumix.search import Ask, CombinedSearch, CorpusSearch, Found, Hit
from tests.search.asks import nobody

A, B, C, D = (Hit(letter, f"https://{letter}.org/", f"What {letter} says.") for letter in "abcd")


class Backend:
    """Finds what it is told to find, or fails."""

    def __init__(
        self, *hits: Hit, name: str = "backend", summary: str = "", price: float | None = 0.0,
        first: Callable[[], Awaitable[object]] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.usd_per_query = price
        self._found = Found("q", hits, summary)
        self._first = first

    async def search(self, query: str, ask: Ask) -> Found:
        if self._first:
            await self._first()
        return self._found


def failing(error: Exception) -> Callable[[], Awaitable[object]]:
    async def fail() -> None:
        raise error

    return fail


async def search(first: Backend, second: Backend) -> Found:
    return await CombinedSearch(first, second).search("q", nobody)


async def test_hits_alternate() -> None:
    assert (await search(Backend(A, B, C), Backend(D))).hits == (A, D, B, C)
    assert (await search(Backend(), Backend(A, B))).hits == (A, B)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (A, Hit("same", "http://www.A.org?utm_source=x&utm_medium=y#here", "Less."), A),
        (Hit("bare", "https://a.org", ""), A, Hit("bare", "https://a.org", A.text)),
        (A, Hit("copy", "https://mirror.org", "what A says"), A),
    ],
)
async def test_a_source_appears_once(first: Hit, second: Hit, kept: Hit) -> None:
    assert (await search(Backend(first), Backend(second))).hits == (kept,)


@pytest.mark.parametrize(
    "other",
    [
        Hit("", "https://a.org/page", "Another page."),
        Hit("", "https://a.org/?id=2", "Another query."),
        Hit("", "corpus:a", "A local article."),
        Hit("", "https://[broken", "A broken address."),
        Hit("", "https://sub.a.org/", "Another host."),
    ],
)
async def test_other_sources_stay(other: Hit) -> None:
    assert (await search(Backend(A), Backend(other))).hits == (A, other)


async def test_sources_without_passages_stay_apart() -> None:
    bare = [Hit("", f"https://{host}.org", "") for host in "xyz"]
    assert (await search(Backend(*bare), Backend())).hits == tuple(bare)


async def test_summaries_are_joined() -> None:
    found = await search(Backend(summary="One."), Backend(summary="Two."))
    assert found.summary == "One.\n\nTwo."


async def test_one_failure_is_said_and_the_rest_returned() -> None:
    down = Backend(first=failing(SearchError("Tavily: no credits")))
    for pair in ((down, Backend(A, summary="Ok.")), (Backend(A, summary="Ok."), down)):
        found = await search(*pair)
        assert found.hits == (A,)
        assert "Ok." in found.summary
        assert "Tavily: no credits" in found.summary


async def test_two_failures_are_one_error() -> None:
    pair = [Backend(first=failing(SearchError(f"{name} is down"))) for name in ("this", "that")]
    with pytest.raises(SearchError, match="this is down; that is down"):
        await search(*pair)


async def test_both_are_asked_at_once() -> None:
    barrier = asyncio.Barrier(2)
    async with asyncio.timeout(5):
        found = await search(Backend(A, first=barrier.wait), Backend(B, first=barrier.wait))
    assert found.hits == (A, B)


class Waiting:
    """Waits for ever, and remembers that it was cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_cancelling_reaches_both() -> None:
    waits = Waiting(), Waiting()
    task = asyncio.create_task(search(*(Backend(first=wait) for wait in waits)))
    await asyncio.gather(*(wait.begun.wait() for wait in waits))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(wait.cancelled for wait in waits)


async def test_a_reached_budget_ends_both() -> None:
    other = Waiting()

    async def over_budget() -> None:
        await other.begun.wait()
        raise BudgetExceeded("usd", 1.0, 1.0)

    with pytest.raises(BudgetExceeded) as caught:
        await search(Backend(first=over_budget), Backend(first=other))
    assert caught.value.kind == "usd"
    assert other.cancelled


def test_name_and_price() -> None:
    def price(first: float | None, second: float | None) -> float | None:
        return CombinedSearch(Backend(price=first), Backend(price=second)).usd_per_query

    assert price(0.25, 0.5) == 0.75
    assert price(None, 0.5) is price(0.5, None) is None
    assert CombinedSearch(Backend(name="this"), Backend(name="that")).name == "this and that"
    corpus = CorpusSearch({"a": "text"})
    assert repr(CombinedSearch(corpus, corpus)) == f"CombinedSearch({corpus!r}, {corpus!r})"
