"""The grouping of answers that a model proposes: it may merge what was answered, and never adds to it."""

import hashlib
from collections.abc import Iterable, Sequence

from langgraph_tumix.core.keys import may_be_same


def grouping(keys: Iterable[str]) -> str:
    """Return the name under which the grouping of these answers, numbered in this order, is recorded."""
    return "group:" + hashlib.sha256("\n".join(keys).encode("utf-8", "replace")).hexdigest()[:16]


def agreed_groups(reply: str, keys: Sequence[str]) -> list[list[str]]:
    """Read groups, without what cannot be the same: an answer may talk its reader into merging."""
    return [alike for group in read_groups(reply, keys) if len(alike := _alike(group)) > 1]


def _alike(group: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for key in group:
        if all(may_be_same(key, other) for other in kept):
            kept.append(key)
    return kept


def read_groups(reply: str, keys: Sequence[str]) -> list[list[str]]:
    """Read groups such as ``1,4;2,3`` as groups of keys.

    Numbers that do not exist are dropped, and groups that share a number become one, so whatever the reply holds,
    the result only ever merges `keys`.

    Args:
        reply: What stood in the reply's brackets.
        keys: The answers that were numbered, from 1.

    >>> read_groups("1,3; 2, 9", ["text:a", "text:b", "text:c"])
    [['text:a', 'text:c']]
    """
    groups: list[set[int]] = []
    for part in reply.split(";"):
        members = {int(word) for word in part.replace(" ", "").split(",") if word.isdecimal() and len(word) < 6}
        members &= set(range(1, len(keys) + 1))
        for other in [group for group in groups if group & members]:
            groups.remove(other)
            members |= other
        if len(members) > 1:
            groups.append(members)
    return [[keys[number - 1] for number in sorted(group)] for group in groups]
