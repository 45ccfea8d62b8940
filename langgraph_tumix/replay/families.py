"""The built-in search space: what can be tried on a recording depends on what it holds."""

from collections.abc import Mapping
from typing import Any

from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.aggregating.weights import AgentLogOdds, ShortFirst
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.allocating.waves import Cascade, InOrder, TwoWaves
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.stop import FixedRounds, LLMJudge, StableMajority
from langgraph_tumix.core.stopping.votes import BetaLead, UnanimousWindow, VoteMargin
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.replay.learn import accuracies
from langgraph_tumix.replay.recording import Answers, Recording, Run
from langgraph_tumix.replay.space import Family, Knob, Options, Span, one_knob

VOTE = Majority("independent", ties="first", quiet=True)
QUICK = ShortFirst(over="independent")


def samples(recording: Recording) -> int:
    """Return how many independent samples every run has."""
    return min(sum(not note["saw"] for note in run.notes) for run in recording.runs)


def rounds(recording: Recording) -> int:
    """Return how many rounds every run has."""
    return min(max((note["round"] for note in run.notes), default=0) for run in recording.runs)


def full_vote(recording: Recording) -> Strategy:
    """Return what spends all that every run has: its last round's majority, or the vote of all independent samples."""
    if (last := rounds(recording)) > 1:
        return Strategy("full vote", stop=FixedRounds(last))
    most = samples(recording)
    return Strategy("full vote", Batches(most, most), aggregate=VOTE)


def default_space(recording: Recording, right: Answers) -> tuple[Family, ...]:
    """Return the families whose members this recording can replay.

    Args:
        recording: What is tuned on.
        right: Its right answers; the order and the weights of agents are learnt from them.
    """
    found: list[Family] = []
    if (last := rounds(recording)) > 1:
        found += _over_rounds(last, judged=all(run.verdicts for run in recording.runs))
    if (most := samples(recording)) > 2:
        found += _of_samples(recording, most)
    agents = _common_agents(recording)
    if len(agents) > 1:
        found += _of_agents(recording, right, agents)
    if all(run.metered and len(run.probes) == len(run.notes) for run in recording.runs):
        found += _over_probes()
    return tuple(found)


def _over_rounds(last: int, *, judged: bool) -> list[Family]:
    found = [Family("rounds", lambda rounds: Strategy("", stop=FixedRounds(rounds)), {"rounds": Span(1, last)})]
    limits = {"least": Span(1, last), "most": Span(2, last)}

    def margin(margin: float, least: int, most: int) -> Strategy:
        return Strategy("", stop=VoteMargin(margin, shared=True) & FixedRounds(least) | FixedRounds(most))

    found.append(Family("margin", margin, {"margin": Span(0.1, 1.0), **limits}))
    if last > 2:
        stable = Family(
            "stable", lambda most: Strategy("", stop=StableMajority() | FixedRounds(most)), {"most": Span(2, last)}
        )
        found.append(stable)
    if judged:

        def judge(least: int, most: int) -> Strategy:
            return Strategy("", stop=LLMJudge() & FixedRounds(least) | FixedRounds(most))

        found.append(Family("judge", judge, limits))
    return found


def _of_samples(recording: Recording, most: int) -> list[Family]:
    """Return families over independent samples: self-consistency, adaptive consistency, ESC, PETS' two waves."""
    metered = all(run.metered for run in recording.runs)
    vote: Mapping[str, Options] = {"vote": Options((VOTE, QUICK))} if metered else {}
    width = Span(2, most, log=True)
    size = Options(tuple(size for size in (1, 2, 4, 8) if size <= most))

    def lead(size: int, most: int, confidence: float, vote: Aggregator = VOTE) -> Strategy:
        return Strategy("", Batches(size, most), BetaLead(confidence), vote)

    def window(size: int, most: int) -> Strategy:
        return Strategy("", Batches(size, most), UnanimousWindow(size), VOTE)

    def waves(warm_up: int, most: int, vote: Aggregator = VOTE) -> Strategy:
        return Strategy("", TwoWaves(warm_up, {(warm_up,): warm_up}, most), aggregate=vote)

    def plain(samples: int, vote: Aggregator = VOTE) -> Strategy:
        return Strategy("", Batches(samples, samples), aggregate=vote)

    return [
        Family("vote", plain, {"samples": width, **vote}),
        Family("lead", lead, {"size": size, "most": width, "confidence": Span(0.6, 0.99), **vote}),
        Family("window", window, {"size": Span(2, min(8, most)), "most": width}),
        Family("two waves", waves, {"warm_up": Span(2, min(6, most)), "most": width, **vote}),
    ]


def _of_agents(recording: Recording, right: Answers, agents: tuple[str, ...]) -> list[Family]:
    """Return families that know the agents apart: the best first, and cheap ones before dear ones.

    The order and the weights are learnt on the questions that are tuned on. A cascade's samples for each stage are what
    AgentTTS (arXiv 2508.00890) allocates: a model and a number of samples for each step, under one budget.
    """
    accuracy = {agent: round(share, 4) for agent, share in accuracies(recording, right).items() if agent in agents}
    best = tuple(sorted(agents, key=lambda agent: (-accuracy.get(agent, 0.0), agent)))
    vote = Options((VOTE, AgentLogOdds(accuracy, over="independent"))) if accuracy else Options((VOTE,))
    each = min(_samples_of(run, agent) for run in recording.runs for agent in agents)

    def ordered(most: int, first: int, confidence: float, vote: Aggregator) -> Strategy:
        return Strategy("", InOrder(best[:most], first), BetaLead(confidence), vote)

    def cascade(confidence: float, vote: Aggregator, **stages: Any) -> Strategy:
        first, second = ((stages[f"{stage}"],) * stages[f"{stage}_samples"] for stage in ("first", "second"))
        return Strategy("", Cascade((first, second), BetaLead(confidence)), aggregate=vote)

    sure = Span(0.6, 0.99)
    spans: dict[str, Knob] = {
        "most": Span(2, len(best)),
        "first": Span(1, min(4, len(best))),
        "confidence": sure,
        "vote": vote,
    }
    found = [Family("best first", ordered, spans)]
    if each > 1:
        stage = {"first": Options(best), "second": Options(best)}
        number = {f"{name}_samples": Span(1, min(16, each // 2), log=True) for name in stage}
        found.append(Family("cascade", cascade, {**stage, **number, "confidence": sure, "vote": vote}))
    return found


def _common_agents(recording: Recording) -> tuple[str, ...]:
    """Return the agents of which every run has an independent sample, in their order."""
    return tuple(agent for agent in recording.runs[0].roster if all(_samples_of(run, agent) for run in recording.runs))


def _samples_of(run: Run, agent: str) -> int:
    return sum(note["agent"] == agent and not note["saw"] for note in run.notes)


def _over_probes() -> list[Family]:
    """Return controllers of width and depth, each with one knob."""
    race: Mapping[str, Span] = {
        "start": Span(3, 8),
        "quorum": Span(6, 32, log=True),
        "abreast": Span(6, 20),
        "confidence": Span(0.8, 0.95),
    }
    return [
        Family("CMC", lambda beta: Strategy("", CMC(beta)), {"beta": Span(0.0, 1.0)}),
        one_knob("Race", lambda **knobs: Strategy("", Race(**knobs)), race),
    ]


__all__ = ["default_space", "full_vote"]
