"""The outcome of a question: the answer, and everything needed to trust it or not."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

OutcomeStatus = Literal["complete", "degraded", "budget", "deadline", "no_answer"]


def cache_line(outcome: Mapping[str, Any]) -> str:
    """Say how much of each round's input was read from a prompt cache; nothing if none was."""
    rounds = outcome.get("by_round", {}).items()
    if not any(usage.get("cached") for _, usage in rounds):
        return ""
    shares = ", ".join(f"round {number} {usage.get('cached', 0.0):.0%}" for number, usage in rounds)
    return f"input read from the prompt cache: {shares}"


class Outcome(dict[str, Any]):
    """The outcome of a question: a JSON-safe dict whose entries can be read as attributes as well.

    Attributes:
        question: What was asked.
        answer: The answer, or None.
        confidence: The share of the agents behind it, 0 to 1; agreement, not the probability of being right.
        status: ``complete``; ``degraded``: agents were lost in the round that decided, and not to a quorum;
            ``budget`` or ``deadline``: a cap ended the run early; ``no_answer``: nobody had one, or most say that it
            cannot be told.
        stop_reason: Why there was no further round.
        simulated: Whether the embedded offline model spoke.
        agents: How many agents took part.
        rounds: A report of each round: votes, agreement, margin, entropy, verdict.
        decided_in: The round that decided, or None.
        votes: Votes per answer in that round.
        tie: Whether a seeded draw decided between equals.
        usage: All calls, tokens and dollars together.
        by_agent: The same for each agent, for ``judge`` and for ``aggregator``.
        by_round: The same for each round, and as ``cached`` the share of its input that was read from a prompt cache.
        lost: Agents that were lost, in whichever round: agent, round, status, cause and reason.
        left_out: Agents that did not take part, and why.
        tools: What served code and search.
        warnings: What else should be known.
        seconds: Wall time.

    >>> outcome = Outcome(answer="42", status="complete")
    >>> outcome.answer, outcome["status"]
    ('42', 'complete')
    """

    question: str
    answer: str | None
    confidence: float
    status: OutcomeStatus
    stop_reason: str
    simulated: bool
    agents: int
    rounds: list[dict[str, Any]]
    decided_in: int | None
    votes: dict[str, int]
    tie: bool
    usage: dict[str, Any]
    by_agent: dict[str, dict[str, Any]]
    by_round: dict[str, dict[str, Any]]
    lost: list[dict[str, Any]]
    left_out: dict[str, str]
    tools: dict[str, str]
    warnings: list[str]
    seconds: float

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"Outcome has no {name!r}") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let schemas, such as those that Studio asks for, show a plain object."""
        return handler(dict[str, Any])

    def __str__(self) -> str:
        """Return the outcome in a few lines."""
        usage = self.usage
        tokens = usage["input_tokens"] + usage["output_tokens"]
        dollars = "price unknown" if usage["usd"] is None else f"${usage['usd']:.4f}"
        lines = [
            self.answer if self.answer is not None else "no answer",
            f"{self.status}, {self.confidence:.0%} of {self.agents} agents; stopped after round {len(self.rounds)}: "
            + self.stop_reason,
            f"{usage['model_calls']} model calls, {usage['tool_calls']} tool uses, {tokens:,} tokens, {dollars}, "
            f"{self.seconds:.1f} s" + (" (simulated)" if self.simulated else ""),
            *([line] if (line := cache_line(self)) else []),
            *(f"lost in round {entry['round']}: {entry['agent']}: {entry['reason']}" for entry in self.lost),
            *self.warnings,
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the outcome as a card, which a notebook shows."""
        from langgraph_tumix.report.card import card

        return card(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print the outcome in a few lines where IPython shows no HTML."""
        printer.text(str(self))
