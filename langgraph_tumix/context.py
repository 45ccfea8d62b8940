"""The knobs of a run: LangGraph's context schema, shown as a form in Studio."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args

from pydantic import Field

from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.models.caching import PromptCache


@dataclass(frozen=True, kw_only=True)
class TumixContext:
    """What can be set for each run; what is not set is as the graph was built.

    An app that carries the graph as a node passes it under the key ``tumix`` of its own context, if at all.

    Raises:
        ConfigError: A value is out of its range, or two contradict each other.
    """

    min_rounds: Annotated[int, Field(title="Least rounds", description="No stop before this round.", ge=1, le=100)] = 2
    max_rounds: Annotated[
        int, Field(title="Most rounds", description="The last round, whatever the stop rule says.", ge=1, le=100)
    ] = 5
    samples: Annotated[
        int,
        Field(title="Samples", description="Answers of each agent in rounds 1 and 2; 4 is TUMIX+.", ge=1, le=16),
    ] = 1
    seed: Annotated[
        int,
        Field(title="Seed", description="Fixes the order of notes, draws in a tie and those of the embedded model."),
    ] = 0
    concurrency: Annotated[
        int, Field(title="Calls in flight", description="Model calls of this process at one time.", ge=1, le=1000)
    ] = 64
    call_seconds: Annotated[
        float, Field(title="Seconds per call", description="A model call is given up after this time.", gt=0)
    ] = 300.0
    tool_seconds: Annotated[
        float,
        Field(title="Seconds per tool use", description="A program, search or tool is ended after this time.", gt=0),
    ] = 60.0
    agent_seconds: Annotated[
        float, Field(title="Seconds per agent", description="An agent's run in a round ends after this time.", gt=0)
    ] = 900.0
    round_seconds: Annotated[
        float | None,
        Field(title="Seconds per round", description="A round ends after this time; empty is no limit.", gt=0),
    ] = None
    prompt_cache: Annotated[
        PromptCache,
        Field(
            title="Prompt cache",
            description="leader: one call of a round goes ahead, so that the others read the notes from the provider's "
            "cache; auto: where that saves money; off: never, and nothing is said to the provider.",
        ),
    ] = "auto"
    quorum: Annotated[
        int | None,
        Field(
            title="Quorum", description="Agents with an answer that end a round; empty waits for all.", ge=1, le=1000
        ),
    ] = None
    max_usd: Annotated[
        float | None, Field(title="Dollars", description="What a question may cost at most; empty is no cap.", gt=0)
    ] = None
    max_seconds: Annotated[
        float | None, Field(title="Seconds", description="When the answer is due, whatever is there.", gt=0)
    ] = None

    def __post_init__(self) -> None:
        ranges = {"min_rounds": 100, "max_rounds": 100, "samples": 16, "concurrency": 1000}
        for name, most in ranges.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ConfigError(f"{name} is {value!r}: give a whole number from 1 to {most}")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool):
            raise ConfigError(f"seed is {self.seed!r}: give a whole number")
        if self.min_rounds > self.max_rounds:
            raise ConfigError(
                f"min_rounds is {self.min_rounds} and max_rounds {self.max_rounds}: the least cannot exceed the most"
            )
        if self.prompt_cache not in get_args(PromptCache):
            raise ConfigError(f"prompt_cache is {self.prompt_cache!r}: give one of {', '.join(get_args(PromptCache))}")
        if self.quorum is not None and (not isinstance(self.quorum, int) or self.quorum < 1):
            raise ConfigError(f"quorum is {self.quorum!r}: give a whole number from 1, or None to wait for all agents")
        for name in ("call_seconds", "tool_seconds", "agent_seconds", "round_seconds", "max_usd", "max_seconds"):
            value = getattr(self, name)
            if value is None and name in ("round_seconds", "max_usd", "max_seconds"):
                continue
            if not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value!r}: give a number above 0")

    def budget(self, built: Budget) -> Budget:
        """Return the budget of a run: the caps that the graph was built with, and those of this context."""
        return dataclasses.replace(built, usd=self.max_usd, seconds=self.max_seconds)


@lru_cache
def schema_with(defaults: TumixContext) -> type[TumixContext]:
    """Return the context schema whose defaults are `defaults`, so that Studio shows the values in force."""
    changed = [
        (field.name, field.type, dataclasses.field(default=getattr(defaults, field.name)))
        for field in dataclasses.fields(TumixContext)
        if getattr(defaults, field.name) != field.default
    ]
    if not changed:
        return TumixContext
    return dataclasses.make_dataclass("TumixContext", changed, bases=(TumixContext,), frozen=True, kw_only=True)


def context_of(given: object, defaults: TumixContext) -> TumixContext:
    """Return the context of a run.

    Args:
        given: What LangGraph passes: ours, nothing, or that of an app around the graph, of any type.
        defaults: The values that the graph was built with.

    Raises:
        ConfigError: A value under ``tumix`` is unknown or out of range.
    """
    if isinstance(given, TumixContext):
        return given
    own = given.get("tumix") if isinstance(given, Mapping) else getattr(given, "tumix", None)
    if isinstance(own, TumixContext):
        return own
    if own is None:
        return defaults
    if not isinstance(own, Mapping):
        raise ConfigError(f"context 'tumix' is a {type(own).__name__}: give a TumixContext or a mapping of its fields")
    return _replaced(defaults, own)


def _replaced(defaults: TumixContext, values: Mapping[str, Any]) -> TumixContext:
    known = {field.name for field in dataclasses.fields(TumixContext)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"context 'tumix' has no field {unknown[0]!r}: known are {', '.join(sorted(known))}")
    return dataclasses.replace(defaults, **values)
