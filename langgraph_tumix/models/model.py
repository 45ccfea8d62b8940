"""A chat model as the graph uses it, found by name or taken as it is."""

import os
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel

from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.price import usd

OFFLINE = "offline"
"""The name of the embedded model, which needs no key; what it says is simulated."""

DEFAULT_WINDOW = 64_000
"""Tokens of context assumed for a model that LangChain has no profile of."""

NOTES_LIMIT = 150_000
"""Characters of notes to show at most, however large the window: they are paid for by every agent."""

_OPENAI_NAMES = ("gpt-", "chatgpt-", "o1", "o3", "o4")


@dataclass(frozen=True)
class Model:
    """A chat model and what is known of it.

    Attributes:
        chat: The model; it neither streams nor retries by itself, so that each call is one request.
        name: ``provider:model``, for people.
        provider: The provider whose price list holds, or empty if none does.
        id: The model's name at its provider.
    """

    chat: BaseChatModel
    name: str
    provider: str
    id: str

    @property
    def profile(self) -> dict[str, Any]:
        """What LangChain knows of the model's abilities and limits; empty if nothing."""
        return dict(getattr(self.chat, "profile", None) or {})

    @property
    def simulated(self) -> bool:
        """Whether this is the embedded offline model."""
        return self.provider == OFFLINE

    @property
    def priced(self) -> bool:
        """Whether the dollars of a call can be told."""
        return self.usd(used()) is not None

    @property
    def notes_limit(self) -> int:
        """Characters of notes that fit: half of the context window at three characters a token."""
        window = int(self.profile.get("max_input_tokens") or DEFAULT_WINDOW)
        return min(NOTES_LIMIT, window * 3 // 2)

    def usd(self, usage: Usage) -> float | None:
        """Return the price of `usage` in US dollars, None if unknown."""
        return 0.0 if self.simulated else usd(self.provider, self.id, usage)


def resolve(model: str | BaseChatModel) -> Model:
    """Find a model.

    Args:
        model: ``offline``, ``provider:model`` as `init_chat_model` takes it (``openai:gpt-5-mini``; the provider may
            be left out for OpenAI's own names), or a chat model.

    Raises:
        ConfigError: No such provider, its package or key is missing, or it is not a chat model.

    >>> resolve("offline").name
    'offline (simulated)'
    """
    if isinstance(model, BaseChatModel):
        return _describe(model)
    if not isinstance(model, str):
        raise ConfigError(
            f"model is a {type(model).__name__}: give a name such as 'openai:gpt-5-mini', or a LangChain chat model"
        )
    provider, _, name = model.strip().rpartition(":")
    if not provider and name.startswith(_OPENAI_NAMES):
        provider = "openai"
    if name == OFFLINE and not provider:
        from langgraph_tumix.offline import OfflineChatModel

        return _describe(OfflineChatModel())
    if not provider or not name:
        raise ConfigError(
            f"model {model!r} is not known: write it as 'provider:model', e.g. 'openai:gpt-5-mini', or 'offline'"
        )
    return _describe(_openai(name) if provider == "openai" else _by_init_chat_model(provider, name))


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


def _describe(chat: BaseChatModel) -> Model:
    params = chat._get_ls_params()
    provider = str(params.get("ls_provider") or chat._llm_type)
    name = str(params.get("ls_model_name") or getattr(chat, "model_name", None) or type(chat).__name__)
    if chat._llm_type == "tumix-offline":
        return Model(_one_request_per_call(chat), "offline (simulated)", OFFLINE, OFFLINE)
    elsewhere = getattr(chat, "openai_api_base", None) or (provider == "openai" and os.environ.get("OPENAI_BASE_URL"))
    return Model(_one_request_per_call(chat), f"{provider}:{name}", "" if elsewhere else provider, name)


def _one_request_per_call(chat: BaseChatModel) -> BaseChatModel:
    """Return a copy that neither streams nor retries: retries are ours, counted, and made in one place."""
    changes: dict[str, Any] = {"disable_streaming": True}
    if "max_retries" in type(chat).model_fields:
        changes["max_retries"] = 0
    for root, client in (("root_client", "client"), ("root_async_client", "async_client")):
        if getattr(chat, root, None) is not None:  # OpenAI's clients keep their own count of retries
            changes[root] = getattr(chat, root).with_options(max_retries=0)
            changes[client] = changes[root].chat.completions
    return chat.model_copy(update=changes)
