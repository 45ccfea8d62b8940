"""Tavily's client against a local server that speaks Tavily's protocol."""

import asyncio

import pytest
from blockbuster import blockbuster_ctx

from langgraph_tumix.errors import ConfigError, SearchError
from langgraph_tumix.search import Hit, TavilySearch
from tests.search.asks import nobody
from tests.servers.clients import until
from tests.servers.tavily_server import Page, TavilyReply, TavilyRequest, TavilyServer

pytestmark = pytest.mark.server

PAGES = [
    Page("One", "https://one.org/", "What one says."),
    Page("", "https://two.org/", "What two says."),
    Page("Three", "https://three.org/", ""),
]
HOSTILE = ["", " ", '"', "\x00", "\ud800", "a\nb", "{}", "'; DROP TABLE", "\u202e", "🦜" * 50, "x" * 100_000]


def tavily(server: TavilyServer, seconds: float = 5.0) -> TavilySearch:
    return TavilySearch("tvly-secret", base_url=server.url, seconds=seconds)


async def test_pages_become_hits() -> None:
    async with TavilyServer(lambda request: TavilyReply(PAGES)) as server:
        found = await tavily(server).search("one or two?", nobody)
    assert found.query == "one or two?"
    assert found.hits == (
        Hit("One", "https://one.org/", "What one says."),
        Hit("https://two.org/", "https://two.org/", "What two says."),
        Hit("Three", "https://three.org/", ""),
    )
    request = server.requests[0]
    assert (request.query, request.depth, request.max_results) == ("one or two?", "basic", 5)
    assert request.key == "tvly-secret"


async def test_depth_and_number_of_results_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TavilyServer(lambda request: TavilyReply(PAGES)) as server:
        monkeypatch.setenv("TAVILY_API_KEY", "tvly-from-environment\n")
        monkeypatch.setenv("TAVILY_BASE_URL", server.url)
        found = await TavilySearch(max_results=2, depth="advanced").search("q", nobody)
    assert len(found.hits) == 2
    request = server.requests[0]
    assert (request.depth, request.max_results, request.key) == ("advanced", 2, "tvly-from-environment")


async def test_finding_nothing_is_no_error() -> None:
    async with TavilyServer(lambda request: TavilyReply()) as server:
        assert (await tavily(server).search("q", nobody)).hits == ()


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (TavilyReply(status=401, error="Unauthorized"), "check TAVILY_API_KEY .*Unauthorized"),
        (TavilyReply(status=429, error="Too many"), "search less often .*Too many"),
        (TavilyReply(status=432, error="Over the plan"), "credits are used up .*Over the plan"),
        (TavilyReply(status=433), "credits are used up"),
        (TavilyReply(status=400, error="Query is too long"), "shorter and plainer one .*Query is too long"),
        (TavilyReply(status=500), "try again later.*500"),
        (TavilyReply(status=404), "404"),
        (TavilyReply(status=201), "does not look like Tavily's"),
        (TavilyReply(body=[]), "does not look like Tavily's"),
        (TavilyReply(body={"results": None}), "does not look like Tavily's"),
        (TavilyReply(body={"results": [{"title": "no url"}]}), "does not look like Tavily's"),
        (TavilyReply(PAGES, fault="malformed"), "not JSON"),
        (TavilyReply(PAGES, fault="truncate"), "connection broke"),
        (TavilyReply(PAGES, fault="reset"), "connection broke"),
        (TavilyReply(PAGES, fault="hang"), "no answer within 0.3 s"),
        (TavilyReply(PAGES, latency=10), "no answer within 0.3 s"),
    ],
)
async def test_failures_say_cause_and_remedy(reply: TavilyReply, message: str) -> None:
    seconds = 0.3 if "within" in message else 30.0  # a busy machine may take its time over the others
    async with TavilyServer(lambda request: reply) as server:
        with pytest.raises(SearchError, match=message) as caught:
            await tavily(server, seconds=seconds).search("q", nobody)
    assert "tvly-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_a_server_that_is_not_there() -> None:
    async with TavilyServer(lambda request: TavilyReply()) as server:
        search = tavily(server)
    with pytest.raises(SearchError, match="cannot be reached"):
        await search.search("q", nobody)


@pytest.mark.parametrize("query", HOSTILE, ids=ascii)
async def test_any_query_arrives_as_it_is(query: str) -> None:
    def answer(request: TavilyRequest) -> TavilyReply:
        return TavilyReply([Page("q", "https://q.org/", request.query)])

    async with TavilyServer(answer) as server:
        found = await tavily(server).search(query, nobody)
    assert found.hits[0].text == found.query == query


@pytest.mark.parametrize("reply", [TavilyReply(PAGES), TavilyReply(status=500), TavilyReply(fault="hang")])
async def test_no_connection_stays_open(reply: TavilyReply) -> None:
    server = TavilyServer(lambda request: reply)
    server.keep_alive = True
    async with server:
        searches = [tavily(server, seconds=0.5).search("q", nobody) for _ in range(3)]
        await asyncio.gather(*searches, return_exceptions=True)
        await until(lambda: server.connections == 0)


async def test_cancelling_reaches_the_server() -> None:
    async with TavilyServer(lambda request: TavilyReply(fault="hang")) as server:
        search = asyncio.create_task(tavily(server).search("q", nobody))
        await until(lambda: server.stats.in_flight == 1)
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search
        await until(lambda: server.stats.aborted == 1)


async def test_the_loop_is_not_blocked() -> None:
    with TavilyServer(lambda request: TavilyReply(PAGES)) as server, blockbuster_ctx():
        search = tavily(server)
        assert len((await search.search("q", nobody)).hits) == 3


async def test_one_search_object_serves_several_loops() -> None:
    with TavilyServer(lambda request: TavilyReply(PAGES)) as server:
        search = tavily(server)
        await search.search("here", nobody)
        for place in ("there", "elsewhere"):
            await asyncio.to_thread(asyncio.run, search.search(place, nobody))
    assert [request.query for request in server.requests] == ["here", "there", "elsewhere"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"api_key": "ключ"}, "TAVILY_API_KEY"),
        ({"api_key": "a\nb"}, "TAVILY_API_KEY"),
        ({"base_url": "localhost:80"}, "http://"),
        ({"max_results": 0}, "max_results"),
        ({"max_results": 21}, "max_results"),
        ({"depth": "deep"}, "'basic' or 'advanced'"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 121}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
    ],
)
def test_mistakes_are_found_at_once(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TavilySearch(**({"api_key": "tvly"} | arguments))  # type: ignore[arg-type]


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", " "):
        monkeypatch.setenv("TAVILY_API_KEY", value)
        with pytest.raises(ConfigError, match="TAVILY_API_KEY"):
            TavilySearch()
    monkeypatch.delenv("TAVILY_API_KEY")
    with pytest.raises(ConfigError, match="TAVILY_API_KEY"):
        TavilySearch()


def test_prices() -> None:
    assert TavilySearch("k").usd_per_query == 0.008
    assert TavilySearch("k", depth="advanced").usd_per_query == 0.016
    assert TavilySearch("k", usd_per_query=0.0).usd_per_query == 0.0
    assert "tvly" not in repr(TavilySearch("tvly-secret"))
