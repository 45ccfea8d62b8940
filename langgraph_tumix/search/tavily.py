"""Web search with Tavily, through its own client."""

import asyncio
import os
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from langgraph_tumix.errors import ConfigError, SearchError
from langgraph_tumix.search.base import Ask, Found, Hit

if TYPE_CHECKING:
    from tavily import AsyncTavilyClient

_USD_PER_CREDIT = 0.008
_CREDITS = {"basic": 1, "advanced": 2}
_MOST_RESULTS = 20
_LONGEST = 120.0  # seconds; the client allows no more
_ATTEMPTS = 3
_BACKOFF = 0.5  # seconds of which the first pause is a random part; the next is twice as long
_PASSING = {"UsageLimitExceededError", "TransportError"}  # and faults of the server: they may be over soon

# By the names of exception classes, because the client and its httpx are imported only when they are needed.
_REMEDIES = {
    "InvalidAPIKeyError": "the key was refused; check TAVILY_API_KEY",
    "UsageLimitExceededError": "too many requests; search less often or raise the plan's rate limit",
    "ForbiddenError": "the plan's credits are used up or the key may not search; see app.tavily.com",
    "BadRequestError": "it does not accept this query; ask a shorter and plainer one",
    "HTTPStatusError": "the service has a fault; try again later, or check TAVILY_BASE_URL",
    "ConnectError": "it cannot be reached; check the network and TAVILY_BASE_URL",
    "TransportError": "the connection broke; try again later",
    "JSONDecodeError": "the answer is not JSON; check that TAVILY_BASE_URL is Tavily's API",
}


class TavilySearch:
    """Searches the web with Tavily.

    One query costs one credit (``basic``) or two (``advanced``) at the pay-as-you-go price of $0.008
    (https://docs.tavily.com/documentation/api-credits); give `usd_per_query` if your plan has another price.

    Each search opens a client and closes it: it may run in any event loop, and leaves no connection behind.

    Args:
        api_key: Tavily's key; the environment variable ``TAVILY_API_KEY`` if not given.
        base_url: Where the API is; else ``TAVILY_BASE_URL``, else Tavily's own address.
        max_results: Most hits of one search, 1 to 20.
        depth: ``basic``, or ``advanced`` for better passages at twice the price.
        seconds: Longest time that one search may take, at most 120.
        usd_per_query: Price of one query in US dollars, if not the one above.

    Raises:
        ConfigError: The key is missing or malformed, or an argument is out of range.
    """

    name = "Tavily"

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        max_results: int = 5,
        depth: Literal["basic", "advanced"] = "basic",
        seconds: float = 20.0,
        usd_per_query: float | None = None,
    ) -> None:
        self._key = (api_key or os.environ.get("TAVILY_API_KEY", "")).strip()
        self._base_url = base_url or os.environ.get("TAVILY_BASE_URL") or None
        self._check(max_results, depth, seconds)
        self._max_results = max_results
        self._depth = depth
        self._seconds = seconds
        self.usd_per_query = _CREDITS[depth] * _USD_PER_CREDIT if usd_per_query is None else usd_per_query

    def __repr__(self) -> str:
        return f"TavilySearch(max_results={self._max_results}, depth={self._depth!r})"

    async def search(self, query: str, ask: Ask | None = None) -> Found:
        """Search the web; `ask` is not used.

        Raises:
            SearchError: Tavily could not be reached, was too slow, or refused.
        """
        try:
            async with await asyncio.to_thread(self._client) as client:
                answer = await self._ask(client, query)
            return Found(query, tuple(_hit(result) for result in answer["results"]))
        except TimeoutError as error:
            raise SearchError(f"Tavily gave no answer within {self._seconds:g} s; try again later") from error
        except Exception as error:
            # The client raises its own errors, httpx's and, for a malformed answer, any of Python's.
            raise SearchError(_explain(error)) from error

    async def _ask(self, client: "AsyncTavilyClient", query: str) -> Mapping[str, Any]:
        """Ask up to `_ATTEMPTS` times, where another attempt can help."""
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._seconds):
                for attempt in range(_ATTEMPTS):
                    try:
                        answer: dict[str, Any] = await client.search(
                            query, search_depth=self._depth, max_results=self._max_results, timeout=_LONGEST
                        )
                    except Exception as error:
                        failure = error
                        if attempt == _ATTEMPTS - 1 or not _may_pass(error):
                            raise
                    else:
                        return answer
                    await asyncio.sleep(random.uniform(0.0, _BACKOFF * 2**attempt))
        except TimeoutError as late:
            raise failure or late from None  # why it failed says more than that there was no time left
        raise AssertionError("the last attempt returns or raises")

    def _client(self) -> "AsyncTavilyClient":
        """A client; made in a thread, because the import and the certificates take a while to load."""
        from tavily import AsyncTavilyClient

        return AsyncTavilyClient(self._key, api_base_url=self._base_url)

    def _check(self, max_results: int, depth: str, seconds: float) -> None:
        if not self._key:
            raise ConfigError("Tavily needs a key: set TAVILY_API_KEY, or pass api_key=")
        if not (self._key.isascii() and self._key.isprintable()):
            raise ConfigError("TAVILY_API_KEY holds characters that no key has; copy it again")
        if self._base_url and not self._base_url.startswith(("http://", "https://")):
            raise ConfigError(f"TAVILY_BASE_URL must start with http:// or https://, not {self._base_url!r}")
        if not 1 <= max_results <= _MOST_RESULTS:
            raise ConfigError(f"max_results must be 1 to {_MOST_RESULTS}, not {max_results}")
        if depth not in _CREDITS:
            raise ConfigError(f"depth must be 'basic' or 'advanced', not {depth!r}")
        if not 0 < seconds <= _LONGEST:
            raise ConfigError(f"seconds must be above 0 and at most {_LONGEST:g}, not {seconds:g}")


def _hit(result: Mapping[str, Any]) -> Hit:
    url = str(result["url"])
    return Hit(str(result.get("title") or url), url, str(result.get("content") or ""))


def _may_pass(error: Exception) -> bool:
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return status >= 500 or bool(_PASSING & {kind.__name__ for kind in type(error).__mro__})


def _explain(error: Exception) -> str:
    """Cause and remedy of a failed search, in one sentence."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    usual = "the answer does not look like Tavily's; check TAVILY_BASE_URL"
    remedy = next((_REMEDIES[kind] for kind in kinds if kind in _REMEDIES), usual)
    detail = str(error).partition("\n")[0]  # httpx adds a line of advice of its own
    return f"Tavily: {remedy} ({kinds[0]}{detail and ': '}{detail})"
