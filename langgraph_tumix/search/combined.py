"""Two searches asked at once, their hits in one list."""

import asyncio
from itertools import chain, zip_longest

from langgraph_tumix.errors import SearchError
from langgraph_tumix.search.base import Ask, Found, Search
from langgraph_tumix.search.hits import distinct


class CombinedSearch:
    """Asks two backends at the same time and merges what they find.

    Hits alternate, the first backend's best first; a page or passage that both found appears once. If one
    backend fails, the other's hits are returned and the summary says what is missing.

    Args:
        first: A backend; its hits come first.
        second: The other backend.
    """

    def __init__(self, first: Search, second: Search) -> None:
        self._first = first
        self._second = second

    def __repr__(self) -> str:
        return f"CombinedSearch({self._first!r}, {self._second!r})"

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._first.name} and {self._second.name}"

    @property
    def usd_per_query(self) -> float | None:
        """The sum of both prices; None if either is unknown."""
        first, second = self._first.usd_per_query, self._second.usd_per_query
        return None if first is None or second is None else first + second

    async def search(self, query: str, ask: Ask) -> Found:
        """Ask both backends.

        Raises:
            SearchError: Both failed.
        """
        try:
            async with asyncio.TaskGroup() as group:
                attempts = [group.create_task(_attempt(search, query, ask)) for search in (self._first, self._second)]
        except ExceptionGroup as group_error:
            # What is not a SearchError, such as a budget that is reached, is not ours to survive.
            raise group_error.exceptions[0] from None
        outcomes = [attempt.result() for attempt in attempts]
        found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
        failures = [str(outcome) for outcome in outcomes if isinstance(outcome, str)]
        if not found:
            raise SearchError("; ".join(failures))
        interleaved = chain.from_iterable(zip_longest(*(part.hits for part in found)))
        notices = [f"(Found only in part. {failure})" for failure in failures]
        return Found(
            query,
            distinct(hit for hit in interleaved if hit is not None),
            "\n\n".join(filter(None, [*(part.summary for part in found), *notices])),
        )


async def _attempt(search: Search, query: str, ask: Ask) -> Found | str:
    """What `search` found, or why it failed; the message of a SearchError names its backend."""
    try:
        return await search.search(query, ask)
    except SearchError as error:
        return str(error)
