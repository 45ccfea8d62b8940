"""What a run reports while it goes on: dicts on LangGraph's ``custom`` stream, all under the key ``tumix``.

===============  =========================================================================================
``event``        further entries
===============  =========================================================================================
``question``     ``question``, ``agents`` (names), ``left_out``, ``tools``, ``model``, ``simulated``
``design``       ``what`` (``proposed``, ``rejected``, ``trying``, ``tried``, ``admitted``, ``found``, ``failed``), …
``round``        ``round``, ``agents`` (those who run)
``agent``        ``round``, ``agent``, ``sample``: the agent has started
``step``         ``round``, ``agent``, ``sample``, ``tool``, ``input``, ``ok``, ``seconds``: it has used a tool
``note``         ``round``, ``agent``, ``sample``, ``status``, ``answer``, ``reason``, ``seconds``, ``usage``
``judged``       ``round``, ``stop``, ``reason``, ``votes``, ``agreement``, ``margin``, ``entropy``, ``spent``
``answer``       ``answer``, ``status``, ``spent``
===============  =========================================================================================

``usage`` is that of one note; ``spent`` that of the question so far.
"""

from collections.abc import Callable
from typing import Any

Emit = Callable[[dict[str, Any]], None]


def event(kind: str, **entries: Any) -> dict[str, Any]:
    """Return an event.

    >>> event("round", round=2)
    {'tumix': {'event': 'round', 'round': 2}}
    """
    return {"tumix": {"event": kind, **entries}}
