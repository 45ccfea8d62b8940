"""What an evaluation will cost: lower, expected and upper, from a recorded run where there is one. Nothing is asked."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from langgraph_tumix.agents.registry import roster
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.evaluate.assumed import ASSUMPTIONS, Cost, assumed_cost, times
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.matching import matches, unit_of
from langgraph_tumix.evaluate.presets import preset_options
from langgraph_tumix.models.model import Model
from langgraph_tumix.report.run import Result, Run
from langgraph_tumix.toolbox import Toolbox, equip

RESAMPLES = 400
MOST_DRAWN = 1000


@dataclass(frozen=True)
class Estimate:
    """The cost of a preset.

    Attributes:
        preset: Its name.
        lower: Where it may end; from a recorded run, the lower end of the range that holds 90 % of such evaluations.
        expected: The middle.
        upper: The other end. It is no cap: that is what ``--max-cost`` is for.
        recorded: Of how many recorded results it was made; 0: of assumptions.
    """

    preset: str
    lower: Cost
    expected: Cost
    upper: Cost
    recorded: int


def estimate(evaluation: Evaluation, run: Run | None = None) -> list[Estimate]:
    """Estimate what an evaluation will cost, preset by preset.

    Args:
        evaluation: What is to be evaluated.
        run: A recorded run; presets that it does not hold are estimated from assumptions.

    Raises:
        ConfigError: Something asked for cannot be had.
    """
    known: dict[str, Estimate] = {}
    for preset in sorted(evaluation.presets, key=lambda name: unit_of(name) is not None):
        known[preset] = _of_preset(evaluation, preset, run, known)
    return [known[preset] for preset in evaluation.presets]


def _of_preset(evaluation: Evaluation, preset: str, run: Run | None, known: Mapping[str, Estimate]) -> Estimate:
    if run and (results := run.of_preset(preset)):
        costs = _from_results(evaluation, results, same=run.about["model"] == evaluation.speaker.name)
        return Estimate(preset, *costs, len(results))
    lower, expected, upper = (_assumed(evaluation, preset, end, known) for end in ("lower", "expected", "upper"))
    return Estimate(preset, lower, expected, upper, 0)


def _assumed(evaluation: Evaluation, preset: str, end: str, known: Mapping[str, Estimate]) -> Cost:
    """Return one end of what a preset costs; one at matched cost is matched with that end of the others."""
    if unit_of(preset):
        spent = {name: [_per_question(evaluation, getattr(found, end))] for name, found in known.items()}
        preset = matches([evaluation.presets[0], preset], spent)[preset].preset
    toolbox, options = evaluation.options.get("tools") or Toolbox.default(evaluation.speaker), preset_options(preset)
    equipped, _ = equip(roster(options["agents"]), evaluation.speaker, toolbox)
    return assumed_cost(evaluation, options, equipped, ASSUMPTIONS[end])


def _per_question(evaluation: Evaluation, cost: Cost) -> Usage:
    return times(cost.usage, 1 / (len(evaluation.tasks) * evaluation.repeats))


def _from_results(evaluation: Evaluation, results: Sequence[Result], *, same: bool) -> tuple[Cost, Cost, Cost]:
    """Draw evaluations of this size from the results: few may be known, and new questions differ among themselves.

    Args:
        evaluation: What is to be evaluated.
        results: What was recorded.
        same: Whether the same model spoke; the tokens of another one are taken at the price of this one.
    """
    speaker, number = evaluation.speaker, len(evaluation.tasks) * evaluation.repeats
    outcomes = [result["outcome"] for result in results]
    costs = [(each["usage"] if same else _priced(speaker, each["usage"]), each["seconds"]) for each in outcomes]
    draw, drawn = random.Random(evaluation.seed), min(number, MOST_DRAWN)
    totals = []
    for _ in range(RESAMPLES):
        known = draw.choices(costs, k=len(costs))
        new = draw.choices(known, k=drawn)
        usage = times(add_usage(*(usage for usage, _ in new)), number / drawn)
        totals.append(Cost(usage, fmean(seconds for _, seconds in new) * number / min(number, evaluation.at_once)))
    mean = times(add_usage(*(usage for usage, _ in costs)), number / len(costs))
    seconds = fmean(seconds for _, seconds in costs) * number / min(number, evaluation.at_once)
    return _ends(totals, 0.05), Cost(mean, seconds), _ends(totals, 0.95)


def _ends(totals: Sequence[Cost], share: float) -> Cost:
    """Return the quantile of each quantity."""
    place = int(share * len(totals))

    def quantile(value: Callable[[Cost], float]) -> float:
        return sorted(map(value, totals))[place]

    unknown = any(total.usage["usd"] is None for total in totals)
    usage = used(
        model_calls=round(quantile(lambda total: total.usage["model_calls"])),
        input_tokens=round(quantile(lambda total: total.usage["input_tokens"])),
        output_tokens=round(quantile(lambda total: total.usage["output_tokens"])),
        usd=None if unknown else quantile(lambda total: total.usage["usd"] or 0.0),
    )
    return Cost(usage, quantile(lambda total: total.seconds))


def _priced(model: Model, usage: Usage) -> Usage:
    """Return the tokens of a result at the price of the model that is to be used."""
    return Usage(**{**usage, "usd": model.usd(usage)})


def total(estimates: Sequence[Estimate]) -> Estimate:
    """Return the sum over presets: lower ends together, and upper ends together, which is wider than need be."""

    def summed(costs: Sequence[Cost]) -> Cost:
        return Cost(add_usage(*(cost.usage for cost in costs)), sum(cost.seconds for cost in costs))

    return Estimate(
        "all",
        summed([each.lower for each in estimates]),
        summed([each.expected for each in estimates]),
        summed([each.upper for each in estimates]),
        sum(each.recorded for each in estimates),
    )
