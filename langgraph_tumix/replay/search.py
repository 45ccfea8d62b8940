"""The search itself: optuna proposes points of the search space, and keeps what came of them in a file."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay.play import Validity
from langgraph_tumix.replay.space import Family, Options, Point

if TYPE_CHECKING:
    import optuna

NAME = "tumix"
WORST = 1e30
"""Stands for infinite, which a file of JSON lines cannot hold."""


@dataclass(frozen=True)
class Outcome:
    """What came of a member of the space on the questions that are tuned on.

    Attributes:
        accuracy: Share of right answers; 0 where it could not be replayed.
        cost: For each question, in dollars, else tokens, else calls; infinite where it could not be replayed.
        validity: As on the board.
        why: What made it less than exact.
    """

    accuracy: float
    cost: float
    validity: Validity
    why: str = ""


@dataclass(frozen=True)
class Trial:
    """One member of the search space that was tried.

    Attributes:
        number: From 0.
        family: The family's name.
        point: Where its knobs stood; parts of a strategy by their kind.
        strategy: The strategy.
        outcome: What came of it.
    """

    number: int
    family: str
    point: Point
    strategy: Strategy
    outcome: Outcome


class Search:
    """Asks optuna for points of a search space, and tells it what came of them.

    Its sampler is TPE with two aims, accuracy and cost. The sampler is made anew for every batch, seeded by `seed` and
    how many trials there were, so a search that was interrupted goes on as if it had not been.

    Args:
        families: The space.
        seed: Fixes the proposals.
        budget: What a question may cost; proposals keep to it as far as they can.
        path: A file that keeps the trials; in memory without one.
        about: What else the figures depend on; a file of another search is refused.

    Raises:
        ConfigError: optuna is missing; the file cannot be used, or holds another search.
    """

    def __init__(
        self, families: Sequence[Family], *, seed: int, budget: float | None, path: str | Path | None, about: object
    ) -> None:
        self.families = {family.name: family for family in families}
        self.seed, self.budget = seed, budget
        knobs = [(family.name, sorted(family.knobs.items(), key=lambda it: it[0])) for family in families]
        mark = hashlib.sha256(repr((knobs, seed, about)).encode()).hexdigest()[:16]
        with _quiet():
            self._study = _study(path, mark)
            self._mend()
            if not self._study.get_trials(deepcopy=False):
                for share in (0.5, 0.0, 1.0):  # the middle of each family first, then its ends
                    for family in families:
                        self.suggest({"family": family.name, **family.told(family.at(share))})

    def _mend(self) -> None:
        """Put back into the queue what a crash has left half done."""
        states = _optuna().trial.TrialState
        for trial in self._study.get_trials(False, (states.RUNNING,)):
            self._study.tell(trial.number, state=states.FAIL)
            self._study.enqueue_trial(trial.params)

    def suggest(self, point: Mapping[str, Any]) -> bool:
        """Put a point first in the queue, its ``family`` beside its knobs; say whether it is one of the space."""
        family = self.families.get(str(point.get("family")))
        told = {name: value for name, value in point.items() if name != "family"}
        if family is None or set(told) != set(family.knobs):
            return False
        if not all(knob.holds(told[name]) for name, knob in family.knobs.items()):
            return False
        with _quiet():
            params = {f"{family.name}.{name}": value for name, value in told.items()}
            self._study.enqueue_trial({"family": family.name, **params})
        return True

    def ask(self, number: int) -> list[tuple["optuna.Trial", Family, Point]]:
        """Return the next points to try."""
        sampler = _optuna().samplers.TPESampler(seed=zlib.crc32(f"{self.seed} {len(self._complete())}".encode()))
        self._study.sampler = sampler
        with _quiet():
            return [self._asked(self._study.ask()) for _ in range(number)]

    def _asked(self, trial: "optuna.Trial") -> tuple["optuna.Trial", Family, Point]:
        family = self.families[trial.suggest_categorical("family", list(self.families))]
        for name, knob in family.knobs.items():
            place = f"{family.name}.{name}"
            if isinstance(knob, Options):
                trial.suggest_categorical(place, knob.labels)
            elif knob.whole:
                trial.suggest_int(place, *map(int, knob.ends), log=knob.log)
            else:
                trial.suggest_float(place, *knob.ends, log=knob.log)
        return trial, family, _point(family, trial.params)

    def tell(self, outcomes: Sequence[tuple["optuna.Trial", Outcome]]) -> None:
        """Note what came of points; one that could not be replayed is marked, so that its like are avoided."""
        with _quiet():
            for trial, outcome in outcomes:
                self._told(trial, outcome)

    def _told(self, trial: "optuna.Trial", outcome: Outcome) -> None:
        bad = outcome.validity == "invalid"
        trial.set_user_attr("validity", outcome.validity)
        trial.set_user_attr("why", outcome.why)
        trial.set_constraint("invalid", float(bad))
        if self.budget is not None:
            trial.set_constraint("budget", 0.0 if bad else outcome.cost / self.budget - 1)
        self._study.tell(trial, (0.0, WORST) if bad else (outcome.accuracy, outcome.cost))

    def trials(self) -> list[Trial]:
        """Return all that was tried, in order."""
        return [self._trial(number, it) for number, it in enumerate(self._complete())]

    def _complete(self) -> "list[optuna.trial.FrozenTrial]":
        complete: list[optuna.trial.FrozenTrial] = self._study.get_trials(False, (_optuna().trial.TrialState.COMPLETE,))
        return complete

    def _trial(self, number: int, trial: "optuna.trial.FrozenTrial") -> Trial:
        family = self.families[trial.params["family"]]
        point = _point(family, trial.params)
        accuracy, cost = trial.values
        attrs = trial.user_attrs
        outcome = Outcome(accuracy, cost if cost < WORST else float("inf"), attrs["validity"], attrs["why"])
        return Trial(number, family.name, family.told(point), family.strategy(point), outcome)


def _point(family: Family, params: Mapping[str, Any]) -> Point:
    """Return the values that a trial's parameters stand for; floats have three digits, to be read by people."""
    point: dict[str, Any] = {}
    for name, knob in family.knobs.items():
        value = params[f"{family.name}.{name}"]
        if isinstance(knob, Options):
            point[name] = knob.of[knob.labels.index(value)]
        else:
            point[name] = float(f"{value:.3g}") if isinstance(value, float) else value
    return point


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigError("tuning needs optuna: pip install 'langgraph-tumix[tune]'") from None
    return optuna


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep optuna's log to warnings: what it would say is in the report."""
    logging = _optuna().logging
    before = logging.get_verbosity()
    if before == logging.WARNING:  # set anew, it would have all loggers forget what they know
        yield
        return
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _study(path: str | Path | None, mark: str) -> Any:
    optuna = _optuna()
    if path is None:
        return optuna.create_study(directions=["maximize", "minimize"])
    try:
        backend = optuna.storages.journal.JournalFileBackend(str(path))
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=NAME,
            directions=["maximize", "minimize"],
            load_if_exists=True,
        )
        known = study.user_attrs.get("of")
        if known is None:
            study.set_user_attr("of", mark)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"the study {path} cannot be used: {error}; give another file") from None
    if known not in (None, mark):
        raise ConfigError(
            f"the study {path} is of another recording, space, split, price or seed: give --study another file"
        )
    return study
