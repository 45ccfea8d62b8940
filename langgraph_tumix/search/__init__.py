"""Search backends: Tavily, the model's own search, both combined, and a local corpus, imported when first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langgraph_tumix.search.base import Ask, Found, Hit, Search
from langgraph_tumix.search.render import render

if TYPE_CHECKING:
    from langgraph_tumix.search.combined import CombinedSearch
    from langgraph_tumix.search.corpus import CorpusSearch
    from langgraph_tumix.search.native import NativeSearch, native_tool
    from langgraph_tumix.search.tavily import TavilySearch

__all__ = [
    "Ask",
    "CombinedSearch",
    "CorpusSearch",
    "Found",
    "Hit",
    "NativeSearch",
    "Search",
    "TavilySearch",
    "native_tool",
    "render",
]

_LATER = {
    "CombinedSearch": "combined",
    "CorpusSearch": "corpus",
    "NativeSearch": "native",
    "TavilySearch": "tavily",
    "native_tool": "native",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
