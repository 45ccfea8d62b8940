"""Ways to ask a model, for backends that do and for backends that must not."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from langgraph_tumix.search import Ask


async def nobody(messages: Sequence[BaseMessage], *, tools: Sequence[Mapping[str, Any]] = ()) -> AIMessage:
    """Asked by a backend that has no model to ask."""
    raise AssertionError(f"a model was asked: {messages}")


def asking(model: BaseChatModel) -> Ask:
    """Ask `model`, with the provider's tools bound."""

    async def ask(messages: Sequence[BaseMessage], *, tools: Sequence[Mapping[str, Any]] = ()) -> AIMessage:
        reply = await model.bind_tools([dict(tool) for tool in tools]).ainvoke(list(messages))
        assert isinstance(reply, AIMessage)
        return reply

    return ask
