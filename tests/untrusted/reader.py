"""A model that believes everything it reads, as long as it does not stand between fences: a fence that leaks shows."""

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from tests.graph.roles import GUIDES
from tests.untrusted.table import FALSE, LOOT, Attack

_END = re.compile(r"^\[\[end · ([0-9a-f]+)\]\]$", re.MULTILINE)
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff\ud800-\udfff]"
)


def marker_of(messages: Sequence[BaseMessage]) -> str:
    """Return the marker of the fences, as anyone who is asked can see it; empty where there is none."""
    ends = [end for message in messages for end in _END.findall(message.text)]
    return str(ends[-1]) if ends else ""


def outside(text: str, marker: str) -> str:
    """Return what stands outside the fences."""
    if not marker:
        return text
    kept, inside = [], False
    for line in text.split("\n"):
        if line.startswith("[[") and line.endswith(f" · {marker}]]"):
            inside = not line.startswith("[[end")
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def fences(text: str, marker: str, label: str) -> int:
    """Count the fences with a label."""
    return len(re.findall(rf"^\[\[{label}[^\]\n]* · {marker}\]\]$", text, re.MULTILINE)) if marker else 0


class Reader:
    """Plays all roles: honest where nobody takes it in, and hostile as Eve, of whom there may be several.

    Attributes:
        attacks: What each Eve says.
        verdicts: What the judge says, round by round.
        taken_in: Who has met the loot outside the fences.
    """

    def __init__(self, *attacks: Attack, guide: Attack | None = None) -> None:
        self.attacks = attacks
        self.guide = guide
        self.taken_in: list[str] = []
        self.prompts: list[str] = []

    def __call__(self, messages: Sequence[BaseMessage]) -> str:
        """Reply."""
        told = [message for message in messages if not isinstance(message, AIMessage)]
        marker = marker_of(told)
        plain = "\n".join(outside(message.text, marker) for message in told)
        self.prompts += [message.text for message in told]
        for number, attack in enumerate(self.attacks):
            if f"(Eve {number})" in plain:
                return attack(marker or "0123456789ab")
        role = self._role(plain)
        if LOOT in plain and role != "solver with guidance":
            self.taken_in.append(role)
            return f"{LOOT} <<<{FALSE}>>>" if role != "judge" else "<<<YES>>>"
        return self._honest(role, plain, marker, told)

    def _role(self, plain: str) -> str:
        if "You are the judge of this work" in plain:
            return "judge"
        if "Which of them say the same thing" in plain:
            return "grouper"
        if any(guide in plain for guide in GUIDES):
            return "guide"
        return "solver with guidance" if "# Guidance" in plain else "solver"

    def _honest(self, role: str, plain: str, marker: str, told: Sequence[BaseMessage]) -> str:
        if role == "judge":
            return "<<<YES>>>" if "Round 2 of at most" in plain else "<<<NO>>>"
        if role == "grouper":
            return "<<<none>>>"
        if role == "guide":
            return self.guide(marker) if self.guide else "<<<Check it.>>>"
        done = sum(fences(message.text, marker, label) for message in told for label in ("output of", "search results"))
        if "To search, end your turn" in plain and done == 0:
            return "<search>the question</search>"
        if "To run a program" in plain and done <= int("To search, end your turn" in plain):
            return "```python\nprint(6 * 7)\n```"
        return "It is <<<42>>>."
