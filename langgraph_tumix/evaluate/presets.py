"""Presets: the paper's variants and the baselines it is measured against, by name.

`docs/presets.md` says where each comes from and what is ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel

from langgraph_tumix.core.aggregate import Aggregator
from langgraph_tumix.core.aggregating.calls import Committee, Select, Synthesise
from langgraph_tumix.core.aggregating.draw import RandomAnswer
from langgraph_tumix.core.allocate import Allocator
from langgraph_tumix.core.stop import FixedRounds, Never, StableMajority
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.baselines import (
    DIVERSE,
    EXPERTS,
    LAYER,
    RECRUITER,
    RECRUITING,
    SCIMASTER,
    SCIMASTER_STAGES,
    SETS,
    TEAM,
)
from langgraph_tumix.graph import TumixGraph, create_tumix

Options = dict[str, Any]
"""Keywords of `create_tumix`."""

MOST = 1000
"""Samples or chains at most: each is a node of the graph."""


@dataclass(frozen=True)
class Preset:
    """A named configuration.

    Attributes:
        options: What `create_tumix` is told; for a preset with a number, how that number is told.
        about: What it is, in a line.
        number: The number that it takes, as in ``self-consistency:45``, if none is given; None: it takes none.
        most: The highest number.
        unit: Model calls for each unit of the number.
        closing: Model calls that it makes besides.
    """

    options: Options | Callable[[int], Options]
    about: str
    number: int | None = None
    most: int = MOST
    unit: int = 1
    closing: int = 0


def _rounds(agents: Any, rounds: int, **more: Any) -> Options:
    return {"agents": agents, "min_rounds": rounds, "max_rounds": rounds, "stop": FixedRounds(rounds), **more}


def _planned(agents: Any, plan: Allocator, aggregate: Aggregator) -> Options:
    return {"agents": agents, "allocate": plan, "stop": Never(), "aggregate": aggregate}


PRESETS: Mapping[str, Preset] = {
    "tumix": Preset({"agents": "tumix"}, "fifteen agents, stopped by the LLM judge, majority vote"),
    "tumix-rule": Preset(
        {"agents": "tumix", "stop": StableMajority()}, "stopped when one answer has led for two rounds"
    ),
    "tumix-fixed": Preset(_rounds("tumix", 5), "five rounds, majority vote"),
    "tumix-fixedr": Preset(_rounds("tumix", 5, aggregate=RandomAnswer()), "five rounds, a random answer"),
    "tumix-single": Preset({"agents": "tumix-single"}, "fifteen times one agent"),
    "tumix-three": Preset({"agents": "tumix-three"}, "three agents, five times each"),
    "tumix-evolve": Preset({"agents": "tumix-evolve"}, "the best group with designed agents"),
    "tumix-plus": Preset({"agents": "tumix", "samples": 4}, "four answers of each agent in rounds 1 and 2"),
    "single": Preset(_rounds(["CoT"], 1), "one agent, one call"),
    "self-consistency": Preset(lambda n: _rounds(["CoT"] * n, 1), "samples of one agent, majority vote", 15),
    "self-reflection": Preset(lambda n: _rounds(["CoT"], n), "one agent that reads its own last answer", 10, most=20),
    "sets": Preset(
        lambda n: _rounds([SETS] * n, 1), "chains of answer, verification, correction; majority vote", 5, unit=3
    ),
    "gsa": Preset(
        lambda n: _rounds(["CoT"] * n, 1, aggregate=Synthesise()),
        "samples of one agent, a new answer written from all of them",
        14,
        closing=1,
    ),
    "self-moa": Preset(
        lambda n: _rounds(["CoT"] * n, 2, aggregate=Synthesise()),
        "two layers of one agent, a new answer written from the second",
        7,
        unit=2,
        closing=1,
    ),
    "moa": Preset(
        _rounds(LAYER, 2, aggregate=Synthesise()), "two layers of six agents, a new answer written from the second"
    ),
    "dei": Preset(_rounds(DIVERSE, 1, aggregate=Committee()), "five different agents, a committee scores each answer"),
    "symbolic-moe": Preset(
        _planned([RECRUITER, *EXPERTS], RECRUITING, Synthesise()),
        "three experts recruited for the question's skills, a new answer written from theirs",
    ),
    "scimaster": Preset(
        _planned([agent for agent in SCIMASTER for _ in range(TEAM)], SCIMASTER_STAGES, Select()),
        "five solvers with code, a critic for each, five rewriters, and a selection",
    ),
}
"""All presets by name."""

BASELINES = (
    "single",
    "self-consistency:calls",
    "self-consistency:dollars",
    "self-reflection",
    "sets:calls",
    "gsa:calls",
    "self-moa:calls",
    "moa",
    "dei",
    "symbolic-moe",
    "scimaster",
)
"""What ``--baselines`` adds; how many calls or dollars these are, the first preset says (`matching`)."""


def preset_options(name: str) -> Options:
    """Return what a preset tells `create_tumix`.

    Args:
        name: The preset's name; where it takes a number, one may follow: ``self-consistency:45``.

    Raises:
        ConfigError: There is no such preset, or the number is none.

    >>> len(preset_options("self-consistency:45")["agents"])
    45
    """
    base, colon, number = name.partition(":")
    preset = PRESETS.get(base)
    if preset is None:
        raise ConfigError(f"no preset is named {base!r}: known are {', '.join(PRESETS)}")
    if not callable(preset.options):
        if colon:
            raise ConfigError(f"preset {base!r} takes no number: leave {colon + number!r} out")
        return dict(preset.options)
    count = number if colon else str(preset.number)
    if count in ("calls", "dollars"):
        raise ConfigError(f"preset {name!r}: what it comes to is found by `tumix eval`; elsewhere give a number")
    if not (count.isascii() and count.isdecimal() and 1 <= int(count) <= preset.most):
        raise ConfigError(f"preset {name!r}: give a number from 1 to {preset.most} after the colon")
    return preset.options(int(count))


def preset_graph(name: str, model: str | BaseChatModel, **options: Any) -> TumixGraph:
    """Return the graph of a preset.

    Args:
        name: The preset's name, as `preset_options` takes it.
        model: As in `create_tumix`.
        options: Further keywords of `create_tumix`; they go before those of the preset.

    Raises:
        ConfigError: There is no such preset, or something asked for cannot be had.

    >>> sorted(preset_graph("self-consistency:2", "offline").nodes)[:2]
    ['CoT', 'CoT.2']
    """
    return create_tumix(model, **{**preset_options(name), **options})
