"""Stop rules: is another round worth its price? They compose with ``|`` and ``&``.

A rule decides from a `View` alone: stop, go on, or *ask the judge*. The third value makes the rules a three-valued
(Kleene) logic: a judge is a model call, and it is asked only where its verdict can change the decision.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class Decision:
    """A rule's decision.

    Attributes:
        stop: True to stop, False to go on, None if only the judge's verdict can tell.
        reason: Why, in a few words.
    """

    stop: bool | None
    reason: str


class StopRule(ABC):
    """Base of all stop rules; a subclass is a frozen dataclass, so it prints as the code that builds it."""

    @abstractmethod
    def decide(self, view: View) -> Decision:
        """Decide at the end of a round."""

    def at_once(self, view: View) -> Decision:
        """Decide after each note that comes in while others are still at work; most rules wait for the round's end."""
        return Decision(False, "decided at the end of a round")

    def __or__(self, other: "StopRule") -> "StopRule":
        """Stop as soon as one of the two says so."""
        return AnyOf((self, other))

    def __and__(self, other: "StopRule") -> "StopRule":
        """Stop only when both say so."""
        return AllOf((self, other))


@dataclass(frozen=True)
class AnyOf(StopRule):
    """Stops when any of its rules does: ``a | b``."""

    rules: tuple[StopRule, ...]

    def decide(self, view: View) -> Decision:
        """Take the first rule that stops; ask the judge only if none does without it."""
        decisions = [rule.decide(view) for rule in self.rules]
        return _first(decisions, True) or _first(decisions, None) or decisions[-1]

    def at_once(self, view: View) -> Decision:
        """Take the first rule that stops at once; the judge is not asked in the middle of a round."""
        decisions = [rule.at_once(view) for rule in self.rules]
        return _first(decisions, True) or decisions[-1]


@dataclass(frozen=True)
class AllOf(StopRule):
    """Stops when all of its rules do: ``a & b``."""

    rules: tuple[StopRule, ...]

    def decide(self, view: View) -> Decision:
        """Take the first rule that goes on; ask the judge only if none does without it."""
        decisions = [rule.decide(view) for rule in self.rules]
        held = _first(decisions, False) or _first(decisions, None)
        return held or Decision(True, " and ".join(decision.reason for decision in decisions))

    def at_once(self, view: View) -> Decision:
        """Stop at once if one rule does and the others, asked as at the end of a round, agree."""
        if not any(rule.at_once(view).stop for rule in self.rules):
            return Decision(False, "decided at the end of a round")
        return self.decide(view)


def _first(decisions: list[Decision], stop: bool | None) -> Decision | None:
    return next((decision for decision in decisions if decision.stop is stop), None)


@dataclass(frozen=True)
class LLMJudge(StopRule):
    """Stops when the judge says so: TUMIX's own rule (arXiv 2510.01279, section 3.3).

    The judge is over-confident early: combine it with at least two rounds, as `create_tumix` does by default.
    """

    def decide(self, view: View) -> Decision:
        """Follow the verdict; without one, ask for it."""
        if view.verdict is None:
            return Decision(None, "the judge has to say")
        return Decision(view.verdict, "the judge says stop" if view.verdict else "the judge says go on")


@dataclass(frozen=True)
class StableMajority(StopRule):
    """Stops when one answer has led, alone, for `rounds` rounds in a row: the paper's TUMIX-Rule (2 rounds)."""

    rounds: int = 2

    def __post_init__(self) -> None:
        at_least("StableMajority(rounds)", self.rounds, 2)

    def decide(self, view: View) -> Decision:
        """Compare the leaders of the last rounds."""
        if view.round < self.rounds:
            return Decision(False, f"fewer than {self.rounds} rounds so far")
        leaders = {view.votes(round_).leaders for round_ in range(view.round - self.rounds + 1, view.round + 1)}
        if len(leaders) == 1 and len(leaders.pop()) == 1:
            return Decision(True, f"the same answer has led for {self.rounds} rounds")
        return Decision(False, "the leading answer has changed")


@dataclass(frozen=True)
class FixedRounds(StopRule):
    """Stops after `rounds` rounds; in a combination, a lower limit (``&``) or an upper one (``|``)."""

    rounds: int

    def __post_init__(self) -> None:
        at_least("FixedRounds(rounds)", self.rounds, 1)

    def decide(self, view: View) -> Decision:
        """Count the rounds."""
        if view.round < self.rounds:
            return Decision(False, f"{view.round} of {self.rounds} rounds are done")
        return Decision(True, "1 round is done" if view.round == 1 else f"{view.round} rounds are done")


@dataclass(frozen=True)
class Never(StopRule):
    """Never stops: the allocator's plan, the rounds or the budget end the question."""

    def decide(self, view: View) -> Decision:
        """Go on."""
        return Decision(False, "nothing but the plan's end stops")


def at_least(what: str, value: int, least: int) -> None:
    """Refuse what is no number, or too small.

    Raises:
        ConfigError: It is.
    """
    if not isinstance(value, int | float) or not value >= least:
        raise ConfigError(f"{what} is {value!r}: give at least {least}")


def share(what: str, value: float) -> None:
    """Refuse what is no share.

    Raises:
        ConfigError: It is below 0 or above 1.
    """
    if not 0 <= value <= 1:
        raise ConfigError(f"{what} is {value}: give a number from 0 to 1")
