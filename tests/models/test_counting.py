"""What calls cost: the ways in which providers count differently, and a worst case that is one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langgraph_tumix.core.ledger import Budget, Ledger
from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.counting import IMAGE_TOKENS, OUTPUT_LIMIT, metered, worst_case
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import DEFAULT_WINDOW, Model, resolve
from langgraph_tumix.models.price import Price, check_prices, table, usd
from langgraph_tumix.offline import OfflineChatModel
from langgraph_tumix.testing import ScriptedChatModel
from tests.servers.clients import chat
from tests.servers.openai_server import CHAT, RESPONSES, OpenAIServer, Reply

MINI = resolve(ChatOpenAI(model="gpt-5-mini", api_key="x"))
CLAUDE = Model(MINI.chat, "anthropic:claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5")


def counted(model: Model, meta: dict[str, Any] | None, **response: Any) -> Usage:
    details = ("input_token_details", "output_token_details")
    whole = meta and {"total_tokens": 0, **{name: {} for name in details}, **meta}
    return metered(model, [HumanMessage("hi")], AIMessage("ok", usage_metadata=whole, response_metadata=response))


@pytest.mark.parametrize(
    ("model", "meta", "response", "dollars"),
    [
        (MINI, {"input_tokens": 1000, "output_tokens": 100}, {}, 1000 * 0.25 + 100 * 2),
        (
            MINI,  # cached and reasoning tokens are parts, and not counted again
            {
                "input_tokens": 1000,
                "output_tokens": 100,
                "input_token_details": {"cache_read": 800, "audio": 0},
                "output_token_details": {"reasoning": 90},
            },
            {},
            200 * 0.25 + 800 * 0.025 + 100 * 2,
        ),
        (
            MINI,  # the flex tier's prefixed names, at its price
            {"input_tokens": 1000, "output_tokens": 100, "input_token_details": {"flex_cache_read": 800, "flex": 200}},
            {"service_tier": "flex"},
            200 * 0.125 + 800 * 0.0125 + 100 * 1,
        ),
        (
            CLAUDE,  # LangChain has added what Anthropic counts apart: 100 plain, 700 read, 200 written
            {
                "input_tokens": 1000,
                "output_tokens": 100,
                "input_token_details": {"cache_read": 700, "cache_creation": 200},
            },
            {},
            100 * 3 + 700 * 0.3 + 200 * 3.75 + 100 * 15,
        ),
        (
            CLAUDE,  # once LangChain knows for how long it was written, the general name says 0
            {
                "input_tokens": 1000,
                "output_tokens": 100,
                "input_token_details": {
                    "cache_creation": 0,
                    "ephemeral_5m_input_tokens": 200,
                    "ephemeral_1h_input_tokens": 300,
                },
            },
            {},
            500 * 3 + 200 * 3.75 + 300 * 6 + 100 * 15,
        ),
    ],
    ids=["plain", "cached and reasoning", "flex", "anthropic", "anthropic, by time to live"],
)
def test_what_a_call_cost(model: Model, meta: dict[str, Any], response: dict[str, Any], dollars: float) -> None:
    usage = counted(model, meta, **response)
    assert usage["usd"] == pytest.approx(dollars / 1e6)
    assert (usage["input_tokens"], usage["output_tokens"], usage["unmetered_calls"]) == (1000, 100, 0)


@pytest.mark.server
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
async def test_cached_and_reasoning_tokens_over_the_wire(path: str) -> None:
    async with OpenAIServer(lambda _: Reply("x" * 40, cached_tokens=50, reasoning_tokens=7)) as server:
        model = resolve(chat(server, path), {"m": Price(1.0, 10.0, cache_read=0.1)})
        account = Meter(Ledger(), question="q", ceiling=1, call_seconds=5)
        await account.ask(model, [HumanMessage("y" * 400)])
    spent = account.ledger.spent
    assert spent["usd"] == pytest.approx((50 * 1.0 + 50 * 0.1 + 17 * 10.0) / 1e6)
    assert (spent["input_tokens"], spent["output_tokens"]) == (100, 17)
    assert (spent["cache_read_tokens"], spent["reasoning_tokens"]) == (50, 7)


@tool
def lookup(word: str) -> str:
    """Look a word up; a description of some length, as they have, is sent with each call."""
    return word


image = {"type": "image_url", "image_url": {"url": "https://pictures.example/large.png"}}
call = {"name": "lookup", "args": {"word": "w" * 500}, "id": "1", "type": "tool_call"}


@pytest.mark.parametrize(
    ("messages", "tools", "least"),
    [
        ([HumanMessage("ж" * 100)], [], 200),
        ([HumanMessage([{"type": "text", "text": "see"}, image, image])], [], 2 * IMAGE_TOKENS),
        ([AIMessage("", tool_calls=[call]), ToolMessage("r" * 100, tool_call_id="1")], [], 600),
        ([HumanMessage("hi")], [lookup], 60),
        ([HumanMessage("hi")], [{"type": "web_search"}], DEFAULT_WINDOW),
        ([HumanMessage("hi")], [{"google_search": {}}], DEFAULT_WINDOW),
        ([HumanMessage("hi")], [OfflineChatModel.native_search_tool], DEFAULT_WINDOW),
        ([HumanMessage("\ud800")], [], 1),
    ],
    ids=[
        *("beyond ASCII", "images by address", "tool calls", "schemas", "what a search may find", "another's search"),
        *("the embedded model's search", "half a character"),
    ],
)
def test_the_worst_case_counts_everything_that_is_sent(messages: list[Any], tools: list[Any], least: int) -> None:
    model = resolve(ScriptedChatModel(responder=lambda _: ""), {"ScriptedChatModel": Price(1, 1)})
    worst = worst_case(model, messages, tools)
    assert worst["input_tokens"] >= least
    assert worst["output_tokens"] == OUTPUT_LIMIT


@given(
    st.text(max_size=300),
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100)),
    st.integers(0, OUTPUT_LIMIT),
)
def test_no_call_costs_more_than_its_worst_case(text: str, parts: tuple[int, int, int], output: int) -> None:
    """However the provider divides the input into plain, read, and written for five minutes or an hour."""
    messages = [SystemMessage("s"), HumanMessage(text)]
    for model in (MINI, CLAUDE):
        worst = worst_case(model, messages, [])
        size, whole = worst["input_tokens"], max(1, sum(parts))
        read, short, long = (size * part // whole for part in parts)
        details = {"cache_read": read, "ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
        cost = counted(model, {"input_tokens": size, "output_tokens": output, "input_token_details": details})
        assert cost["usd"] is not None
        assert worst["usd"] is not None
        assert cost["usd"] <= worst["usd"] + 1e-12


def test_a_prompt_that_is_kept_for_an_hour_is_reserved_at_that_price() -> None:
    worst = worst_case(CLAUDE, [HumanMessage("hi" * 100)], [])
    assert worst["usd"] == pytest.approx((worst["input_tokens"] * 6 + OUTPUT_LIMIT * 15) / 1e6)


def test_the_dearer_tier_that_was_asked_for_is_reserved() -> None:
    usual = worst_case(MINI, [HumanMessage("hi")], [])
    ahead = worst_case(resolve(ChatOpenAI(model="gpt-5-mini", api_key="x", service_tier="priority")), [], [])
    assert usual["usd"] is not None
    assert ahead["usd"] is not None
    assert ahead["usd"] > 1.7 * usual["usd"]


def test_own_prices_go_before_the_list_and_make_a_local_model_known() -> None:
    local = ChatOpenAI(model="local", api_key="x", base_url="http://127.0.0.1:1/v1")
    million = used(input_tokens=1_000_000)
    assert resolve(local).usd(million) is None
    assert resolve(local, {"local": Price(0.5, 1.0)}).usd(million) == 0.5
    assert resolve(local, {"openai:local": Price(0.0, 0.0)}).usd(million) == 0.0
    assert resolve(MINI.chat, {"gpt-5-mini": Price(7.0, 7.0)}).usd(million) == 7.0


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "1"])
def test_a_price_is_a_number(value: Any) -> None:
    with pytest.raises(ConfigError, match="output"):
        Price(1.0, value)


@pytest.mark.parametrize(
    ("prices", "words"), [({"gpt-5-mni": Price(1, 1)}, "give one of gpt-5-mini"), ({"m": 3}, "Price")]
)
def test_a_price_for_nobody_is_refused(prices: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_prices(prices, [("openai:gpt-5-mini", "gpt-5-mini")])


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert usd("openai", "gpt-5-mini", used(input_tokens=1, cache_read_tokens=5)) is None


def test_the_table_of_prices_is_dated() -> None:
    assert table().startswith("genai-prices ")
    assert table()[-10:] >= "2026-10-01"


def test_a_budget_knows_of_dollars_anywhere() -> None:
    caps = Budget(usd=1.0)
    assert all(
        budget.in_dollars
        for budget in (caps, Budget(per_round=caps), Budget(per_agent=caps), Budget(within=Ledger(caps)))
    )
    assert not Budget(tokens=5, per_agent=Budget(tokens=5), within=Ledger()).in_dollars
