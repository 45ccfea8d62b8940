"""Replaying a strategy note by note: what it would have asked for is looked up in the recording."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from langgraph_tumix.core.aggregate import Choice
from langgraph_tumix.core.allocate import Allocator, Turn
from langgraph_tumix.core.groups import agreed_groups, grouping
from langgraph_tumix.core.ledger import KINDS, Budget
from langgraph_tumix.core.notes import Note, merge_notes, note_id, of_round
from langgraph_tumix.core.stop import Decision
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import Usage, add_usage, tokens, used
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay.recording import Run

Validity = Literal["exact", "approximate", "invalid"]
RANK: Mapping[Validity, int] = {"exact": 0, "approximate": 1, "invalid": 2}
MOST_WAVES = 1000


@dataclass
class Played:
    """What a strategy did with one question.

    Attributes:
        choice: The answer; None for no answer.
        usage: What it cost.
        seconds: The waves' times, summed.
        latency: Tokens of the longest agent of each wave, summed.
        waves: How often it asked.
        validity: ``exact``: every note is what the strategy would have got; ``approximate``: some agents had read other
            notes than it would have shown; ``invalid``: it asked for what was never recorded.
        why: What made it less than exact.
        decisions: The stop rule's decision after each wave.
    """

    choice: Choice | None = None
    usage: Usage = field(default_factory=used)
    seconds: float = 0.0
    latency: int = 0
    waves: int = 0
    validity: Validity = "exact"
    why: str = ""
    decisions: list[Decision] = field(default_factory=list)

    def degrade(self, validity: Validity, why: str) -> None:
        """Lower the validity, and keep the first reason for the worst."""
        if RANK[validity] > RANK[self.validity]:
            self.validity, self.why = validity, why


class Shelf:
    """The recorded notes of a question, found by what a turn asks for.

    Args:
        run: The question.
        order: The place of the recorded sample that stands for each sample that is asked for; as recorded if None.
    """

    def __init__(self, run: Run, order: Sequence[int] | None = None) -> None:
        self._notes: dict[tuple[str, int], list[Note]] = defaultdict(list)
        for note in run.notes:
            self._notes[note["agent"], note["sample"]].append(note)
        self._order = order
        self.origin: dict[str, str] = {}

    def take(self, turn: Turn, round_: int, played: Played) -> Note | None:
        """Return the note that a turn would have made, under the id that it would have had."""
        show = {self.origin[id_] for id_ in turn.show}
        note = self._find(turn, show, round_, played)
        if note is None:
            played.degrade("invalid", f"nothing is recorded of {turn.agent}, sample {turn.sample}, in round {round_}")
            return None
        id_ = note_id(round_, turn.agent, turn.sample)
        self.origin[id_] = note["id"]
        return {**note, "id": id_, "round": round_, "sample": turn.sample, "saw": list(turn.show)}

    def _find(self, turn: Turn, show: set[str], round_: int, played: Played) -> Note | None:
        place = turn.sample
        if self._order is not None:
            if place >= len(self._order):
                return None
            place = self._order[place]
        notes = self._notes.get((turn.agent, place), [])
        for note in notes:
            if set(note["saw"]) == show:
                return note
        if not show:
            return None
        due = 1 + max(int(id_.partition("/")[0]) for id_ in show)
        after = next((note for note in notes if note["round"] == due), None)
        if after is not None:
            played.degrade("approximate", f"{turn.agent} had read other notes in round {due} than it would be shown")
        return after


def play(
    strategy: Strategy,
    run: Run,
    *,
    order: Sequence[int] | None = None,
    budget: Budget | None = None,
    seed: int = 0,
) -> Played:
    """Replay a strategy on one question.

    Args:
        strategy: With an `Allocator`; controllers of depth are replayed by `depth.steer`.
        run: The question.
        order: See `Shelf`.
        budget: Caps that end it as they would have ended the live run.
        seed: Breaks ties.

    Raises:
        ConfigError: The strategy has no allocator.
    """
    allocator = strategy.allocate
    if not isinstance(allocator, Allocator):
        raise ConfigError(f"{strategy.name}: a controller runs over rounds as OverRounds({strategy.allocate})")
    played, shelf = Played(), Shelf(run, order)
    view = View([], 0, roster=run.roster, keys=run.keys, budget=budget or Budget())
    while played.waves < MOST_WAVES and (turns := allocator.plan(view)):
        view = _wave(strategy, shelf, view, turns, played)
        if played.validity == "invalid":
            return played
        view, decision = _decide(strategy, run, shelf, view, played)
        played.decisions.append(decision)
        if decision.stop or _spent_out(view):
            break
    _choose(strategy, run, shelf, view, played, seed)
    return played


def _wave(strategy: Strategy, shelf: Shelf, view: View, turns: Sequence[Turn], played: Played) -> View:
    """Reveal the notes of a wave, up to the moment at which the stop rule ends it."""
    round_ = view.round + 1
    made = [note for turn in turns if (note := shelf.take(turn, round_, played))]
    together = len({shelf.origin[note["id"]].partition("/")[0] for note in made}) == 1
    made.sort(key=lambda note: (note["finished"] if together else note["seconds"], note["seconds"]))
    before = list(view.notes)
    answered = len(made)
    for count in range(1, len(made)):
        partial = replace(view, notes=merge_notes(before, [map(_copy, made[:count])]), round=round_, verdict=None)
        if strategy.stop.at_once(partial).stop:
            due, answered = made[count - 1]["seconds"], count
            made = made[:count] + [_cancelled(note, due) for note in made[count:]]
            break
    for note in made[:answered]:
        if note["status"] == "cancelled":
            played.degrade("invalid", f"{note['agent']} was stopped in the recording, and is waited for here")
    usage = add_usage(played.usage, *(note["usage"] for note in made))
    played.usage, played.waves = usage, played.waves + 1
    played.seconds += max((note["seconds"] for note in made), default=0.0)
    played.latency += max((tokens(note["usage"]) for note in made), default=0)
    notes = merge_notes(before, [map(_copy, made)])
    return replace(view, notes=notes, round=round_, spent=usage, seconds=played.seconds, verdict=None)


def _copy(note: Note) -> Note:
    """Return a copy: whatever a strategy does to it changes neither the recording nor the bill."""
    return {**note, "usage": note["usage"].copy(), "evidence": [*note["evidence"]], "saw": [*note["saw"]]}


def _cancelled(note: Note, due: float) -> Note:
    """Return the note of an agent that was stopped at `due`: it pays for the share of its work that it had done."""
    if note["status"] == "cancelled":
        return note  # it was stopped when it was recorded, and has paid
    part = due / note["seconds"] if note["seconds"] else 1.0
    usage = note["usage"].copy()
    usage["input_tokens"] = round(usage["input_tokens"] * part)
    usage["output_tokens"] = round(usage["output_tokens"] * part)
    if usage["usd"] is not None:
        usage["usd"] *= part
    lost = {"status": "cancelled", "cause": "quorum", "reason": "enough others had answered", "answer": None}
    return {**note, **lost, "usage": usage, "seconds": due}  # type: ignore[typeddict-item]


def _decide(strategy: Strategy, run: Run, shelf: Shelf, view: View, played: Played) -> tuple[View, Decision]:
    decision = strategy.stop.decide(view)
    if decision.stop is not None:
        return view, decision
    verdict = run.verdicts.get(view.round)
    if verdict is None:
        played.degrade("invalid", f"the judge was not asked in round {view.round} of the recording")
        return view, Decision(True, "no verdict is recorded")
    read = {note["id"] for note in run.notes if note["round"] == view.round}
    if {shelf.origin[note["id"]] for note in of_round(view.notes, view.round)} != read:
        played.degrade("approximate", "the judge had read other notes")
    played.usage = add_usage(played.usage, verdict.usage)
    view = replace(view, verdict=verdict.stop, spent=played.usage)
    return view, strategy.stop.decide(view)


def _spent_out(view: View) -> bool:
    """Whether a cap is reached; what passed it in the wave that is over is paid for."""
    amounts = {**view.spent, "tokens": tokens(view.spent)}
    caps = {kind: getattr(view.budget, kind) for kind in KINDS}
    over = any(cap is not None and (amounts[kind] is None or amounts[kind] >= cap) for kind, cap in caps.items())
    return over or (view.budget.seconds is not None and view.seconds >= view.budget.seconds)


def _choose(strategy: Strategy, run: Run, shelf: Shelf, view: View, played: Played, seed: int) -> None:
    """Choose the answer, with the recorded replies to what the aggregator asks."""
    while requests := strategy.aggregate.requests(view):
        replies = dict(view.replies)
        for request in requests:
            recorded = replace(request, notes=tuple(shelf.origin[id_] for id_ in request.notes))
            if recorded.id not in run.replies:
                played.degrade("invalid", f"no reply is recorded to {recorded.id}")
                return
            replies[request.id] = reply = run.replies[recorded.id]
            played.usage = add_usage(played.usage, reply.usage)
        view = replace(view, replies=replies)
    played.choice = strategy.aggregate.choose(view, _groups(strategy, run, view, played), seed)


def _groups(strategy: Strategy, run: Run, view: View, played: Played) -> list[list[str]]:
    """Return the groups that a grouping call found, where the recorded run made one."""
    answers = strategy.aggregate.to_group(view)
    if not answers:
        return []
    if reply := run.replies.get(grouping(answers)):
        played.usage = add_usage(played.usage, reply.usage)
        return agreed_groups(reply.answer or "", list(answers))
    if any(id_.startswith("group:") for id_ in run.replies):
        played.degrade("approximate", "other answers were compared in the recording than would be here")
    return []
