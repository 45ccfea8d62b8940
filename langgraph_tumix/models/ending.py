"""How a reply ended, whoever wrote it: whole, cut off at the output limit, or withheld."""

from typing import Literal

from langchain_core.messages import AIMessage

from langgraph_tumix.errors import ModelError

Ending = Literal["whole", "length", "filter"]

_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"})
_FILTER = frozenset({"content_filter", "refusal", "safety", "prohibited_content", "blocklist", "content_filtered"})


def ending(reply: AIMessage) -> Ending:
    """Tell how a reply ended, by the words of OpenAI's two APIs, Anthropic's, Google's and Amazon's.

    >>> ending(AIMessage("Once upon", response_metadata={"stop_reason": "max_tokens"}))
    'length'
    """
    meta = reply.response_metadata
    incomplete = meta.get("incomplete_details")
    reasons = (
        meta.get("finish_reason"),
        meta.get("stop_reason"),
        meta.get("stopReason"),
        incomplete.get("reason") if isinstance(incomplete, dict) else None,
    )
    words = {str(reason).lower() for reason in reasons if reason}
    if words & _LENGTH:
        return "length"
    return "filter" if words & _FILTER else "whole"


def checked(reply: AIMessage) -> AIMessage:
    """Return a reply that says something.

    Raises:
        ModelError: It is empty: because of the output limit, a filter, or for no reason that is known.
    """
    if reply.text.strip() or reply.tool_calls:
        return reply
    match ending(reply):
        case "length":
            words = "the reply is empty: the output limit was used up before any text; raise max_tokens"
            raise ModelError("empty", words)
        case "filter":
            raise ModelError("refused", "the provider's content filter withheld the reply")
    raise ModelError("empty", "the reply is empty", retryable=True)
