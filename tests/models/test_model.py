"""Finding models, pricing them, and telling their failures apart."""

import email.utils
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from langgraph_tumix import ConfigError, create_tumix
from langgraph_tumix.core.usage import used
from langgraph_tumix.models.failure import model_error, retry_after
from langgraph_tumix.models.model import NOTES_LIMIT, resolve
from langgraph_tumix.models.price import usd
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import play, toolbox


def test_cached_input_is_priced_once_and_cheaper() -> None:
    """OpenAI's input count includes what was cached: 500 at the full price, 500 at a tenth, 100 out."""
    cost = usd("openai", "gpt-5-mini", used(input_tokens=1000, cache_read_tokens=500, output_tokens=100))
    assert cost == pytest.approx((500 * 0.25 + 500 * 0.025 + 100 * 2.0) / 1e6)


@pytest.mark.parametrize(("provider", "model"), [("openai", "no-such-model"), ("", "gpt-5-mini"), ("nobody", "x")])
def test_an_unknown_price_is_none(provider: str, model: str) -> None:
    assert usd(provider, model, used(input_tokens=1)) is None


def test_a_model_at_another_address_has_no_known_price() -> None:
    at_home = resolve(ChatOpenAI(model="gpt-5-mini", api_key="x"))
    elsewhere = resolve(ChatOpenAI(model="gpt-5-mini", api_key="x", base_url="http://127.0.0.1:1/v1"))
    assert (at_home.priced, elsewhere.priced) == (True, False)
    assert at_home.name == elsewhere.name == "openai:gpt-5-mini"


def test_a_name_is_resolved_with_the_key_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    for name in ("gpt-5-mini", "openai:gpt-5-mini"):
        assert resolve(name).name == "openai:gpt-5-mini"


def test_the_client_s_own_retries_and_streams_are_off_in_our_copy_only() -> None:
    given = ChatOpenAI(model="gpt-5-mini", api_key="x", max_retries=5)
    used_here: Any = resolve(given).chat
    assert used_here.disable_streaming
    assert used_here.root_async_client.max_retries == 0
    assert given.root_async_client.max_retries == 5
    assert not given.disable_streaming


def test_notes_get_half_of_a_known_window() -> None:
    assert resolve(ScriptedChatModel(responder=lambda _: "", profile={"max_input_tokens": 8000})).notes_limit == 12_000
    assert resolve(ChatOpenAI(model="gpt-5-mini", api_key="x")).notes_limit == NOTES_LIMIT


async def test_a_model_that_takes_no_temperature_is_not_sent_one() -> None:
    sent: list[Any] = []

    class Recording(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            sent.append(kwargs.get("temperature"))
            return await super()._agenerate(*args, **kwargs)

    for profile, expected in (({"temperature": False}, {None}), ({}, {0.4, 0.7})):
        sent.clear()
        model = Recording(responder=play().responder, profile=profile)
        graph = create_tumix(model, agents=["Base"], samples=2, min_rounds=1, max_rounds=1, tools=toolbox())
        await graph.ainvoke({"question": "What is it?"})
        assert set(sent) == expected


@pytest.mark.parametrize("image", [True, False])
async def test_whether_a_model_sees_is_asked_of_its_profile(image: bool) -> None:
    model = ScriptedChatModel(responder=play().responder, profile={"image_inputs": image})
    graph = create_tumix(model, agents=["Base"], tools=toolbox())
    message = HumanMessage([{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "data:,"}}])
    if image:
        assert (await graph.ainvoke({"messages": [message]}))["answer"] == "42"
    else:
        with pytest.raises(ConfigError, match="image"):
            await graph.ainvoke({"messages": [message]})


class Told(Exception):
    """An exception as providers' clients raise it."""

    def __init__(self, status: int | None = None, headers: dict[str, str] | None = None, code: str = "") -> None:
        super().__init__("told")
        self.code = code
        if status is not None:
            self.status_code = status
        self.response = type("Response", (), {"headers": headers or {}})()


class APIConnectionError(Exception):
    """Named as every client names it."""


class APITimeoutError(Exception):
    """Named as every client names it."""


def test_failures_are_told_apart() -> None:
    cases: list[tuple[Exception, str, bool]] = [
        (Told(400), "request", False),
        (Told(400, code="content_filter"), "refused", False),
        (Told(400, code="context_length_exceeded"), "request", False),
        (Told(401), "auth", False),
        (Told(402), "quota", False),
        (Told(403), "auth", False),
        (Told(404), "model", False),
        (Told(418), "request", False),
        (Told(408), "timeout", True),
        (Told(429), "rate_limit", True),
        (Told(429, code="insufficient_quota"), "quota", False),
        (Told(429, {"x-should-retry": "false"}), "rate_limit", False),
        (Told(500), "server", True),
        (Told(529), "server", True),
        (Told(200), "reply", False),
        (APIConnectionError(), "connection", True),
        (ConnectionResetError(), "connection", True),
        (APITimeoutError(), "timeout", False),
        (TimeoutError(), "timeout", False),
        (ValueError("not JSON"), "reply", False),
    ]
    for error, kind, retryable in cases:
        told = model_error(error)
        assert (told.kind, told.retryable) == (kind, retryable)


def test_a_provider_may_ask_for_patience() -> None:
    cases: list[tuple[dict[str, str], float | None]] = [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 23 Nov 2020 08:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 99 Nov 2020 08:00:00 GMT"}, None),
        ({}, None),
    ]
    for headers, seconds in cases:
        assert retry_after(Told(429, headers)) == seconds
        assert model_error(Told(429, headers)).wait == seconds


def test_a_provider_may_name_the_hour() -> None:
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(minutes=1))
    assert 55 < (retry_after(Told(429, {"retry-after": later})) or 0) <= 60


@pytest.mark.parametrize(
    ("error", "billed"),
    [
        (Told(429), False),
        (Told(500), False),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (ConnectionRefusedError(), False),
        (ValueError("not JSON"), True),
    ],
)
def test_what_may_be_billed_though_it_failed(error: Exception, billed: bool) -> None:
    assert model_error(error).billed == billed


@pytest.mark.parametrize("said", ["a" * 5000, "\x1b[31m\x00", ""])
def test_words_of_an_error_have_an_end(said: str) -> None:
    assert len(str(model_error(ValueError(said)))) <= 400


def test_a_model_that_streams_is_asked_without() -> None:
    """A server that is asked for a stream answers with one, and LangChain's whole replies cannot be read from it."""
    own: Any = resolve(ChatOpenAI(model="m", api_key="x", streaming=True)).chat
    assert (own.streaming, own.disable_streaming) == (False, True)


def test_models_share_a_lane_by_name_and_address() -> None:
    def of(name: str, **options: Any) -> object:
        return resolve(ChatOpenAI(model=name, api_key="x", **options)).lane

    assert of("a") is of("a")
    assert of("a") is not of("b")
    assert of("a") is not of("a", base_url="http://127.0.0.1:1/v1")
    fake = ScriptedChatModel(responder=lambda _: "")
    assert resolve(fake).lane is not resolve(fake).lane
