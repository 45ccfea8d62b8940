"""Search backends: Tavily, the model's own search, both combined, and a local corpus."""

from langgraph_tumix.search.base import Ask, Found, Hit, Search
from langgraph_tumix.search.combined import CombinedSearch
from langgraph_tumix.search.corpus import CorpusSearch
from langgraph_tumix.search.native import NativeSearch, native_tool
from langgraph_tumix.search.render import render
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
