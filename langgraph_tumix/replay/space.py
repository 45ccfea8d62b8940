"""The search space of the tuner: families of strategies, each with the knobs that may be turned."""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Any

from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay.spelling import read_strategy


@dataclass(frozen=True)
class Span:
    """A knob that turns from `low` to `high`, over whole numbers if both are whole.

    Attributes:
        low: One end; in a one-knob family the cheap one, which may be the greater number.
        high: The other.
        log: Whether it turns on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or (self.log and min(self.low, self.high) <= 0):
            raise ConfigError(f"Span({self.low}, {self.high}): give two numbers, above 0 on a logarithmic scale")

    def at(self, share: float) -> float:
        """Return the number at a share of the way, floats to three digits.

        >>> Span(4, 64).at(0.5), Span(1, 64, log=True).at(0.5), Span(0.9, 0.5).at(1.0)
        (34, 8, 0.5)
        """
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        value = low + share * (high - low)
        value = math.exp(value) if self.log else value
        return round(value) if self.whole else float(f"{value:.3g}")

    @property
    def whole(self) -> bool:
        """Whether it turns over whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self) -> tuple[float, float]:
        """The lesser end and the greater."""
        return min(self.low, self.high), max(self.low, self.high)

    def holds(self, value: object) -> bool:
        """Whether a value, as it is told, is one of the knob's."""
        if not isinstance(value, int if self.whole else int | float) or isinstance(value, bool):
            return False
        low, high = self.ends
        return low <= value <= high

    def told(self, value: Any) -> float:
        """Return a value as it is told: as it is."""
        return float(value) if not self.whole else int(value)


@dataclass(frozen=True)
class Options:
    """A knob with a few positions.

    Attributes:
        of: The values.
    """

    of: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.of:
            raise ConfigError("Options(of) is empty: give at least one value")

    @property
    def labels(self) -> tuple[str | int | float, ...]:
        """What the values are called: plain ones as they are, parts of a strategy by their kind if that is enough."""
        kinds = tuple(it if isinstance(it, str | int | float) else type(it).__name__ for it in self.of)
        return kinds if len(set(kinds)) == len(kinds) else tuple(repr(it) for it in self.of)

    def holds(self, value: object) -> bool:
        """Whether a value, as it is told, is one of the knob's."""
        return value in self.labels

    def told(self, value: Any) -> str | int | float:
        """Return what a value is called."""
        return self.labels[self.of.index(value)]

    def at(self, share: float) -> Any:
        """Return the value at a share of the way from the first to the last."""
        return self.of[round(share * (len(self.of) - 1))]


Knob = Span | Options
Point = Mapping[str, Any]
"""A value for each knob of a family."""


@dataclass(frozen=True)
class Family:
    """Strategies that differ in what their knobs are set to.

    Attributes:
        name: Its name in tables.
        build: Makes the strategy; its arguments are the knobs.
        knobs: What may be turned, by name.

    >>> from langgraph_tumix.core.controllers.cmc import CMC
    >>> cmc = Family("CMC", lambda beta: Strategy("", CMC(beta)), {"beta": Span(0.0, 1.0)})
    >>> cmc.strategy({"beta": 0.5}).name
    'CMC(beta=0.5)'
    """

    name: str
    build: Callable[..., Strategy]
    knobs: Mapping[str, Knob] = field(default_factory=dict)

    def strategy(self, point: Point) -> Strategy:
        """Return the member at a point, named after family and point."""
        told = ", ".join(f"{name}={value}" for name, value in self.told(point).items())
        return replace(self.build(**point), name=f"{self.name}({told})" if told else self.name)

    def told(self, point: Point) -> dict[str, str | int | float]:
        """Return a point as plain values: parts of a strategy by their kind."""
        return {name: self.knobs[name].told(value) for name, value in point.items()}

    def at(self, share: float) -> Point:
        """Return the point at which all knobs are the same share of their way."""
        return {name: knob.at(share) for name, knob in self.knobs.items()}


def one_knob(name: str, build: Callable[..., Strategy], spans: Mapping[str, Span]) -> Family:
    """Return a family whose spans all follow one knob `beta`, from 0 for cheap to 1 for thorough.

    AutoTTS' parametrisation (arXiv 2605.08083, section 3.3): with many free thresholds and few questions a search ends
    at extreme values that do not hold elsewhere; with one, that each number follows steadily, it cannot.

    Args:
        name: Its name.
        build: Makes the strategy; its arguments are the spans' names.
        spans: Each from its cheap to its thorough end.

    >>> from langgraph_tumix.core.controllers.race import Race
    >>> family = one_knob("race", lambda quorum: Strategy("", Race(quorum=quorum)), {"quorum": Span(4, 32)})
    >>> family.strategy({"beta": 0.5}).allocate.quorum
    18
    """
    return Family(
        name,
        lambda beta: build(**{knob: span.at(beta) for knob, span in spans.items()}),
        {"beta": Span(0.0, 1.0)},
    )


def written(name: str, text: str, knobs: Mapping[str, Knob], *, single: bool = False) -> Family:
    """Return a family that is written as strategies are on the command line, with a ``$`` before each knob's name.

    Args:
        name: Its name.
        text: As ``Batches($size, 64), BetaLead($confidence)``. A position that is text stands for a part of it.
        knobs: By name.
        single: Whether all spans follow one knob, as in `one_knob`.

    Raises:
        ConfigError: Text and knobs do not fit together, or there is no such strategy.
    """
    template = Template(text)
    names = set(template.get_identifiers())
    if not template.is_valid() or names != set(knobs):
        wrong = sorted(names ^ set(knobs)) or ["a lone $"]
        raise ConfigError(f"family {name!r}: {', '.join(wrong)} stands in only one of its text and its knobs: {text}")

    def build(**point: Any) -> Strategy:
        filled = template.substitute({key: it if isinstance(it, str) else repr(it) for key, it in point.items()})
        return read_strategy(filled)

    spans = {key: knob for key, knob in knobs.items() if isinstance(knob, Span)}
    if single and len(spans) < len(knobs):
        raise ConfigError(f"family {name!r}: in a one-knob family every knob is a span from low to high")
    family = one_knob(name, build, spans) if single else Family(name, build, knobs)
    for share in (0.0, 1.0):
        family.strategy(family.at(share))
    return family


def read_space(path: str | Path) -> tuple[Family, ...]:
    """Read a search space from a TOML file: a table for each family.

    ::

        [lead]
        strategy = "Batches($size, $most), BetaLead($confidence), $vote"
        size = [1, 2, 4]                             # one of these
        most = { low = 8, high = 64, log = true }    # whole numbers
        confidence = { low = 0.7, high = 0.99 }
        vote = ["Majority('independent')", "ShortFirst(over='independent')"]

        [race]
        strategy = "Race(quorum=$quorum, confidence=$confidence)"
        one_knob = true                              # both follow one knob
        quorum = { low = 4, high = 32 }
        confidence = { low = 0.8, high = 0.95 }

    Raises:
        ConfigError: It cannot be read; the message says which family, and why.
    """
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the search space {path} cannot be read: {error}") from None
    families = tuple(_family(str(path), name, table) for name, table in tables.items())
    return checked(families, str(path))


def _family(path: str, name: str, table: Any) -> Family:
    if not isinstance(table, dict) or not isinstance(text := table.get("strategy"), str):
        raise ConfigError(f'{path}: {name!r} is no family: write [{name}] and below it strategy = "..."')
    knobs = {key: _knob(f"{path}: [{name}] {key}", it) for key, it in table.items() if key not in _NO_KNOBS}
    return written(name, text, knobs, single=table.get("one_knob") is True)


_NO_KNOBS = ("strategy", "one_knob")


def _knob(place: str, value: Any) -> Knob:
    if isinstance(value, list):
        return Options(tuple(value))
    try:
        return Span(**value)
    except TypeError:
        raise ConfigError(f"{place} is {value!r}: give a list, or {{ low = ..., high = ... }}") from None


def checked(families: Sequence[Family], what: str = "the search space") -> tuple[Family, ...]:
    """Return the families, if there are some and their names differ.

    Raises:
        ConfigError: There is none, or two share a name.
    """
    names = [family.name for family in families]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"{what} has the families {', '.join(names) or '(none)'}: give each a name of its own")
    return tuple(families)
