"""Stop rules over independent samples, all questions, orders and prefixes at once.

The rules are those of the live graph. What is vectorised is the counting: the votes of every prefix are followed once,
and shared by all strategies; a rule is then asked once for each different pair of leading counts, and the answers are
looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.stop import Never, StopRule
from langgraph_tumix.core.stopping.votes import (
    BetaLead,
    CannotBeOvertaken,
    CountRule,
    UnanimousWindow,
    VoteCount,
    VoteMargin,
    VoteShare,
)
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.recording import Run

TOP_TWO = (BetaLead, VoteMargin, VoteShare, CannotBeOvertaken, VoteCount)
"""Rules that look at the two leading counts and the number of votes only."""

CHUNK = 16

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ending:
    """Where one strategy ended on each row.

    Attributes:
        taken: Samples.
        answer: The key of the answer, -1 for none.
        tokens: Of all samples.
        latency: Tokens of the longest sample of each wave, summed.
        usd: Of all samples, NaN where one's is not known.
        seconds: Of the longest sample of each wave, summed.
    """

    taken: Ints
    answer: Ints
    tokens: Ints
    latency: Ints
    usd: Floats
    seconds: Floats


class Prefixes:
    """The samples of one question in several orders, and the votes of all their prefixes.

    Args:
        run: The question; its independent notes are the samples, the agents in turn as `Batches` asks them.
        orders: For each row, the places of each agent's samples in the order in which they are drawn.
        most: Samples that are looked at.

    Raises:
        RecordingError: An agent has fewer samples than another, or a gap between them.
    """

    def __init__(self, run: Run, orders: Sequence[Sequence[int]], most: int) -> None:
        if not even(run):
            raise RecordingError(f"question {run.question}: the agents have different samples, or gaps between them")
        alone = [note for note in run.notes if not note["saw"]]
        by_agent = [[note for note in alone if note["agent"] == agent] for agent in run.roster]
        flat = [note for row in zip(*by_agent, strict=True) for note in row]
        keyed = run.keys([note["answer"] or "" for note in flat])
        self.names: list[str] = list(dict.fromkeys(key for key in keyed if key))
        place = {name: number for number, name in enumerate(self.names)}
        codes = np.array([place[key] if key else -1 for key in keyed])
        lengths = np.array([tokens(note["usage"]) for note in flat])
        width = len(run.roster)
        most = min(most, len(flat))
        chosen = (np.array(orders)[:, :, None] * width + np.arange(width)).reshape(len(orders), -1)[:, :most]
        self.codes: Ints = codes[chosen]
        self.lengths: Ints = lengths[chosen]
        self.usd: Floats = np.array([note["usage"]["usd"] for note in flat], dtype=float)[chosen]
        self.seconds: Floats = np.array([note["seconds"] for note in flat], dtype=float)[chosen]
        self._follow()

    def _follow(self) -> None:
        """Follow leader and counts through the prefixes; a tie is the answer's that came first."""
        rows, most = self.codes.shape
        every = np.arange(rows)
        answers = max(1, len(self.names))
        votes = np.zeros((rows, answers + 1), dtype=np.int64)
        came = np.full((rows, answers + 1), most)
        lead = np.full(rows, -1)
        self.leader = np.empty((rows, most), dtype=np.int64)
        self.first, self.second, self.voted = (np.zeros((rows, most), dtype=np.int64) for _ in range(3))
        first, second, voted = (np.zeros(rows, dtype=np.int64) for _ in range(3))
        # Equal counts, in whatever order, have equal sums of random numbers; others hardly ever.
        mark = np.random.default_rng(0).integers(2**63, size=most + 2)
        mark[0] = 0
        state = np.zeros(rows, dtype=np.int64)
        self.state = np.empty((rows, most), dtype=np.int64)
        for at in range(most):
            code = self.codes[:, at]
            valid = code >= 0
            votes[every, code] += valid
            came[every, code] = np.minimum(came[every, code], at)
            count = votes[every, code]
            mine = valid & (code == lead)
            over = valid & ~mine & ((count > first) | ((count == first) & (came[every, code] < came[every, lead])))
            second = np.where(over, first, np.where(valid & ~mine, np.maximum(second, count), second))
            first = np.where(mine | over, count, first)
            lead = np.where(over, code, lead)
            voted = voted + valid
            state = state + np.where(valid, mark[count] - mark[np.maximum(count - 1, 0)], 0)
            self.state[:, at] = state
            self.leader[:, at], self.first[:, at], self.second[:, at], self.voted[:, at] = lead, first, second, voted

    @cached_property
    def paid(self) -> tuple[Ints, Floats]:
        """Tokens and dollars of each prefix."""
        return np.cumsum(self.lengths, axis=1), np.cumsum(self.usd, axis=1)

    def end(self, batches: Batches, rule: StopRule) -> Ending:
        """Return where batches of samples end under a rule on votes, by the majority."""
        most = min(batches.most, self.codes.shape[1])
        ends = np.unique(np.minimum(np.arange(batches.size, most + batches.size, batches.size), most)) - 1
        wave = self._first(rule, ends)
        every = np.arange(len(wave))
        starts = np.concatenate(([0], ends[:-1] + 1))
        longest, slowest = (
            np.cumsum(np.maximum.reduceat(each[:, :most], starts, axis=1), axis=1)
            for each in (self.lengths, self.seconds)
        )
        last = ends[wave]
        tokens_, usd = (each[every, last] for each in self.paid)
        return Ending(last + 1, self.leader[every, last], tokens_, longest[every, wave], usd, slowest[every, wave])

    def _first(self, rule: StopRule, ends: Ints) -> Ints:
        """Return for each row the first of the ends at which the rule holds, else the last."""
        wave = np.full(len(self.codes), len(ends) - 1)
        if isinstance(rule, Never):
            return wave
        rows = np.arange(len(wave))
        for start in range(0, len(ends), CHUNK):  # most rows end early: the rest of their prefixes is never looked at
            held = self._holds(rule, rows, ends[start : start + CHUNK])
            hit = held.any(axis=1)
            wave[rows[hit]] = start + held[hit].argmax(axis=1)
            rows = rows[~hit]
            if not len(rows):
                break
        return wave

    def _holds(self, rule: StopRule, rows: Ints, ends: Ints) -> npt.NDArray[np.bool_]:
        """Say at which ends the rule holds."""
        if isinstance(rule, UnanimousWindow):
            return self._windows(rule.size)[rows[:, None], (ends + 1) // rule.size]
        if not isinstance(rule, CountRule):
            raise RecordingError(f"{rule} cannot be replayed on prefixes of samples")
        place = rows[:, None], ends[None, :]
        if isinstance(rule, TOP_TWO):
            voted, first, second = self.voted[place], self.first[place], self.second[place]
            table = _table(rule, self.codes.shape[1] + 1)
            new = table[voted, first, second] < 0
            for votes, one, two in set(
                zip(voted[new].tolist(), first[new].tolist(), second[new].tolist(), strict=True)
            ):
                table[votes, one, two] = rule.holds([one, two, *[1] * (votes - one - two)] if votes else [])
            return table[voted, first, second] > 0
        states, example, inverse = np.unique(self.state[place], return_index=True, return_inverse=True)
        known = _known(rule)
        for state, at in zip(states.tolist(), example.tolist(), strict=True):
            if state not in known:
                counts = self._ranked[rows[at // len(ends)], ends[at % len(ends)]].tolist()
                known[state] = rule.holds([count for count in counts if count])
        return np.array([known[state] for state in states.tolist()])[inverse].reshape(len(rows), len(ends))

    @cached_property
    def _ranked(self) -> npt.NDArray[np.int16]:
        """The counts of each row and prefix, most first."""
        cast = self.codes[:, :, None] == np.arange(max(1, len(self.names)))
        return -np.sort(-np.cumsum(cast, axis=1, dtype=np.int16), axis=2)

    def _windows(self, size: int) -> npt.NDArray[np.bool_]:
        """Say whether one of the first 0, 1, 2, ... windows agrees."""
        full = self.codes.shape[1] // size
        windows = self.codes[:, : full * size].reshape(len(self.codes), full, size)
        agreed = (windows == windows[:, :, :1]).all(axis=2) & (windows[:, :, 0] >= 0)
        never = np.zeros((len(agreed), 1), dtype=bool)
        return np.concatenate((never, np.logical_or.accumulate(agreed, axis=1)), axis=1)


@lru_cache(maxsize=64)
def _table(rule: CountRule, size: int) -> npt.NDArray[np.int8]:
    """Return what is known of a rule, by votes and the two leading counts: 1 holds, 0 does not, -1 not asked yet."""
    return np.full((size, size, size), -1, dtype=np.int8)


@lru_cache(maxsize=64)
def _known(rule: CountRule) -> dict[int, bool]:
    """Return what is known of a rule that looks at all counts, by the counts' fingerprint."""
    return {}


def vectorises(strategy: Strategy, run: Run) -> bool:
    """Whether `Prefixes.end` can replay a strategy on a run; anything else goes note by note.

    Within a wave notes are in the order of their agents' names, so of several agents only waves of one are in the order
    in which they were asked.
    """
    how, rule = strategy.allocate, strategy.stop
    counts = isinstance(rule, CountRule) and not rule.shared
    majority = strategy.aggregate == Majority("independent", ties="first", quiet=True)
    ordered = isinstance(how, Batches) and (how.size == 1 or len(run.roster) == 1)
    return ordered and even(run) and majority and (counts or isinstance(rule, Never | UnanimousWindow))


def even(run: Run) -> bool:
    """Whether all agents have the same independent samples, without a gap in their numbers."""
    samples: dict[str, set[int]] = {agent: set() for agent in run.roster}
    for note in run.notes:
        if not note["saw"]:
            samples[note["agent"]].add(note["sample"])
    first = next(iter(samples.values()), set())
    return all(each == set(range(len(first))) for each in samples.values())
