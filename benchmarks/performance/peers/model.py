"""The model that all peers ask: a provider's pace and prompt cache, and a kilobyte of text that everyone agrees on."""

from dataclasses import replace

from benchmarks.performance.server import respond as respond_plainly
from tests.servers.openai_server import Reply, Request
from tests.servers.prefix_cache import PrefixCache

FIRST = 0.05
"""Seconds that a call takes whose prompt is all in the cache."""

PREFILL = 50_000
"""Tokens of a prompt that are read through in a second where they are not; then others may read them."""

_LETTERS = str.maketrans("0123456789", "abcdefghij")  # further numbers would be taken for answers


def _agree(request: Request) -> Reply:
    """Answer in words that no other reply has, as models do; MARS verifies, and finds correct what there is."""
    opening = f"Attempt {str(request.number).translate(_LETTERS)}. "
    if "verification expert" in request.messages[-1]["text"]:
        opening += "Overall assessment: CORRECT. "
    reply = respond_plainly(request)
    return replace(reply, text=opening + reply.text)


respond = PrefixCache(first=FIRST, prefill=PREFILL).around(_agree)
