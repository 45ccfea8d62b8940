"""Reading the notes of a round: what they answer, what stands behind it, whether to follow; judging and grouping."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from langgraph_tumix.offline.problem import key
from langgraph_tumix.offline.reading import Reading

_BACKED = re.compile(r"\bprogram printed\b|\bOutput:|\bsource\b|corpus:|https?:", re.IGNORECASE)


@dataclass(frozen=True)
class Standing:
    """An answer, how many notes give it, and how many of them say that they computed or looked it up."""

    answer: str
    notes: int
    backed: int


def tally(notes: Sequence[str]) -> list[Standing]:
    """Count the answers of notes, most frequent first; notes without an answer do not count.

    >>> tally(["So <<<12>>>", "The program printed 12. <<<12.0>>>", "<<<13>>>", "<<<unknown>>>"])[0]
    Standing(answer='12', notes=2, backed=1)
    """
    groups: dict[str, list[tuple[str, bool]]] = {}
    for note in notes:
        answer = answer_of(note)
        if answer is not None:
            groups.setdefault(key(answer), []).append((answer, _BACKED.search(note) is not None))
    standings = [Standing(g[0][0], len(g), sum(backed for _, backed in g)) for g in groups.values()]
    return sorted(standings, key=lambda standing: (-standing.notes, -standing.backed, standing.answer))


def answer_of(note: str) -> str | None:
    """Return the answer of a note, None if it has none that could be repeated safely."""
    start = note.rfind("<<<")
    end = note.find(">>>", start)
    answer = note[start + 3 : end].strip() if 0 <= start < end else ""
    harmless = 0 < len(answer) <= 200 and not re.search(r"[<>`\n]", answer)
    return answer if harmless and key(answer) != "unknown" else None


@dataclass(frozen=True)
class Result:
    """What a solver came to by itself.

    Attributes:
        answer: None if it came to nothing.
        how: What the answer rests on.
        words: The way to it, for people.
    """

    answer: str | None
    how: Literal["computed", "sourced", "reasoned", "guessed", "nothing"]
    words: str


_FIRMNESS = {"computed": 0.92, "sourced": 0.92, "reasoned": 0.3, "guessed": 0.0, "nothing": 0.0}


def settle(own: Result, notes: Sequence[str], rng: random.Random) -> str:
    """Return the final message: the own result, kept or given up in the light of the notes.

    What was computed or looked up is given up rarely. A mere belief gives way to a majority, more readily to one that
    has been checked; and who has nothing follows only what somebody checked.
    """
    standings = tally(notes)
    answer, reason = own.answer, ""
    if standings:
        top, total = standings[0], sum(standing.notes for standing in standings)
        share = f"{top.notes} of {total} notes that answer say {top.answer}, {top.backed} of them checked it"
        told = top.notes > 1 or (answer is None and top.backed > 0)  # a single belief convinces nobody
        majority = told and 2 * top.notes > total
        if answer is not None and key(answer) == key(top.answer):
            reason = f"{share}; so do I."
        elif majority and (top.backed > 0 or answer is not None) and rng.random() >= _FIRMNESS[own.how]:
            answer, reason = top.answer, f"{share}. I find no flaw in that and change my mind."
        else:
            reason = f"{share}. I have seen no reason to follow."
    return "\n\n".join(part for part in (own.words, reason, f"<<<{answer or 'unknown'}>>>") if part)


def judge(reading: Reading) -> str:
    """Count the answers of the round, and say whether nearly all agree."""
    standings = tally(reading.notes)
    total = sum(standing.notes for standing in standings)
    round_ = re.search(r"Round (\d{1,4})", reading.task)
    share = 0.8 if round_ and int(round_[1]) >= 3 else 0.9
    settled = total >= 2 and 2 * total >= len(reading.notes) and standings[0].notes >= share * total
    counts = "; ".join(f"{standing.answer}: {standing.notes} ({standing.backed} checked)" for standing in standings)
    verdict = "Nearly all agree. I stop." if settled else "This is not settled. Another round may help."
    return (
        f"Answers and their notes: {counts or 'none'}. Without an answer: {len(reading.notes) - total}.\n\n"
        f"{verdict}\n\n<<<{'YES' if settled else 'NO'}>>>"
    )


def group(reading: Reading) -> str:
    """Group the numbered answers that are equal up to notation."""
    groups: dict[str, list[str]] = {}
    for number, answer in re.findall(r"^\s*(\d+)[.):] (.*)$", "\n".join(reading.notes), re.MULTILINE):
        groups.setdefault(key(answer), []).append(number)
    together = ";".join(",".join(numbers) for numbers in groups.values() if len(numbers) > 1)
    return f"I compare the answers without regard to notation.\n\n<<<{together or 'none'}>>>"
