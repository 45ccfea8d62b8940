"""Baselines at matched cost: as many samples as the first preset's own cost buys, on average over the questions.

``self-consistency:calls`` makes as many calls for a question as the first preset made, ``self-consistency:dollars``
costs as much. What that is, is measured: the first preset runs first, and the number that comes out is kept with the
run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langgraph_tumix.core.usage import Usage, add_usage, tokens
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.presets import PRESETS, preset_options

UNITS = ("calls", "dollars")
"""What a preset can be matched by, in place of its number."""

SAMPLE = "single"
"""The preset that tells what a sample costs."""

_IN_DOLLARS = "self-consistency"
"""The preset that can be matched by dollars: each unit of its number is one `SAMPLE`."""


@dataclass(frozen=True)
class Mean:
    """What a preset costs for one question on average; dollars are None if a price is unknown."""

    calls: float
    tokens: float
    usd: float | None


@dataclass(frozen=True)
class Match:
    """What a matched preset comes to: the preset with its number, and why it is this one."""

    preset: str
    why: str


def unit_of(name: str) -> str | None:
    """Return what a preset is matched by; None for one that is not.

    >>> unit_of("self-consistency:dollars"), unit_of("self-consistency:15")
    ('dollars', None)
    """
    unit = name.partition(":")[2]
    return unit if unit in UNITS else None


def check(presets: Sequence[str]) -> None:
    """Refuse presets of which one cannot be matched.

    Raises:
        ConfigError: There is one.
    """
    for name in filter(unit_of, presets):
        base, _, unit = name.partition(":")
        preset_options(f"{base}:1")
        if name == presets[0]:
            raise ConfigError(f"{name} is matched with the first preset: name another one before it")
        if unit == "dollars" and base != _IN_DOLLARS:
            raise ConfigError(f"{name}: only {_IN_DOLLARS} can be matched by dollars; write {base}:calls")
        if unit == "dollars" and SAMPLE not in presets:
            raise ConfigError(f"{name} needs the preset {SAMPLE}, which tells what a sample costs: add it")


def mean(usages: Sequence[Usage]) -> Mean:
    """Return the mean of what questions cost; there is at least one."""
    total, count = add_usage(*usages), len(usages)
    usd = None if total["usd"] is None else total["usd"] / count
    return Mean(total["model_calls"] / count, tokens(total) / count, usd)


def matches(presets: Sequence[str], spent: Mapping[str, Sequence[Usage]]) -> dict[str, Match]:
    """Match presets with the first one.

    Args:
        presets: All presets of the evaluation.
        spent: By preset, what each of its questions cost; those of the first and of `SAMPLE` are complete.
    """
    first, sample = mean(spent[presets[0]]), mean(spent[SAMPLE]) if spent.get(SAMPLE) else None
    return {name: matched(name, presets[0], first, sample) for name in filter(unit_of, presets)}


def matched(name: str, reference: str, first: Mean, sample: Mean | None) -> Match:
    """Return what a matched preset comes to; the number is rounded, and kept within what the preset allows.

    Where nothing costs dollars, or a price is unknown, tokens stand in for them.

    Args:
        name: The preset.
        reference: The name of the preset that it is matched with.
        first: What that one costs.
        sample: What a sample costs; needed for dollars only.

    >>> matched("sets:calls", "tumix", Mean(100.0, 9e4, None), None)
    Match(preset='sets:33', why='tumix made 100.0 calls a question, it makes 99')
    """
    base, _, unit = name.partition(":")
    preset = PRESETS[base]
    if unit == "calls" or sample is None:
        number = _within((first.calls - preset.closing) / preset.unit, preset.most)
        calls = preset.unit * number + preset.closing
        return Match(f"{base}:{number}", f"{reference} made {first.calls:,.1f} calls a question, it makes {calls}")
    if first.usd and sample.usd:
        number = _within(first.usd / sample.usd, preset.most)
        why = f"{reference} cost ${first.usd:.6f} a question, a sample ${sample.usd:.6f}"
    else:
        number = _within(first.tokens / max(1.0, sample.tokens), preset.most)
        used = f"{reference} used {first.tokens:,.0f} tokens a question, a sample {sample.tokens:,.0f}"
        why = f"there are no dollars; {used}"
    return Match(f"{base}:{number}", why)


def _within(number: float, most: int) -> int:
    return min(most, max(1, round(number)))
