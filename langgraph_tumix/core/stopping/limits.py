"""Stop rules that look at time, money and heads instead of votes."""

import math
from dataclasses import dataclass

from langgraph_tumix.core.ledger import KINDS
from langgraph_tumix.core.notes import of_round
from langgraph_tumix.core.stop import Decision, StopRule, at_least
from langgraph_tumix.core.usage import Usage, add_usage, tokens
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class Quorum(StopRule):
    """Stops a round as soon as `votes` of its agents have answered: First Finish Search (arXiv 2505.18149).

    The rest are cancelled and pay for what they have used by then: Σ min(t_i, T_k). Its assumption is that answers
    that come early are right at least as often as late ones; of thinking models on competition mathematics that
    holds, of long-horizon models on hard questions it may not. ``votes=1`` is the paper's rule.
    """

    votes: int = 1

    def __post_init__(self) -> None:
        at_least("Quorum(votes)", self.votes, 1)

    def decide(self, view: View) -> Decision:
        """Count the answers of the round."""
        votes = view.votes().total
        return Decision(votes >= self.votes, f"{votes} of {self.votes} answers are there")

    def at_once(self, view: View) -> Decision:
        """Decide after each note as at the end of a round."""
        return self.decide(view)


@dataclass(frozen=True)
class Deadline(StopRule):
    """Stops when another round as long as the last would end more than `seconds` after the question's arrival."""

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ConfigError(f"Deadline(seconds) is {self.seconds}: give a number above 0")

    def decide(self, view: View) -> Decision:
        """Compare the time that is left with what the last round took."""
        last = max((note["seconds"] for note in of_round(view.notes, view.round)), default=0.0)
        over = view.seconds + last > self.seconds
        return Decision(over, f"{view.seconds:.0f} s have passed, another round takes about {last:.0f} s")


@dataclass(frozen=True)
class WithinBudget(StopRule):
    """Stops when another round as dear as the last would not fit within the share `share` of any cap.

    The ledger refuses what does not fit; this rule stops before agents are refused one by one.
    """

    share: float = 1.0

    def decide(self, view: View) -> Decision:
        """Compare what is left under each cap with what the last round cost."""
        last = add_usage(*(note["usage"] for note in of_round(view.notes, view.round)))
        for kind in KINDS:
            cap = getattr(view.budget, kind)
            if cap is not None and _amount(view.spent, kind) + _amount(last, kind) > self.share * cap:
                return Decision(True, f"another round would pass {self.share:g} of the cap on {kind}")
        return Decision(False, "another round fits the budget")


def _amount(usage: Usage, kind: str) -> float:
    if kind == "tokens":
        return tokens(usage)
    if kind == "usd":
        return math.inf if usage["usd"] is None else usage["usd"]  # what nobody can price does not fit
    return usage["model_calls"] if kind == "model_calls" else usage["tool_calls"]
