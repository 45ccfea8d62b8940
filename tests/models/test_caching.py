"""Each provider is asked for its cache in its own words, and all others for nothing."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI

from langgraph_tumix.models.caching import LEAST, Caching, PromptCache, caching, leads
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.models.price import Price
from langgraph_tumix.testing import ScriptedChatModel

LONG = "x" * LEAST
KEY = {"prompt_cache_key": "tumix:q"}


def at_openai(name: str, **options: Any) -> Model:
    return resolve(ChatOpenAI(model=name, api_key="none", **options))


def named(provider: str, chat: BaseChatModel | None = None) -> Model:
    return Model(chat or ScriptedChatModel(responder=lambda _: ""), f"{provider}:m", provider, "m")


def test_openai_before_5_6_gets_a_key_only() -> None:
    assert caching(at_openai("gpt-5-mini"), "auto", "q") == Caching(single=KEY, growing=KEY)


def test_openai_from_5_6_on_gets_breakpoints_and_a_growing_conversation_the_managed_one_as_well() -> None:
    asked = caching(at_openai("gpt-5.6-sol"), "leader", "q")
    assert asked.mark == {"prompt_cache_breakpoint": {"mode": "explicit"}}
    assert asked.single == KEY | {"prompt_cache_options": {"mode": "explicit"}}
    assert asked.growing == KEY


def test_anthropic_gets_a_mark_and_for_a_growing_conversation_one_at_its_end() -> None:
    kept = {"cache_control": {"type": "ephemeral"}}
    assert caching(named("anthropic"), "auto", "q") == Caching(mark=kept, growing=kept)


@pytest.mark.parametrize("provider", ["", "offline", "mistralai", "google_genai", "azure"])
@pytest.mark.parametrize("chosen", ["auto", "leader"])
def test_all_others_get_nothing(provider: str, chosen: PromptCache) -> None:
    assert caching(named(provider), chosen, "q") == Caching()


def test_a_server_that_speaks_openai_s_protocol_gets_nothing() -> None:
    assert caching(at_openai("gpt-5.6-sol", base_url="http://127.0.0.1:1/v1"), "leader", "q") == Caching()


def test_off_says_nothing_to_anyone() -> None:
    assert caching(at_openai("gpt-5.6-sol"), "off", "q") == Caching()
    assert caching(named("anthropic"), "off", "q") == Caching()


def test_what_the_caller_has_set_stays() -> None:
    own = {"prompt_cache_options": {"mode": "implicit"}, "model_kwargs": {"prompt_cache_key": "mine"}}
    asked = caching(at_openai("gpt-5.6-sol", **own), "auto", "q")
    assert (asked.single, asked.growing) == ({}, {})


def test_auto_waits_where_cached_input_is_known_to_be_cheaper() -> None:
    local = ChatOpenAI(model="m", api_key="none", base_url="http://127.0.0.1:1/v1")
    cases = [
        (at_openai("gpt-5-mini"), True),
        (at_openai("gpt-5.6-sol"), True),
        (at_openai("nobody-knows-it"), False),
        (at_openai("gpt-5-mini", base_url="http://127.0.0.1:1/v1"), False),
        (resolve("offline"), False),
        (resolve(ScriptedChatModel(responder=lambda _: "")), False),
        (resolve(local, {"m": Price(1, 1)}), False),
        (resolve(local, {"m": Price(1, 1, cache_read=0.1)}), True),
    ]
    for model, auto in cases:
        assert leads(model, "auto", LONG) == auto
        assert not leads(model, "auto", LONG[1:]), "no provider caches so little"
        assert leads(model, "leader", "")
        assert not leads(model, "off", LONG)
