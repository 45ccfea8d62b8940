"""What an evaluation will cost: lower, expected and upper, from a recorded run where there is one.

Nothing is asked. Where nothing was recorded, the roster says how many calls there are at most, the prompts are counted
as they would be sent, and `ASSUMPTIONS` says the rest.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.loop import opening
from langgraph_tumix.agents.prompt import Question, shared_part
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.core.stop import FixedRounds, LLMJudge, StableMajority
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.presets import Options, preset_options
from langgraph_tumix.models.counting import output_limit
from langgraph_tumix.models.model import Model
from langgraph_tumix.report.run import Result, Run
from langgraph_tumix.toolbox import Toolbox, equip

COUNTED = 100
"""Questions whose prompts are counted; of more, the first ones."""

RESAMPLES = 400
MOST_DRAWN = 1000


@dataclass(frozen=True)
class Assumption:
    """What is assumed where nothing was recorded.

    Attributes:
        tools: The share of its tool uses that an agent makes, 0 to 1.
        rounds: Rounds until the judge stops; within the preset's own limits.
        output: Output tokens of a call, reasoning included.
        note: Tokens of a note, which is the last thing that an agent writes in a round.
        result: Tokens of a tool's result.
        speed: Output tokens per second.
        grouping: Calls that group equal answers at the end.
    """

    tools: float
    rounds: int
    output: int
    note: int
    result: int
    speed: float
    grouping: int

    def __str__(self) -> str:
        return (
            f"{self.output:,} tokens written in a call, {self.note:,} in a note, {self.result:,} in a tool's result; "
            f"{self.tools:.0%} of the tool uses; {self.rounds} rounds, if the preset leaves it open; "
            f"{self.speed:g} tokens a second"
        )


IN_FLIGHT = 64
"""Model calls at one time, as `create_tumix` has it."""

ASSUMPTIONS = {
    "lower": Assumption(tools=0.2, rounds=1, output=300, note=150, result=100, speed=150.0, grouping=0),
    "expected": Assumption(tools=0.35, rounds=3, output=800, note=500, result=500, speed=80.0, grouping=1),
    "upper": Assumption(tools=1.0, rounds=20, output=3_000, note=2_000, result=2_000, speed=40.0, grouping=1),
}
"""By the paper a judge stops after 2.9 rounds on average (arXiv 2510.01279, figure 7); the rest is ours, and wide."""


@dataclass(frozen=True)
class Cost:
    """What all questions of a preset use together, tokens and dollars, and how long that takes in seconds."""

    usage: Usage
    seconds: float


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
    return [_of_preset(evaluation, preset, run) for preset in evaluation.presets]


def _of_preset(evaluation: Evaluation, preset: str, run: Run | None) -> Estimate:
    results = run.of_preset(preset) if run else []
    if run and results:
        lower, expected, upper = _from_results(evaluation, results, same=run.about["model"] == evaluation.speaker.name)
    else:
        toolbox = evaluation.options.get("tools") or Toolbox.default(evaluation.speaker)
        options = preset_options(preset)
        equipped, _ = equip(roster(options["agents"]), evaluation.speaker, toolbox)
        lower, expected, upper = (
            _from_assumption(evaluation, options, equipped, assumed) for assumed in ASSUMPTIONS.values()
        )
    return Estimate(preset, lower, expected, upper, len(results))


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
        usage = _times(add_usage(*(usage for usage, _ in new)), number / drawn)
        totals.append(Cost(usage, fmean(seconds for _, seconds in new) * number / min(number, evaluation.at_once)))
    mean = _times(add_usage(*(usage for usage, _ in costs)), number / len(costs))
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


def _times(usage: Usage, factor: float) -> Usage:
    return used(
        model_calls=round(usage["model_calls"] * factor),
        input_tokens=round(usage["input_tokens"] * factor),
        output_tokens=round(usage["output_tokens"] * factor),
        usd=None if usage["usd"] is None else usage["usd"] * factor,
    )


def _from_assumption(
    evaluation: Evaluation, options: Options, equipped: Sequence[Equipped], assumed: Assumption
) -> Cost:
    """Go through the rounds of one average question, and take it as often as there are questions."""
    speaker, output = evaluation.speaker, min(assumed.output, output_limit(evaluation.speaker))
    question = fmean(_tokens(_shared(task.question)) for task in evaluation.tasks[:COUNTED])
    least, most = options.get("min_rounds", 2), options.get("max_rounds", 5)
    judged = not isinstance(options.get("stop", LLMJudge()), FixedRounds | StableMajority)
    calls = [_calls(each, assumed) for each in equipped]
    parts, shown, turns = [], question, 0
    for round_ in range(1, min(max(assumed.rounds, least), most) + 1):
        samples = options.get("samples", 1) if round_ <= 2 else 1
        parts += [_run(each, made, shown, samples, assumed) for each, made in zip(equipped, calls, strict=True)]
        shown = question + min(samples * len(equipped) * assumed.note, speaker.notes_limit / 4)
        asked = judged and least <= round_ < most
        parts += [_call(speaker, shown, assumed)] if asked else []
        turns += max(calls) + asked
    parts += [_call(speaker, question, assumed)] * (assumed.grouping if len(equipped) > 1 else 0)
    number = len(evaluation.tasks) * evaluation.repeats
    usage, seconds = _times(add_usage(*parts), number), output / assumed.speed
    chain = turns * seconds * number / min(number, evaluation.at_once)
    return Cost(usage, max(chain, usage["model_calls"] * seconds / IN_FLIGHT))


def _calls(equipped: Equipped, assumed: Assumption) -> int:
    """Return how many calls an agent makes in a round: between one for each step and all that it may."""
    agent = equipped.agent
    least = 1 + len(agent.steps)
    return round(least + assumed.tools * (agent.most_model_calls - least))


def _run(equipped: Equipped, calls: int, shown: float, samples: int, assumed: Assumption) -> Usage:
    """Return what an agent uses in a round. Each call reads what the ones before it wrote, and what tools said."""
    agent, search = equipped.agent, equipped.search
    prompt = shown + sum(_tokens(message.text) for message in opening(agent, "", [])["pending"])
    turn = assumed.output + (assumed.result if agent.loops else 0)
    usage = _times(_call(equipped.model, prompt + turn * (calls - 1) / 2, assumed), calls * samples)
    if search is not None and usage["usd"] is not None:
        queries, price = assumed.tools * agent.max_tool_uses * samples, search.usd_per_query
        usage["usd"] = None if price is None else usage["usd"] + queries * price
    return usage


def _call(model: Model, prompt: float, assumed: Assumption) -> Usage:
    usage = used(model_calls=1, input_tokens=round(prompt), output_tokens=min(assumed.output, output_limit(model)))
    usage["usd"] = model.usd(usage)
    return usage


def _shared(question: str) -> str:
    asked = Question(id="", text=question, conversation="", images=[], marker="", asked=0.0)
    return shared_part(asked, [], limit=0, seed=0)


def _tokens(text: str) -> float:
    """Return about how many tokens a text has: a quarter of its characters."""
    return len(text) / 4


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
