"""The outcome of a question: the answer, and everything needed to trust it or not."""

from typing import Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

OutcomeStatus = Literal["complete", "degraded", "budget", "deadline", "no_answer"]


class Outcome(dict[str, Any]):
    """The outcome of a question: a JSON-safe dict whose entries can be read as attributes as well.

    Attributes:
        question: What was asked.
        answer: The answer, or None.
        confidence: The share of the votes behind it, 0 to 1; agreement, not the probability of being right.
        status: ``complete``; ``degraded``: agents were lost; ``budget`` or ``deadline``: a cap ended the run early;
            ``no_answer``: nobody had one.
        stop_reason: Why there was no further round.
        simulated: Whether the embedded offline model spoke.
        agents: How many agents took part.
        rounds: A report of each round: votes, agreement, margin, entropy, verdict.
        votes: Votes per answer in the round that decided.
        tie: Whether a seeded draw decided between equals.
        usage: All calls, tokens and dollars together.
        by_agent: The same for each agent, for ``judge`` and for ``aggregator``.
        by_round: The same for each round.
        lost: Agents that were lost: agent, round, status, cause and reason.
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
        dollars = "unknown price" if usage["usd"] is None else f"${usage['usd']:.4f}"
        lines = [
            f"{self.answer if self.answer is not None else 'no answer'}",
            f"{self.status}: {self.stop_reason}",
            f"{self.confidence:.0%} of the votes, {len(self.rounds)} rounds, {usage['model_calls']} model calls, "
            f"{usage['tool_calls']} tool uses, {usage['input_tokens'] + usage['output_tokens']:,} tokens, {dollars}, "
            f"{self.seconds:.1f} s" + (" (simulated)" if self.simulated else ""),
        ]
        return "\n".join(lines)
