"""`tune`: a search over strategies on some questions, and what the one that it chose attains on others."""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay.board import Board
from langgraph_tumix.replay.compare import replay
from langgraph_tumix.replay.families import default_space, full_vote
from langgraph_tumix.replay.recording import Gold, Recording, Run
from langgraph_tumix.replay.search import Outcome, Search, Trial
from langgraph_tumix.replay.space import Family, checked
from langgraph_tumix.replay.spelling import spelled
from langgraph_tumix.replay.tuning import Tuning

BATCH = 8
"""Points that are replayed together, on one reading of the recording."""

Unit = Literal["usd", "tokens", "calls"]

Propose = Callable[[Sequence[Family], Sequence[Trial], int], Sequence[Mapping[str, Any]]]
"""Is given the space, the trials so far and how many points are wanted; returns points, ``family`` beside the knobs."""


def tune(
    recording: Recording,
    *,
    gold: Gold,
    space: Sequence[Family] | None = None,
    references: Sequence[Strategy] = (),
    test: tuple[Recording, Gold] | None = None,
    held_out: float = 0.5,
    budget: float | None = None,
    trials: int = 100,
    seed: int = 0,
    shuffles: int = 0,
    usd_per_million: float | None = None,
    study: str | Path | None = None,
    propose: Propose | None = None,
    watch: Callable[[Trial], None] = lambda trial: None,
) -> Tuning:
    """Search strategies on one part of the questions, without a model call, and report the best on the other part.

    Without a budget the best is the cheapest that is at least as accurate as the first reference, on the questions that
    are tuned on; with one, the most accurate that keeps to it, and of several the cheapest. Which of the front is best
    on the held-out questions is not looked at: that would be tuning on them.

    Args:
        recording: The runs.
        gold: Their right answers. They reach neither a strategy nor a proposer.
        space: What is searched; `default_space` of the recording if not given.
        references: What the best is compared with; the vote that spends all that was recorded is always added.
        test: Another recording to hold the best against, with its gold; then nothing is held out of the first.
        held_out: The share of the questions that is not tuned on.
        budget: What a question may cost, in dollars if they are known, else tokens, else model calls.
        trials: How many members of the space are tried, those in the study's file included.
        seed: Fixes the search.
        shuffles: As in `replay`.
        usd_per_million: As in `replay`.
        study: A file that keeps the trials, so that a search can be interrupted, and gone on with.
        propose: Proposes half of each batch of points from what came of the earlier ones; the rest is optuna's.
        watch: Is told each trial.

    Raises:
        ConfigError: optuna is missing, or the arguments do not fit the recording.
        RecordingError: No question has a gold answer.
    """
    if trials < 1:
        raise ConfigError(f"tune(trials) is {trials}: give at least 1")
    if test is None:
        tuned, tested = split(recording, held_out)
        test_gold = gold
    else:
        tuned, (tested, test_gold) = recording, test
    families = default_space(tuned, _gold_of(tuned, gold).read()) if space is None else checked(space)
    if not families:
        raise ConfigError("the recording holds one answer a question, nothing to choose from: record samples or rounds")

    def board(part: Recording, strategies: Sequence[Strategy], right: Gold) -> Board:
        options = {"shuffles": shuffles, "usd_per_million": usd_per_million, "seed": seed}
        return replay(part, strategies, gold=_gold_of(part, right), **options)  # type: ignore[arg-type]

    known = board(tuned, [*references, full_vote(tuned)], gold)
    if known.rows[0].validity == "invalid":
        raise ConfigError(f"{known.rows[0].strategy}, which is to be matched, cannot be replayed: {known.rows[0].why}")
    unit = _unit(known)
    about = ([run.id for run in tuned.runs], shuffles, usd_per_million, budget)
    search = Search(families, seed=seed, budget=budget, path=study, about=about)
    refused = _run(search, lambda members: board(tuned, members, gold), unit, trials, propose, watch)
    ranked = _ranked(search.trials(), budget, known.rows[0].accuracy.value)
    remarks = [f"{count} proposals were no points of the space" for count in [refused] if count]
    best, shown = None, None
    for trial in ranked:
        named = replace(trial.strategy, name="tuned")
        shown = board(tested, [*references, full_vote(tested), named], test_gold)
        if shown["tuned"].validity != "invalid":
            best = trial
            break
        remarks.append(f"{trial.strategy.name} is invalid on the held-out questions: {shown['tuned'].why}")
    return Tuning(search.trials(), unit, budget, known, best, shown if best else None, remarks)


def split(recording: Recording, held_out: float) -> tuple[Recording, Recording]:
    """Return the questions to tune on, and those held out, by a hash of the question: no draw to be lucky with.

    A question belongs to the same part in all groups and repeats.

    Raises:
        ConfigError: A part would be without a question.
    """
    names = sorted({_name(run) for run in recording.runs}, key=lambda name: (zlib.crc32(name.encode()), name))
    kept = set(names[: round((1 - held_out) * len(names))])
    if not kept or len(kept) == len(names):
        raise ConfigError(
            f"{len(names)} questions, {held_out:g} of them held out, leave one part empty: "
            "record more questions, or give a second recording to test on"
        )
    return recording.where(lambda run: _name(run) in kept), recording.where(lambda run: _name(run) not in kept)


def _name(run: Run) -> str:
    return run.text or run.question


def _gold_of(part: Recording, gold: Gold) -> Gold:
    """Return the gold of a part's questions alone; it is read when it is needed, and not kept."""
    mine = {(run.group, run.question) for run in part.runs}
    return Gold(lambda: {key: accepted for key, accepted in gold.read().items() if key in mine})


def _unit(board: Board) -> Unit:
    row = board.rows[-1]
    if row.usd > 0:  # neither unknown nor free
        return "usd"
    return "calls" if math.isnan(row.tokens) else "tokens"


def _run(
    search: Search,
    board: Callable[[Sequence[Strategy]], Board],
    unit: Unit,
    trials: int,
    propose: Propose | None,
    watch: Callable[[Trial], None],
) -> int:
    """Try points until there are enough; return how many proposals were no points of the space."""
    refused, done = 0, search.trials()
    known = {spelled(trial.strategy): trial.outcome for trial in done}
    while (left := trials - len(done)) > 0:
        batch = min(BATCH, left)
        if propose is not None and known:
            proposed = propose(list(search.families.values()), done, batch // 2)
            refused += sum(not search.suggest(point) for point in proposed[: batch // 2])
        members = [(trial, family.strategy(point)) for trial, family, point in search.ask(batch)]
        asked = [(trial, spelled(member), member) for trial, member in members]
        new = {text: member for _, text, member in asked if text not in known}
        if new:
            made = board([replace(member, name=text) for text, member in new.items()])
            known |= {text: _outcome(made, text, unit) for text in new}
        search.tell([(trial, known[text]) for trial, text, _ in asked])
        done = search.trials()
        for trial in done[-batch:]:
            watch(trial)
    return refused


def _outcome(board: Board, name: str, unit: Unit) -> Outcome:
    figures, cost = board.figures[name], board.mean(name, unit)
    if figures.validity == "invalid":
        return Outcome(0.0, math.inf, "invalid", figures.why)
    if math.isnan(cost):
        return Outcome(0.0, math.inf, "invalid", f"its {unit} are not known")
    return Outcome(board.mean(name), cost, figures.validity, figures.why)


def _ranked(trials: Sequence[Trial], budget: float | None, least: float) -> list[Trial]:
    """Return the trials that may be chosen, the best first."""
    usable = [trial for trial in trials if trial.outcome.validity != "invalid"]
    by_accuracy = sorted(usable, key=lambda trial: (-trial.outcome.accuracy, trial.outcome.cost))
    if budget is not None:
        return [trial for trial in by_accuracy if trial.outcome.cost <= budget]
    enough = [trial for trial in by_accuracy if trial.outcome.accuracy >= least - 1e-9]
    return sorted(enough, key=lambda trial: trial.outcome.cost) or by_accuracy
