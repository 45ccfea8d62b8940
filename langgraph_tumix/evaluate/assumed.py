"""What a preset costs where nothing was recorded: its rounds are gone through with imagined notes, and nobody is asked.

Who would run and read what, its own allocator says; how many calls there are at most, the agents; how long prompts are,
is counted as they would be sent; `ASSUMPTIONS` says the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.prompt import Question, shared_part
from langgraph_tumix.agents.work import opening
from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.allocate import Allocator, Everyone, Turn
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.stop import LLMJudge
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.core.view import View
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.presets import Options
from langgraph_tumix.models.counting import output_limit
from langgraph_tumix.models.model import Model
from langgraph_tumix.testing import note

COUNTED = 100
"""Questions whose prompts are counted; of more, the first ones."""

MOST_ROUNDS = 100
"""Rounds of a plan at most, as `create_tumix` has it."""


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
        answers: Different answers in a round at most.
    """

    tools: float
    rounds: int
    output: int
    note: int
    result: int
    speed: float
    grouping: int
    answers: int

    def __str__(self) -> str:
        return (
            f"{self.output:,} tokens written in a call, {self.note:,} in a note, {self.result:,} in a tool's result; "
            f"{self.tools:.0%} of the tool uses; {self.rounds} rounds, if the preset leaves it open; "
            f"{self.speed:g} tokens a second"
        )


IN_FLIGHT = 64
"""Model calls at one time, as `create_tumix` has it."""

ASSUMPTIONS = {
    "lower": Assumption(tools=0.2, rounds=1, output=300, note=150, result=100, speed=150.0, grouping=0, answers=1),
    "expected": Assumption(tools=0.35, rounds=3, output=800, note=500, result=500, speed=80.0, grouping=1, answers=3),
    "upper": Assumption(
        tools=1.0, rounds=20, output=3_000, note=2_000, result=2_000, speed=40.0, grouping=1, answers=1000
    ),
}
"""By the paper a judge stops after 2.9 rounds on average (arXiv 2510.01279, figure 7); the rest is ours, and wide."""


@dataclass(frozen=True)
class Cost:
    """What all questions of a preset use together, tokens and dollars, and how long that takes in seconds."""

    usage: Usage
    seconds: float


def times(usage: Usage, factor: float) -> Usage:
    """Return so many times a usage."""
    return used(
        model_calls=round(usage["model_calls"] * factor),
        input_tokens=round(usage["input_tokens"] * factor),
        output_tokens=round(usage["output_tokens"] * factor),
        usd=None if usage["usd"] is None else usage["usd"] * factor,
    )


def assumed_cost(evaluation: Evaluation, options: Options, equipped: Sequence[Equipped], assumed: Assumption) -> Cost:
    """Go through the rounds of one average question, and take it as often as there are questions."""
    speaker, output = evaluation.speaker, min(assumed.output, output_limit(evaluation.speaker))
    question = fmean(_tokens(_shared(task.question)) for task in evaluation.tasks[:COUNTED])
    at_work = {each.agent.name: each for each in equipped}
    parts, chain = list[Usage](), 0

    def shown(notes: int) -> float:
        return question + min(notes * assumed.note, speaker.notes_limit / 4)

    for view, turns, judged in _rounds(options, tuple(at_work), assumed):
        agents = [at_work[turn.agent] for turn in turns]
        parts += [_run(each, shown(len(turn.show)), assumed) for each, turn in zip(agents, turns, strict=True)]
        parts += [_call(speaker, shown(len(turns)), assumed)] if judged else []
        chain += max(_calls(each, assumed) for each in agents) + judged
        last = view
    for notes in _closing(options.get("aggregate") or Majority(), last, assumed):
        parts += [_call(speaker, shown(count), assumed) for count in notes]
        chain += 1
    number, seconds = len(evaluation.tasks) * evaluation.repeats, output / assumed.speed
    usage = times(add_usage(*parts), number)
    chained = chain * seconds * number / min(number, evaluation.at_once)
    return Cost(usage, max(chained, usage["model_calls"] * seconds / IN_FLIGHT))


def _rounds(
    options: Options, roster: tuple[str, ...], assumed: Assumption
) -> Iterator[tuple[View, Sequence[Turn], bool]]:
    """Give for each round what is there after it, who worked in it, and whether the judge is asked."""
    planned: Allocator | None = options.get("allocate")
    allocator, stop = planned or Everyone(options.get("samples", 1)), options.get("stop", LLMJudge())
    least, most = options.get("min_rounds", 2), options.get("max_rounds", 5)
    rounds = MOST_ROUNDS if planned else min(max(assumed.rounds, least), most)
    view = View([], 0, roster=roster)
    while view.round < rounds and (turns := [turn for turn in allocator.plan(view) if turn.agent in roster]):
        round_ = view.round + 1
        made = [
            note(turn.agent, str(place % assumed.answers), round=round_, sample=turn.sample)
            for place, turn in enumerate(turns)
        ]
        view = replace(view, notes=[*view.notes, *made], round=round_)
        yield view, turns, isinstance(stop, LLMJudge) and least <= round_ < most


def _closing(aggregator: Aggregator, view: View, assumed: Assumption) -> Iterator[list[int]]:
    """Give for each wave of closing calls how many notes each of them reads."""
    if isinstance(aggregator, Majority) and len(view.notes) > 1:
        yield [0] * assumed.grouping
    replies: Mapping[str, Reply] = {}
    while wanted := aggregator.requests(replace(view, replies=replies)):
        replies = {**replies, **{request.id: Reply() for request in wanted}}
        yield [len(request.notes) for request in wanted]


def _calls(equipped: Equipped, assumed: Assumption) -> int:
    """Return how many calls an agent makes in a round: between one for each step or check and all that it may."""
    agent = equipped.agent
    ending_early = agent.check in ("verify", "pivot")
    least = 1 + len(agent.steps) + (1 if ending_early else agent.most_checks)
    return round(least + assumed.tools * (agent.most_model_calls - least))


def _run(equipped: Equipped, shown: float, assumed: Assumption) -> Usage:
    """Return what an agent uses in a round. Each call reads what the ones before it wrote, and what tools said."""
    agent, search, calls = equipped.agent, equipped.search, _calls(equipped, assumed)
    prompt = shown + sum(_tokens(message.text) for message in opening(agent, "", [])["pending"])
    turn = assumed.output + (assumed.result if agent.loops else 0)
    usage = times(_call(equipped.model, prompt + turn * (calls - 1) / 2, assumed), calls)
    if search is not None and usage["usd"] is not None:
        queries, price = assumed.tools * agent.max_tool_uses, search.usd_per_query
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
