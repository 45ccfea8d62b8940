"""From messages and replies to usage: what a call may cost at worst, what it cost, and what it may have cost."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from langgraph_tumix.core.usage import Usage, used
from langgraph_tumix.models.model import DEFAULT_WINDOW, Model

OUTPUT_LIMIT = 16_384
"""Output tokens a call may use under a cap on tokens or dollars, if the model sets no limit of its own.

A cap has to reserve what a call can cost at worst, and models may answer with 100,000 tokens; reasoning models have
been seen to return nothing at all under limits of 4,096.
"""

IMAGE_TOKENS = 50_000
"""Tokens of an image at most; the dearest known is gpt-4o-mini's largest: 2,833 and 8 tiles of 5,667."""

FAST = 200
"""Output tokens per second with which a call that was given up is charged: as fast as large models write."""

_FRAME = 16  # tokens around a message or a tool
_IMAGES = ("image", "image_url", "input_image")
_CACHE_WRITES = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def own_limit(model: Model) -> int | None:
    """Return the output tokens to which a model's caller has limited it, None if to none."""
    limit = getattr(model.chat, "max_tokens", None)
    return limit if isinstance(limit, int) else None


def output_limit(model: Model) -> int:
    """Return the output tokens that a call may use under a cap."""
    known = int(model.profile.get("max_output_tokens") or OUTPUT_LIMIT)
    return own_limit(model) or min(OUTPUT_LIMIT, known)


def worst_case(model: Model, messages: Sequence[BaseMessage], tools: Sequence[Any]) -> Usage:
    """Return the most that a call can cost: no tokenizer makes more tokens than there are bytes.

    A tool that the provider runs itself may fill the context with what it finds.
    """
    most = sum(_most_tokens(message) for message in messages) + sum(_bytes(_schema(tool)) + _FRAME for tool in tools)
    if any(isinstance(tool, dict) and tool.get("type") != "function" for tool in tools):
        most = max(most, int(model.profile.get("max_input_tokens") or DEFAULT_WINDOW))
    usage = used(model_calls=1, input_tokens=most, output_tokens=output_limit(model))
    usage["usd"] = model.most_usd(usage)
    return usage


def estimated(model: Model, messages: Sequence[BaseMessage], output_tokens: int) -> Usage:
    """Return what a call probably cost of which no count came back."""
    usage = used(
        model_calls=1,
        unmetered_calls=1,
        input_tokens=sum(len(_text(message)) for message in messages) // 4 + 1,
        output_tokens=min(output_tokens, output_limit(model)),
    )
    usage["usd"] = model.usd(usage)
    return usage


def metered(model: Model, messages: Sequence[BaseMessage], reply: AIMessage) -> Usage:
    """Return what the provider says that a call cost.

    LangChain has made one of what providers say in two ways: what was cached is a part of the input, what was
    reasoned a part of the output. (OpenAI counts so itself; Anthropic counts cached input apart.)
    """
    meta = reply.usage_metadata
    if meta is None:
        return estimated(model, messages, len(_text(reply)) // 4)
    read: Any = meta.get("input_token_details", {})
    usage = used(
        model_calls=1,
        input_tokens=meta["input_tokens"],
        output_tokens=meta["output_tokens"],
        cache_read_tokens=_detail(read, "cache_read"),
        cache_write_tokens=sum(_detail(read, name) for name in _CACHE_WRITES),
        reasoning_tokens=_detail(meta.get("output_token_details", {}), "reasoning"),
    )
    tier = str(reply.response_metadata.get("service_tier") or "")
    hour = _detail(read, "ephemeral_1h_input_tokens")
    usage["usd"] = model.usd(usage, written_for_an_hour=hour, tier=tier)
    return usage


def _detail(details: Any, name: str) -> int:
    # On some service tiers the names carry a prefix, such as `flex_cache_read`.
    return sum(count or 0 for key, count in details.items() if key == name or key.endswith(f"_{name}"))


def _most_tokens(message: BaseMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    parts = message.content if isinstance(message.content, list) else [message.content]
    return _FRAME + sum(IMAGE_TOKENS if _is_image(part) else _bytes(part) for part in (*parts, *calls))


def _is_image(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") in _IMAGES


def _bytes(part: object) -> int:
    text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, default=str)
    return len(text.encode("utf-8", "replace"))


def _schema(tool: Any) -> dict[str, Any]:
    from langchain_core.utils.function_calling import convert_to_openai_tool

    # A provider's own tool is sent as it is, and LangChain knows but a few of them.
    return tool if isinstance(tool, dict) else convert_to_openai_tool(tool)


def _text(message: BaseMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in message.content)
