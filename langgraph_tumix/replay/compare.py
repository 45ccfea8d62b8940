"""`replay`: strategies on a recording, then, and only then, the gold answers."""

import random
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.control import Controller
from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.errors import ConfigError, RecordingError
from langgraph_tumix.replay.board import Board, Figures
from langgraph_tumix.replay.depth import Chain, chains, steer
from langgraph_tumix.replay.learn import is_right
from langgraph_tumix.replay.play import RANK, Validity, play
from langgraph_tumix.replay.recording import Answers, Gold, Recording, Run
from langgraph_tumix.replay.samples import Ending, Prefixes, vectorises


@dataclass
class _Ended:
    """What one strategy did with one run, averaged over the orders: how often it gave each answer, and its cost."""

    answers: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)


@dataclass
class _Trial:
    """All that one strategy did."""

    ended: list[_Ended | None]
    validity: Validity = "exact"
    why: str = ""


def replay(
    recording: Recording,
    strategies: Sequence[Strategy],
    *,
    gold: Gold,
    shuffles: int = 0,
    budget: Budget | None = None,
    seed: int = 0,
    usd_per_million: float | None = None,
) -> Board:
    """Try strategies on recorded runs.

    The strategies run on a thread of their own, on views that hold what they would know live. Gold is read when the
    last of them is done, so there is nothing in memory that a strategy could find.

    Args:
        recording: The runs.
        strategies: With different names.
        gold: The right answers.
        shuffles: In how many orders independent samples are drawn; 0 for the recorded one only.
        budget: Caps on each question.
        seed: Breaks ties.
        usd_per_million: The price of a million tokens, where the recording knows none.

    Raises:
        ConfigError: Two strategies share a name, or there is none.
        RecordingError: No question has a gold answer.
    """
    trials = _trials(recording, strategies, shuffles, budget, seed)
    return _score(recording, trials, gold.read(), usd_per_million)


Learn = Callable[[Recording, Answers], Sequence[Strategy]]
"""Makes strategies from other questions' recordings and right answers; every time with the same names."""


def cross_replay(recording: Recording, learn: Learn, *, gold: Gold, folds: int = 2, shuffles: int = 0) -> Board:
    """Try strategies that learn: on each fold of the questions those that were learnt on the other folds.

    A question belongs to the same fold in all groups and repeats, so a model is never weighed by what another model's
    answers to the same question say.

    Args:
        recording: The runs.
        learn: Is given the other folds.
        gold: The right answers; those of a fold's own questions are not given to `learn`.
        folds: How many.
        shuffles: As in `replay`.

    Raises:
        ConfigError: The strategies' names differ between the folds.
    """
    fold = {run.id: zlib.crc32((run.text or run.question).encode()) % folds for run in recording.runs}
    right = gold.read()
    ended: dict[str, dict[tuple[str, str, int], _Ended | None]] = defaultdict(dict)
    whole: dict[str, _Trial] = {}
    for number in range(folds):
        mine = recording.where(lambda run, number=number: fold[run.id] == number)  # type: ignore[misc]
        others = recording.where(lambda run, number=number: fold[run.id] != number)  # type: ignore[misc]
        known = {(run.group, run.question): right.get((run.group, run.question), frozenset()) for run in others.runs}
        for name, trial in _trials(mine, learn(others, known), shuffles, None, 0).items():
            ended[name].update(zip((run.id for run in mine.runs), trial.ended, strict=True))
            before = whole.setdefault(name, _Trial([]))
            if RANK[trial.validity] > RANK[before.validity]:
                before.validity, before.why = trial.validity, trial.why
    if any(len(each) < len(recording.runs) for each in ended.values()):
        raise ConfigError("cross_replay(learn) gave strategies of different names in different folds")
    for name, trial in whole.items():
        trial.ended = [ended[name][run.id] for run in recording.runs]
    return _score(recording, whole, right, None)


def _trials(
    recording: Recording, strategies: Sequence[Strategy], shuffles: int, budget: Budget | None, seed: int
) -> dict[str, _Trial]:
    """Run the strategies on a thread of their own, whose stack leads nowhere."""
    names = [strategy.name for strategy in strategies]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"strategies are called {', '.join(names) or 'nothing'}: give each a name of its own")
    bench = _Bench(recording, strategies, shuffles, budget, seed)
    worker = threading.Thread(target=bench.run, name="replay")
    worker.start()
    worker.join()
    if bench.error is not None:
        raise bench.error
    return bench.trials


class _Bench:
    """Runs strategies. It knows no gold, and nobody on its thread's stack does."""

    def __init__(
        self, recording: Recording, strategies: Sequence[Strategy], shuffles: int, budget: Budget | None, seed: int
    ) -> None:
        self.recording, self.strategies = recording, strategies
        self.shuffles, self.budget, self.seed = shuffles, budget, seed
        self.trials = {strategy.name: _Trial([]) for strategy in strategies}
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for run in self.recording.runs:
                self._one(run)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            self.error = error

    def _one(self, run: Run) -> None:
        alone = [note for note in run.notes if not note["saw"]]
        each = max((note["sample"] + 1 for note in alone), default=0)
        orders = _orders(each, self.shuffles)
        fast = [strategy for strategy in self.strategies if self.budget is None and vectorises(strategy, run)]
        widest = max((s.allocate.most for s in fast if isinstance(s.allocate, Batches)), default=0)
        prefixes = Prefixes(run, orders, widest) if fast else None
        samples = None
        for strategy in self.strategies:
            trial = self.trials[strategy.name]
            how = strategy.allocate
            if prefixes is not None and strategy in fast and isinstance(how, Batches):
                trial.ended.append(_at_once(run, prefixes, prefixes.end(how, strategy.stop)))
            elif isinstance(how, Controller):
                samples = samples or chains(run)
                trial.ended.append(_steered(run, how, samples, orders))
            else:
                trial.ended.append(self._note_by_note(run, strategy, orders, trial))

    def _note_by_note(
        self, run: Run, strategy: Strategy, orders: Sequence[Sequence[int]], trial: _Trial
    ) -> _Ended | None:
        ended = _Ended()
        for order in orders:
            played = play(strategy, run, order=order if self.shuffles else None, budget=self.budget, seed=self.seed)
            if RANK[played.validity] > RANK[trial.validity]:
                trial.validity, trial.why = played.validity, f"{played.why} (question {run.question})"
            if played.validity == "invalid":
                return None
            usage = played.usage
            _add(ended.answers, {played.choice.answer if played.choice else "": 1.0}, len(orders))
            figures = {"calls": usage["model_calls"], "latency": played.latency, "seconds": played.seconds}
            figures |= {"tokens": tokens(usage), "usd": np.nan if usage["usd"] is None else usage["usd"]}
            _add(ended.cost, figures, len(orders))
        return ended


def _orders(samples: int, shuffles: int) -> list[list[int]]:
    """Return the orders in which samples are drawn: shuffles seeded 0, 1, ... as AutoTTS makes them."""
    orders = [list(range(samples)) for _ in range(max(1, shuffles))]
    for seed in range(shuffles):
        random.Random(seed).shuffle(orders[seed])
    return orders


def _add(sums: dict[str, float], more: Mapping[str, float], parts: int) -> None:
    for key, value in more.items():
        sums[key] = sums.get(key, 0.0) + value / parts


def _words(run: Run) -> dict[str | None, str]:
    """Return an answer as written for each key."""
    alone = [note["answer"] or "" for note in run.notes]
    return dict(zip(run.keys(alone), alone, strict=True))


def _at_once(run: Run, prefixes: Prefixes, end: Ending) -> _Ended:
    words = _words(run)
    found, counts = np.unique(end.answer, return_counts=True)
    answers = {
        words[prefixes.names[code]] if code >= 0 else "": count / len(end.answer)
        for code, count in zip(found.tolist(), counts.tolist(), strict=True)
    }
    names = {"tokens": "tokens", "latency": "latency", "usd": "usd", "seconds": "seconds", "calls": "taken"}
    return _Ended(answers, {name: float(getattr(end, each).mean()) for name, each in names.items()})


def _steered(run: Run, controller: Controller, samples: Sequence[Chain], orders: Sequence[Sequence[int]]) -> _Ended:
    ended, words = _Ended(), _words(run)
    for order in orders:
        steered = steer(controller, samples, [place for place in order if place < len(samples)])
        _add(ended.answers, {words.get(steered.answer, steered.answer or ""): 1.0}, len(orders))
        figures = {"tokens": steered.tokens, "latency": steered.latency, "seconds": steered.latency}
        _add(ended.cost, figures | {"calls": steered.opened}, len(orders))
    return ended


def _score(recording: Recording, trials: Mapping[str, _Trial], right: Answers, price: float | None) -> Board:
    """Compare with the right answers what the strategies have left behind."""
    known = [place for place, run in enumerate(recording.runs) if right.get((run.group, run.question))]
    if not known:
        raise RecordingError(
            f"{recording.source or 'the recording'}: no question has a gold answer; is it the right file?"
        )
    runs = [recording.runs[place] for place in known]
    left_out = dict(recording.left_out)
    if len(known) < len(recording.runs):
        left_out["questions without a gold answer"] = len(recording.runs) - len(known)
    accepted = [right[run.group, run.question] for run in runs]
    figures = {}
    for name, trial in trials.items():
        made = Figures.empty(len(runs))
        made.validity, made.why = trial.validity, trial.why
        for row, (place, run, gold) in enumerate(zip(known, runs, accepted, strict=True)):
            if (ended := trial.ended[place]) is not None:
                made.correct[row] = sum(share for answer, share in ended.answers.items() if is_right(run, answer, gold))
                _fill(made, row, run, ended.cost, price)
        figures[name] = made
    return Board(
        figures,
        [run.group for run in runs],
        [run.text or f"{run.group} {run.question}" for run in runs],
        single=_single(runs, accepted),
        coverage=_covered(runs, accepted, independent=True),
        oracle=_covered(runs, accepted, independent=False),
        left_out=left_out,
    )


def _fill(figures: Figures, row: int, run: Run, cost: Mapping[str, float], price: float | None) -> None:
    for name in ("calls", "latency", "seconds", "tokens", "usd"):
        getattr(figures, name)[row] = cost.get(name, np.nan)
    if not run.metered:
        figures.tokens[row] = figures.latency[row] = figures.usd[row] = figures.seconds[row] = np.nan
    elif price is not None and np.isnan(figures.usd[row]):
        figures.usd[row] = figures.tokens[row] * price / 1e6


def _covered(runs: Sequence[Run], accepted: Sequence[frozenset[str]], *, independent: bool) -> float:
    """Return how often some note is right."""
    covered = [
        any(is_right(run, note["answer"], gold) for note in run.notes if not (independent and note["saw"]))
        for run, gold in zip(runs, accepted, strict=True)
    ]
    return _group_mean(runs, covered)


def _single(runs: Sequence[Run], accepted: Sequence[frozenset[str]]) -> float:
    """Return how often one independent note, drawn by chance, is right."""
    shares = [
        np.mean([float(is_right(run, note["answer"], gold)) for note in run.notes if not note["saw"]] or [np.nan])
        for run, gold in zip(runs, accepted, strict=True)
    ]
    return _group_mean(runs, shares)


def _group_mean(runs: Sequence[Run], values: Sequence[Any]) -> float:
    groups = np.array([run.group for run in runs])
    figures = np.array(values, dtype=float)
    return float(np.mean([np.nanmean(figures[groups == group]) for group in np.unique(groups)]))
