"""A chat model as the graph uses it, found by name or taken as it is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from langchain_core.language_models import BaseChatModel

from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.limiter import Lane, lane
from langgraph_tumix.models.price import Price, usd

OFFLINE = "offline"
"""The name of the embedded model, which needs no key; what it says is simulated."""

DEFAULT_WINDOW = 64_000
"""Tokens of context assumed for a model that LangChain has no profile of."""

NOTES_LIMIT = 150_000
"""Characters of notes to show at most, however large the window: they are paid for by every agent."""

_OPENAI_NAMES = ("gpt-", "chatgpt-", "o1", "o3", "o4")
_STREAMS = ("streaming", "stream_usage")
_ADDRESSES = ("base_url", "anthropic_api_url", "azure_endpoint", "endpoint_url")


@dataclass(frozen=True)
class Model:
    """A chat model and what is known of it.

    Attributes:
        chat: The model; it neither streams, retries nor caches by itself, so that each call is one request.
        name: ``provider:model``, for people.
        provider: The provider whose price list holds, or empty if none does.
        id: The model's name at its provider.
        price: The caller's own price, which goes before the list's.
        lane: What it shares a limiter with: the same model at the same address.
    """

    chat: BaseChatModel
    name: str
    provider: str
    id: str
    price: Price | None = None
    lane: Lane = field(default_factory=Lane)

    @property
    def profile(self) -> dict[str, Any]:
        """What LangChain knows of the model's abilities and limits; empty if nothing."""
        return dict(getattr(self.chat, "profile", None) or {})

    @property
    def simulated(self) -> bool:
        """Whether this is the embedded offline model."""
        return self.provider == OFFLINE

    def drawn_by(self, who: str) -> "Model":
        """Return the model as one caller of many meets it.

        A served model draws anew for each call. The embedded one says the same to all who show it the same, so here
        each caller has a seed of its own.
        """
        if not self.simulated:
            return self
        told = f"{getattr(self.chat, 'seed', 0)}/{who}"
        seed = int.from_bytes(sha256(told.encode()).digest()[:8])
        return replace(self, chat=self.chat.model_copy(update={"seed": seed}))

    @property
    def priced(self) -> bool:
        """Whether the dollars of a call can be told."""
        return self.usd(used()) is not None

    @property
    def discounts_cached(self) -> bool:
        """Whether input that is read from a cache is known to cost less than other input."""
        plain, cached = (self.usd(used(input_tokens=1_000, cache_read_tokens=read)) for read in (0, 1_000))
        return plain is not None and cached is not None and cached < plain

    @property
    def streaming(self) -> BaseChatModel:
        """The same model, streaming where it can: for whoever must know when the first token has come."""
        changes = {"disable_streaming": False} | {name: True for name in _STREAMS if _has(self.chat, name)}
        return self.chat.model_copy(update=changes)

    @property
    def notes_limit(self) -> int:
        """Characters of notes that fit: half of the context window at three characters a token."""
        window = int(self.profile.get("max_input_tokens") or DEFAULT_WINDOW)
        return min(NOTES_LIMIT, window * 3 // 2)

    def usd(self, usage: Usage, *, written_for_an_hour: int = 0, tier: str = "") -> float | None:
        """Return the price of one call in US dollars, None if unknown; see `models.price.usd`."""
        if self.simulated:
            return 0.0
        if self.price is not None:
            return self.price.usd(usage)
        return usd(self.provider, self.id, usage, written_for_an_hour=written_for_an_hour, tier=tier)

    def most_usd(self, usage: Usage) -> float | None:
        """Return the most that a call can cost: at the tier asked for, and if it should write its input to a cache."""
        tier, size = str(getattr(self.chat, "service_tier", None) or ""), usage["input_tokens"]
        written = Usage(**{**usage, "cache_write_tokens": size})
        prices = (
            self.usd(usage, tier=tier),
            self.usd(written, tier=tier),
            self.usd(written, written_for_an_hour=size, tier=tier),
        )
        known = [price for price in prices if price is not None]
        return max(known) if len(known) == len(prices) else None


def resolve(model: str | BaseChatModel, prices: Mapping[str, Price] | None = None) -> Model:
    """Find a model.

    Args:
        model: ``offline``, ``provider:model`` as `init_chat_model` takes it (``openai:gpt-5-mini``; the provider may
            be left out for OpenAI's own names), or a chat model.
        prices: Prices by name (``openai:gpt-5-mini``) or id (``gpt-5-mini``), before those of the list.

    Raises:
        ConfigError: No such provider, its package or key is missing, or it is not a chat model.

    >>> resolve("offline").name
    'offline (simulated)'
    """
    prices = prices or {}
    if isinstance(model, BaseChatModel):
        return _describe(model, prices)
    if not isinstance(model, str):
        raise ConfigError(
            f"model is a {type(model).__name__}: give a name such as 'openai:gpt-5-mini', or a LangChain chat model"
        )
    provider, _, name = model.strip().rpartition(":")
    if not provider and name.startswith(_OPENAI_NAMES):
        provider = "openai"
    if name == OFFLINE and not provider:
        from langgraph_tumix.offline import OfflineChatModel

        return _describe(OfflineChatModel(), prices)
    if not provider or not name:
        raise ConfigError(
            f"model {model!r} is not known: write it as 'provider:model', e.g. 'openai:gpt-5-mini', or 'offline'"
        )
    return _describe(_openai(name) if provider == "openai" else _by_init_chat_model(provider, name), prices)


def _openai(name: str) -> BaseChatModel:
    if not os.environ.get("OPENAI_API_KEY"):
        raise ConfigError(f"model 'openai:{name}' needs a key: set OPENAI_API_KEY, or use the model 'offline'")
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=name)


def _by_init_chat_model(provider: str, name: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError:
        raise ConfigError(
            f"model '{provider}:{name}' needs the package langchain: pip install 'langgraph-tumix[providers]'"
        ) from None
    try:
        chat: BaseChatModel = init_chat_model(name, model_provider=provider)
    except (ImportError, ValueError, TypeError, OSError) as error:
        # What providers raise for an unknown provider, a missing package or a missing key.
        raise ConfigError(f"model '{provider}:{name}' cannot be used: {error}") from error
    return chat


def _describe(chat: BaseChatModel, prices: Mapping[str, Price]) -> Model:
    params = chat._get_ls_params()
    provider = str(params.get("ls_provider") or chat._llm_type)
    id_ = str(params.get("ls_model_name") or getattr(chat, "model_name", None) or type(chat).__name__)
    if chat._llm_type == "tumix-offline":
        return Model(_one_request_per_call(chat), "offline (simulated)", OFFLINE, OFFLINE)
    elsewhere = getattr(chat, "openai_api_base", None) or (provider == "openai" and os.environ.get("OPENAI_BASE_URL"))
    name = f"{provider}:{id_}"
    return Model(
        _one_request_per_call(chat),
        name,
        "" if elsewhere else provider,
        id_,
        prices.get(name, prices.get(id_)),
        _lane(chat, provider, id_),
    )


def _lane(chat: BaseChatModel, provider: str, id_: str) -> Lane:
    client = getattr(chat, "root_async_client", None)  # OpenAI's knows where it really sends to
    addresses = (getattr(client, "base_url", None), *(getattr(chat, name, None) for name in _ADDRESSES))
    address = next((str(address) for address in addresses if address), "")
    remote = address or type(chat).__module__.startswith("langchain")
    return lane(provider, address, id_) if remote else Lane()


def _one_request_per_call(chat: BaseChatModel) -> BaseChatModel:
    """Return a copy that neither streams, retries nor caches.

    Retries are ours, counted, and made in one place. LangChain's cache would make one answer of all samples.
    """
    changes: dict[str, Any] = {"disable_streaming": True, "cache": False}
    # A server that is asked for a stream answers with one, whatever LangChain expects.
    changes |= {name: value for name, value in (("max_retries", 0), ("streaming", False)) if _has(chat, name)}
    for root, client in (("root_client", "client"), ("root_async_client", "async_client")):
        if getattr(chat, root, None) is not None:  # OpenAI's clients keep their own count of retries
            changes[root] = getattr(chat, root).with_options(max_retries=0)
            changes[client] = changes[root].chat.completions
    return chat.model_copy(update=changes)


def _has(chat: BaseChatModel, field_name: str) -> bool:
    return field_name in type(chat).model_fields
