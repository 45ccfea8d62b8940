"""How providers are asked to keep a prompt in their caches: each in its own words, and all others not at all.

Most need no word: what two prompts begin with in common is found. OpenAI sends calls with one key to one machine, where
the cache is; from GPT-5.6 on it finds only what ended at a breakpoint, and so does Anthropic. Elsewhere unknown options
are refused, and content in blocks is not always read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from langgraph_tumix.models.model import Model

PromptCache = Literal["auto", "leader", "off"]
"""How a provider's prompt cache is used.

``leader``: of the calls that share a prefix one goes ahead. ``auto``: where that saves money. ``off``: never, and
providers are asked for nothing.
"""

LEAST = 4 * 1024
"""Characters from which on a prefix is worth waiting for: OpenAI and Anthropic cache 1,024 tokens at the least."""

_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
_EPHEMERAL: Mapping[str, Any] = {"cache_control": {"type": "ephemeral"}}
_BREAKPOINT: Mapping[str, Any] = {"prompt_cache_breakpoint": {"mode": "explicit"}}
_ONLY_EXPLICIT: Mapping[str, Any] = {"prompt_cache_options": {"mode": "explicit"}}


@dataclass(frozen=True)
class Caching:
    """What is said to the provider of one model in one question.

    Attributes:
        mark: Entries of the content block that ends what is shared; if there are none, prompts are plain text.
        single: Options of a call that none continues: what is its own is not worth writing to a cache.
        growing: Options of a call whose conversation goes on from it.
    """

    mark: Mapping[str, Any] = field(default_factory=dict)
    single: Mapping[str, Any] = field(default_factory=dict)
    growing: Mapping[str, Any] = field(default_factory=dict)


def caching(model: Model, chosen: PromptCache, question: str) -> Caching:
    """Return what is said to a model's provider; what the caller has set on the model itself stays as it is.

    Args:
        model: The model.
        chosen: How its cache is used.
        question: The question's id, by which calls that share a prefix are brought together.
    """
    if chosen == "off":
        return Caching()
    if model.provider == "anthropic":
        return Caching(mark=_EPHEMERAL, growing=_unset(model, _EPHEMERAL))
    if model.provider != "openai":
        return Caching()
    key = {"prompt_cache_key": f"tumix:{question}"}
    if not marks_breakpoints(model.id):
        return Caching(single=_unset(model, key), growing=_unset(model, key))
    return Caching(mark=_BREAKPOINT, single=_unset(model, {**key, **_ONLY_EXPLICIT}), growing=_unset(model, key))


def leads(model: Model, chosen: PromptCache, shared: str) -> bool:
    """Return whether one call goes ahead of those that share a prefix: for ``auto``, where that saves money."""
    if chosen == "auto":
        return len(shared) >= LEAST and model.discounts_cached
    return chosen == "leader"


def marks_breakpoints(id_: str) -> bool:
    """Return whether a model of OpenAI's finds only what ended at a breakpoint.

    >>> [marks_breakpoints(id_) for id_ in ("gpt-5.6-sol", "gpt-6", "gpt-5.5", "gpt-4o", "o3")]
    [True, True, False, False, False]
    """
    version = _GPT.match(id_)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= (5, 6)


def _unset(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    own = getattr(model.chat, "model_kwargs", None) or {}
    return {name: value for name, value in options.items() if name not in own and not getattr(model.chat, name, None)}
