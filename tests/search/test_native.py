"""The model's own search, with a scripted model and with ChatOpenAI against a local server."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import Field, SecretStr

from langgraph_tumix.errors import BudgetExceeded, ModelError, SearchError
from langgraph_tumix.search import Ask, Found, Hit, NativeSearch, native_tool
from tests.search.asks import asking
from tests.servers.openai_server import OpenAIServer, Reply, Request, Source


class Scripted(BaseChatModel):
    """Gives one reply, and remembers what it was asked."""

    reply: AIMessage
    asked: list[Sequence[BaseMessage]] = Field(default_factory=list)
    tools: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        self.tools.extend(tools)
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.asked.append(messages)
        return ChatResult(generations=[ChatGeneration(message=self.reply)])


class ChatAnthropic(Scripted):
    """A model whose class says that it is Anthropic's."""


class ChatLocal(Scripted):
    """A model that says what tool it has."""

    native_search_tool: dict[str, Any] | None = Field(default={"type": "look_it_up"})


def message(provider: str, content: str | list[str | dict[str, Any]], **metadata: Any) -> AIMessage:
    return AIMessage(content, response_metadata={"model_provider": provider, **metadata})


def citation(url: str, start: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "url_citation", "url": url, "start_index": start, "end_index": start + 1, **fields}


async def search(reply: AIMessage) -> Found:
    return await NativeSearch().search("q", asking(Scripted(reply=reply)))


OPENAI = message(
    "openai",
    [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {
            "type": "text",
            "text": "Two things.\nA is so ([A](https://a.org)).\nB is not.",
            "annotations": [
                citation("https://a.org/?utm_source=openai", 20, title="A"),
                citation("https://b.org", 45),
                citation("https://www.a.org/", 20, title="A again"),
                {"type": "file_citation", "file_id": "f", "filename": "f.pdf", "index": 0},
            ],
        },
    ],
)
ANTHROPIC = message(
    "anthropic",
    [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "s",
            "content": [
                {"type": "web_search_result", "url": "https://a.org", "title": "A", "encrypted_content": "x"},
                {"type": "web_search_result", "url": "https://c.org", "title": "C", "encrypted_content": "x"},
            ],
        },
        {"type": "text", "text": "A is so."},
        {
            "type": "text",
            "text": " B is not.",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "url": "https://a.org",
                    "title": "A",
                    "cited_text": "It is so.",
                }
            ],
        },
    ],
)
GOOGLE = message(
    "google_genai",
    "Spain won.",
    grounding_metadata={
        "grounding_chunks": [{"web": {"uri": "https://uefa.com", "title": "UEFA"}}],
        "grounding_supports": [
            {"segment": {"start_index": 0, "end_index": 10, "text": "Spain won."}, "grounding_chunk_indices": [0]}
        ],
    },
)


@pytest.mark.parametrize(
    ("reply", "summary", "hits"),
    [
        (
            OPENAI,
            "Two things.\nA is so ([A](https://a.org)).\nB is not.",
            [
                Hit("A", "https://a.org/?utm_source=openai", "A is so ([A](https://a.org))."),
                Hit("https://b.org", "https://b.org", "B is not."),
            ],
        ),
        (
            ANTHROPIC,
            "A is so. B is not.",
            [Hit("A", "https://a.org", "It is so."), Hit("C", "https://c.org", "")],
        ),
        (GOOGLE, "Spain won.", [Hit("UEFA", "https://uefa.com", "Spain won.")]),
        (AIMessage("From memory."), "From memory.", []),
        (message("unheard-of", "Text."), "Text.", []),
    ],
    ids=["openai", "anthropic", "google", "text", "unknown"],
)
async def test_replies_of_providers(reply: AIMessage, summary: str, hits: list[Hit]) -> None:
    found = await search(reply)
    assert found.summary == summary
    assert list(found.hits) == hits


async def test_the_model_gets_the_query_and_the_tool() -> None:
    model = Scripted(reply=AIMessage("ok"))
    await NativeSearch({"type": "web_search", "search_context_size": "low"}).search("who? {x} <b>", asking(model))
    system, user = model.asked[0]
    assert (system.type, user.type) == ("system", "human")
    assert user.content == "who? {x} <b>"
    assert model.tools == [{"type": "web_search", "search_context_size": "low"}]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (AIMessage(""), "neither text nor sources"),
        (AIMessage([{"type": "refusal", "refusal": "no"}]), "neither text nor sources"),
        (message("openai", [{"type": "text", "text": "a", "annotations": [None]}]), "malformed"),
        (
            message("openai", [{"type": "text", "text": "a", "annotations": [{"type": "url_citation"}]}]),
            "malformed",
        ),
        (message("openai", [{"type": "web_search_call"}]), "malformed"),
    ],
)
async def test_replies_without_use(reply: AIMessage, complaint: str) -> None:
    with pytest.raises(SearchError, match=complaint):
        await search(reply)


async def test_a_failed_call_is_a_failed_search_but_a_reached_budget_is_not() -> None:
    def failing(error: Exception) -> Ask:
        async def ask(messages: Sequence[BaseMessage], *, tools: Sequence[Any] = ()) -> AIMessage:
            raise error

        return ask

    with pytest.raises(SearchError, match="no such tool"):
        await NativeSearch().search("q", failing(ModelError("request", "no such tool")))
    with pytest.raises(BudgetExceeded):
        await NativeSearch().search("q", failing(BudgetExceeded("usd", 1, 1)))


@pytest.mark.server
@pytest.mark.parametrize("stream", [False, True])
async def test_with_the_responses_api(stream: bool) -> None:
    def responder(request: Request) -> Reply:
        assert request.searches
        assert request.messages[1] == {"role": "user", "text": "capital of France"}
        return Reply("Paris is the capital of France", sources=[Source("France", "https://fr.org/")])

    async with OpenAIServer(responder) as server:
        model = ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("k"), streaming=stream)
        found = await NativeSearch().search("capital of France", asking(model))
    claim = "Paris is the capital of France ([France](https://fr.org/))"
    assert found == Found("capital of France", (Hit("France", "https://fr.org/", claim),), claim)


@pytest.mark.parametrize(
    ("tool", "price"),
    [
        (None, 0.01),
        ({"type": "web_search_2025_08_26"}, 0.01),
        ({"type": "web_search_20250305", "name": "web_search"}, 0.01),
        ({"type": "web_search_preview"}, None),
        ({"google_search": {}}, None),
        ({"type": None}, None),
    ],
)
def test_prices(tool: dict[str, Any] | None, price: float | None) -> None:
    assert NativeSearch(tool).usd_per_query == price
    assert NativeSearch(tool, usd_per_query=0.5).usd_per_query == 0.5


def chat_openai(**options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-5-mini", api_key=SecretStr("k"), **options)


def azure() -> AzureChatOpenAI:
    return AzureChatOpenAI(
        api_key=SecretStr("k"), azure_endpoint="https://x.openai.azure.com", api_version="1", model="m"
    )


@pytest.mark.parametrize(
    ("make", "tool"),
    [
        (chat_openai, {"type": "web_search"}),
        (lambda: chat_openai(base_url="https://api.openai.com/v1"), {"type": "web_search"}),
        (lambda: chat_openai(base_url="https://eu.api.openai.com/v1"), {"type": "web_search"}),
        (lambda: chat_openai(base_url="http://127.0.0.1:8000/v1"), None),
        (lambda: chat_openai(base_url="https://api.openai.com.evil.org/v1"), None),
        (lambda: chat_openai(use_responses_api=False), None),
        (azure, None),
        (lambda: ChatAnthropic(reply=AIMessage("")), {"type": "web_search_20250305", "name": "web_search"}),
        (lambda: Scripted(reply=AIMessage("")), None),
        (lambda: ChatLocal(reply=AIMessage("")), {"type": "look_it_up"}),
        (lambda: ChatLocal(reply=AIMessage(""), native_search_tool=None), None),
    ],
)
def test_native_tool(make: Any, tool: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    assert native_tool(make()) == tool


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_native_tool_sees_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:8000/v1")
    assert native_tool(chat_openai()) is None


def test_the_tool_is_a_copy() -> None:
    first = native_tool(chat_openai())
    assert first is not None
    first["type"] = "changed"
    assert native_tool(chat_openai()) == {"type": "web_search"}
