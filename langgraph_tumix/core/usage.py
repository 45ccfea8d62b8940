"""Usage: what calls cost, in calls, tokens and dollars."""

from typing_extensions import TypedDict


class Usage(TypedDict):
    """What was used; the sum of any number of calls.

    Attributes:
        model_calls: Requests sent to a model, failed ones included.
        tool_calls: Programs run, searches made and tools called.
        input_tokens: All input, cached or not.
        output_tokens: All output, reasoning included.
        cache_read_tokens: The part of the input that the provider read from its cache.
        cache_write_tokens: The part of the input that the provider wrote to its cache.
        reasoning_tokens: The part of the output that was reasoning.
        unmetered_calls: Calls for which the provider reported no tokens; theirs are estimated.
        usd: Dollars; None once a single part of the sum has no known price. Unknown is never 0.
    """

    model_calls: int
    tool_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    unmetered_calls: int
    usd: float | None


def used(
    *,
    model_calls: int = 0,
    tool_calls: int = 0,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    reasoning_tokens: int = 0,
    unmetered_calls: int = 0,
    usd: float | None = 0.0,
) -> Usage:
    """Return a usage; without arguments, that of nothing, the neutral element of `add_usage`."""
    return {
        "model_calls": model_calls,
        "tool_calls": tool_calls,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens,
        "reasoning_tokens": reasoning_tokens,
        "unmetered_calls": unmetered_calls,
        "usd": usd,
    }


def add_usage(*parts: Usage) -> Usage:
    """Sum usages.

    >>> add_usage(used(usd=0.25), used(usd=0.25))["usd"]
    0.5
    >>> add_usage(used(usd=0.25), used(usd=None))["usd"] is None
    True
    """
    total = used()
    for part in parts:  # in the plainest way: each call is entered in four accounts
        total["model_calls"] += part["model_calls"]
        total["tool_calls"] += part["tool_calls"]
        total["input_tokens"] += part["input_tokens"]
        total["output_tokens"] += part["output_tokens"]
        total["cache_read_tokens"] += part["cache_read_tokens"]
        total["cache_write_tokens"] += part["cache_write_tokens"]
        total["reasoning_tokens"] += part["reasoning_tokens"]
        total["unmetered_calls"] += part["unmetered_calls"]
        total["usd"] = None if total["usd"] is None or part["usd"] is None else total["usd"] + part["usd"]
    return total


def cached(usage: Usage) -> float:
    """Return the share of the input that was read from a cache, 0 to 1.

    >>> cached(used(input_tokens=1_000, cache_read_tokens=900))
    0.9
    """
    return usage["cache_read_tokens"] / usage["input_tokens"] if usage["input_tokens"] else 0.0


def tokens(usage: Usage) -> int:
    """Return input and output tokens together."""
    return usage["input_tokens"] + usage["output_tokens"]
