"""The chat model's own web search: the provider searches, we read what it cites."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from langgraph_tumix.errors import ModelError, SearchError
from langgraph_tumix.search.base import Ask, Found, Hit
from langgraph_tumix.search.hits import distinct

_INSTRUCTION = (
    "Search the web for the query that follows. Report in a few short paragraphs what the sources say "
    "about it: facts, figures, names and dates, each with its source. Report disagreement between sources "
    "as such. Do not answer from memory; if the search finds nothing useful, say so."
)
_USD_PER_SEARCH = 0.01

_TOOLS: dict[str, dict[str, Any]] = {
    "openai": {"type": "web_search"},
    "anthropic": {"type": "web_search_20250305", "name": "web_search"},
    "google_genai": {"google_search": {}},
}


def native_tool(model: BaseChatModel) -> dict[str, Any] | None:
    """The provider's own search tool for `model`, or None where it is not known to have one.

    A model class can say it itself with an attribute ``native_search_tool``. An OpenAI model counts only
    at OpenAI's own address and where its Responses API may be used: other servers that speak OpenAI's
    protocol rarely search.
    """
    if hasattr(model, "native_search_tool"):
        own = model.native_search_tool
        return None if own is None else dict(own)
    provider = model._get_ls_params().get("ls_provider", "")
    if provider == "openai" and not _searches_at_openai(model):
        return None
    tool = _TOOLS.get(provider)
    return None if tool is None else dict(tool)


def _searches_at_openai(model: BaseChatModel) -> bool:
    # The client knows where it really sends to, whichever argument or environment variable said so.
    client = getattr(model, "root_async_client", None)
    host = urlsplit(str(getattr(client, "base_url", ""))).hostname or ""
    at_home = host == "api.openai.com" or host.endswith(".api.openai.com")
    return at_home and getattr(model, "use_responses_api", None) is not False


class NativeSearch:
    """Searches the web with the search tool of the chat model's provider.

    One search is one model call; the caller meters its tokens. Beside them OpenAI charges $10 per 1,000
    calls of ``web_search`` (https://developers.openai.com/api/docs/pricing). A model may call it more than
    once before it replies: where a cap must hold, give a tool that limits this (Anthropic's ``max_uses``) or
    a price that covers several calls.

    Args:
        tool: The provider's tool, as `bind_tools` takes it; see `native_tool`.
        usd_per_query: Price of one search in US dollars beside the tokens; if not given, 0.01 for tools
            whose type starts with ``web_search``, and None, unknown, for others and for OpenAI's
            ``web_search_preview``, whose price depends on the model.
    """

    name = "the model's own search"

    def __init__(self, tool: Mapping[str, Any] | None = None, *, usd_per_query: float | None = None) -> None:
        self._tool = dict(_TOOLS["openai"] if tool is None else tool)
        self.usd_per_query = _price(self._tool) if usd_per_query is None else usd_per_query

    def __repr__(self) -> str:
        return f"NativeSearch({self._tool!r})"

    async def search(self, query: str, ask: Ask) -> Found:
        """Let the model search, and read its report and the sources that it cites.

        Raises:
            SearchError: The model call failed, or its reply holds neither text nor a source.
        """
        try:
            reply = await ask([SystemMessage(_INSTRUCTION), HumanMessage(query)], tools=[self._tool])
        except ModelError as error:
            raise SearchError(f"the model's own search failed: {error}; try Tavily or a corpus") from error
        try:
            summary, hits = _read(reply)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # langchain-core's translators, as we do, trust that the provider sends what it documents
            raise SearchError(f"the reply of the model's own search is malformed ({error!r})") from error
        if not summary and not hits:
            raise SearchError("the model's own search gave neither text nor sources; ask in other words")
        return Found(query, hits, summary)


def _price(tool: Mapping[str, Any]) -> float | None:
    kind = str(tool.get("type", ""))
    known = kind.startswith("web_search") and not kind.startswith("web_search_preview")
    return _USD_PER_SEARCH if known else None


def _read(reply: AIMessage) -> tuple[str, tuple[Hit, ...]]:
    """The report and its sources: those cited first, then those that the search listed."""
    blocks: Sequence[Mapping[str, Any]] = reply.content_blocks
    return str(reply.text).strip(), distinct([*_cited(blocks), *_listed(blocks)])


def _cited(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    for block in blocks:
        for note in block.get("annotations") or ():
            if note.get("type") == "citation" and (url := note.get("url")):
                passage = note.get("cited_text") or _line_at(block.get("text", ""), note.get("start_index"))
                yield Hit(str(note.get("title") or url), url, str(passage))


def _listed(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    for block in blocks:
        if block.get("type") != "server_tool_result":
            continue
        output = block.get("output")
        sources = output.get("sources") if isinstance(output, Mapping) else output
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, Mapping) and (url := source.get("url")):
                yield Hit(str(source.get("title") or url), url, "")


def _line_at(text: str, position: int | None) -> str:
    """The line of `text` at `position`: the claim that a citation supports, where it quotes nothing."""
    if position is None:
        return ""
    start = text.rfind("\n", 0, position) + 1
    return text[start:].partition("\n")[0].strip()
