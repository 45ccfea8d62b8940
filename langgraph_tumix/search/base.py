"""The one small protocol between agents and search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.messages import AIMessage, BaseMessage


@dataclass(frozen=True)
class Hit:
    """One source: its title, its address (a web address, or ``corpus:name``) and the passage found in it."""

    title: str
    url: str
    text: str


@dataclass(frozen=True)
class Found:
    """What a search gave: hits, best first, and a summary where the backend writes one."""

    query: str
    hits: tuple[Hit, ...]
    summary: str = ""


class Ask(Protocol):
    """A metered model call of the agent that searches; only the model's own search needs it."""

    async def __call__(self, messages: Sequence[BaseMessage], *, tools: Sequence[Mapping[str, Any]] = ()) -> AIMessage:
        """Send `messages`, with the provider's own `tools` bound, and return the reply."""
        ...


class Search(Protocol):
    """Answers a query with sources."""

    @property
    def name(self) -> str:
        """What it is, for the outcome and for `tumix doctor`, e.g. ``Tavily``."""
        ...

    @property
    def usd_per_query(self) -> float | None:
        """Price of one query in US dollars beside the model calls it makes; None is unknown."""
        ...

    async def search(self, query: str, ask: Ask) -> Found:
        """Search.

        Raises:
            SearchError: The backend could not be reached or refused.
        """
        ...
