"""How replies end, in every provider's words."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from langgraph_tumix.errors import ModelError
from langgraph_tumix.models.ending import checked, ending

CALL = {"name": "python", "args": {"code": "1"}, "id": "1", "type": "tool_call"}


def test_endings() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"finish_reason": "stop"}, "whole"),
        ({"finish_reason": "tool_calls"}, "whole"),
        ({"stop_reason": "end_turn"}, "whole"),
        ({}, "whole"),
        ({"finish_reason": None, "incomplete_details": None}, "whole"),
        ({"finish_reason": "length"}, "length"),
        ({"incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"stop_reason": "max_tokens"}, "length"),
        ({"finish_reason": "MAX_TOKENS"}, "length"),
        ({"stopReason": "max_tokens"}, "length"),
        ({"finish_reason": "content_filter"}, "filter"),
        ({"incomplete_details": {"reason": "content_filter"}}, "filter"),
        ({"stop_reason": "refusal"}, "filter"),
        ({"finish_reason": "SAFETY"}, "filter"),
    ]
    for meta, expected in cases:
        assert ending(AIMessage("", response_metadata=meta)) == expected


@pytest.mark.parametrize(
    ("meta", "kind", "retryable"),
    [
        ({"finish_reason": "stop"}, "empty", True),
        ({"finish_reason": "length"}, "empty", False),
        ({"finish_reason": "content_filter"}, "refused", False),
    ],
)
def test_an_empty_reply_is_none(meta: dict[str, Any], kind: str, retryable: bool) -> None:
    with pytest.raises(ModelError) as failure:
        checked(AIMessage(" \n", response_metadata=meta))
    assert (failure.value.kind, failure.value.retryable) == (kind, retryable)


@pytest.mark.parametrize("reply", [AIMessage("42"), AIMessage("", tool_calls=[CALL])])
def test_a_reply_that_says_or_does_something_is_one(reply: AIMessage) -> None:
    assert checked(reply) is reply
