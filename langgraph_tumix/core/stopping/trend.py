"""Stop rules that look at how rounds develop, or at what another one is worth."""

from dataclasses import dataclass
from typing import Literal

from langgraph_tumix.core.chances import beta_lead
from langgraph_tumix.core.stop import Decision, StopRule, share
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError


@dataclass(frozen=True)
class Momentum(StopRule):
    """Stops when a moving average of confidence is high and not falling: the gate of CMC (arXiv 2605.08083).

    e_r = (1 - alpha) e_(r-1) + alpha c_r, where c_r is `beta_lead` of round r's votes; stop when e_r >= level and
    e_r - e_(r - window + 1) >= -slack. It cannot fire on the agreement of a single round. Votes of agents who have read
    each other overstate c_r; a moving average delays the effect and does not remove it.
    """

    level: float = 0.91
    alpha: float = 0.5
    slack: float = 0.025
    window: int = 5

    def __post_init__(self) -> None:
        share("Momentum(level)", self.level)
        share("Momentum(alpha)", self.alpha)

    def decide(self, view: View) -> Decision:
        """Follow the average through the rounds."""
        averages = [0.0]
        for round_ in range(1, view.round + 1):
            counts = [*view.votes(round_).counts.values(), 0, 0]
            confidence = beta_lead(counts[0], counts[1]) if counts[0] else 0.0
            averages.append((1 - self.alpha) * averages[-1] + self.alpha * confidence)
        recent = averages[1:][-self.window :]
        now, change = averages[-1], recent[-1] - recent[0] if recent else 0.0
        words = f"the average confidence is {now:.2f}, changed by {change:+.2f}"
        return Decision(now >= self.level and change >= -self.slack, words)


@dataclass(frozen=True)
class MarginalGain(StopRule):
    """Stops when one more unit is expected to gain no more than its `price`, both in probability of a right answer.

    With the success curve F(N) = most (1 - (1 - rate)^N) of TTSPM (arXiv 2505.20522) unit N + 1 gains
    most · rate · (1 - rate)^N. This is TUMIX's own criterion, Δ ≤ λ · cost (arXiv 2510.01279, section 3.3), with the
    curve fitted on recordings (`saturation.fit`) instead of guessed.

    Attributes:
        most: The curve's ceiling, 0 to 1.
        rate: The chance that one unit succeeds where success is possible, 0 to 1.
        price: What a unit costs, in probability: λ times its cost.
        unit: What N counts: independent ``samples`` or ``rounds``.
    """

    most: float
    rate: float
    price: float
    unit: Literal["samples", "rounds"] = "samples"

    def __post_init__(self) -> None:
        share("MarginalGain(most)", self.most)
        share("MarginalGain(rate)", self.rate)
        if not self.price > 0:
            raise ConfigError(f"MarginalGain(price) is {self.price}: give a number above 0")

    def decide(self, view: View) -> Decision:
        """Compare gain and price of the next unit."""
        units = view.round if self.unit == "rounds" else len(view.independent())
        gain = self.most * self.rate * (1 - self.rate) ** units
        return Decision(gain <= self.price, f"one more of {self.unit} is expected to gain {gain:.4f}")
