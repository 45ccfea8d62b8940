"""The grouping of answers that a model proposes: it may merge what was answered, and never adds to it."""

from collections.abc import Sequence


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
