"""OpenTelemetry spans of questions under way: question → round → agent → model calls and tool uses.

Attributes are those of the GenAI semantic conventions where they know one (``gen_ai.*``), and ``tumix.*`` elsewhere.
What people and models wrote is not in them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult

from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

Metadata = Mapping[str, Any] | None


@dataclass
class _Question:
    """A question under way, its round in work, and the runs inside of it that have not ended."""

    span: "Span"
    number: int = 0
    round: "Span | None" = None
    open: dict[UUID, "_Run"] = field(default_factory=dict)

    def end_round(self) -> None:
        if self.round is not None:
            self.round.end()
        self.round = None


@dataclass
class _Run:
    """What LangChain calls a run, of those that are inside of a question.

    Attributes:
        question: The question.
        span: The span that what happens in here belongs to; None: the round's, or else the question's.
        own: Whether that span is this run's own, and ends with it.
        agent: The agent's run that this is part of.
        usage: What was used inside of it, as far as it is an agent's.
    """

    question: _Question
    span: "Span | None" = None
    own: bool = False
    agent: "_Run | None" = None
    usage: Usage = field(default_factory=used)

    @property
    def place(self) -> "Span":
        return self.span or self.question.round or self.question.span


class Spans(BaseCallbackHandler):
    """Makes spans of what it is told as a LangChain callback; one serves any number of questions at a time.

    Args:
        provider: Where spans go; by default OpenTelemetry's global one, which drops them until it is set.

    Raises:
        ConfigError: OpenTelemetry is not installed.

    ::

        await graph.ainvoke({"question": "…"}, {"callbacks": [Spans()]})

    The question's span is a child of the span that is current when it is asked.
    """

    run_inline = True  # in order, and where the current span is known

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        try:
            from opentelemetry import trace
        except ImportError:
            raise ConfigError("spans need OpenTelemetry: pip install 'langgraph-tumix[otel]'") from None
        self._trace = trace
        self._tracer = trace.get_tracer("langgraph_tumix", tracer_provider=provider)
        self._runs: dict[UUID, _Run] = {}

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Metadata = None,
        **rest: Any,
    ) -> None:
        """Begin a question or an agent's run; anything else inside of a question is passed through."""
        known, above = metadata or {}, self._above(parent_run_id)
        if above is None:
            if "tumix" in known:
                self._keep(run_id, self._question(known["tumix"]))
        elif "tumix_agent" in known and above.agent is None:
            self._keep(run_id, self._agent(above.question, known))
        else:
            if known.get("langgraph_node") in ("dispatch", "aggregate"):
                above.question.end_round()
            self._keep(run_id, _Run(above.question, above.span, agent=above.agent))

    def _keep(self, run_id: UUID, run: _Run) -> None:
        self._runs[run_id] = run.question.open[run_id] = run

    def _above(self, parent: UUID | None) -> _Run | None:
        return None if parent is None else self._runs.get(parent)

    def _question(self, name: str) -> _Run:
        attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": name}
        span = self._tracer.start_span(f"invoke_workflow {name}", attributes=attributes)
        return _Run(_Question(span), own=True)

    def _agent(self, question: _Question, known: Mapping[str, Any]) -> _Run:
        name, number = known["tumix_agent"], known["tumix_round"]
        if question.round is None or question.number != number:
            question.end_round()
            question.number = number
            question.round = self._start(question.span, f"round {number}", {"tumix.round": number})
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "tumix.round": number,
            "tumix.sample": known["tumix_sample"],
        }
        run = _Run(question, self._start(question.round, f"invoke_agent {name}", attributes), own=True)
        run.agent = run
        return run

    def _start(self, parent: "Span", name: str, attributes: dict[str, Any], *, remote: bool = False) -> "Span":
        kind = self._trace.SpanKind.CLIENT if remote else self._trace.SpanKind.INTERNAL
        context = self._trace.set_span_in_context(parent)
        return self._tracer.start_span(name, context=context, kind=kind, attributes=attributes)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Metadata = None,
        name: str | None = None,
        invocation_params: Mapping[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        """Begin a model call. One that is sent again is a span of its own."""
        above, known = self._above(parent_run_id), metadata or {}
        if above is None:
            return
        model = known.get("ls_model_name") or (invocation_params or {}).get("_type") or "unknown"
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "tumix.speaker": name or ""}
        if provider := known.get("ls_provider"):
            attributes["gen_ai.provider.name"] = provider
        span = self._start(above.place, f"chat {model}", attributes, remote=True)
        self._keep(run_id, _Run(above.question, span, own=True, agent=above.agent))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **rest: Any) -> None:
        """End a model call, with what it used."""
        run = self._runs.get(run_id)
        if run is None or run.span is None:
            return
        reply = getattr(response.generations[0][0], "message", None)
        if isinstance(reply, AIMessage):
            usage = _usage(reply)
            run.span.set_attributes(_spent(usage))
            if model := reply.response_metadata.get("model_name"):
                run.span.set_attribute("gen_ai.response.model", model)
            if run.agent is not None:
                run.agent.usage = add_usage(run.agent.usage, usage)
        self._end(run_id)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        name: str | None = None,
        **rest: Any,
    ) -> None:
        """Begin a tool use."""
        above = self._above(parent_run_id)
        if above is not None:
            name = name or (serialized or {}).get("name") or "tool"
            attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
            span = self._start(above.place, f"execute_tool {name}", attributes)
            self._keep(run_id, _Run(above.question, span, own=True, agent=above.agent))

    def on_tool_end(self, output: Any, *, run_id: UUID, **rest: Any) -> None:
        """End a tool use."""
        self._end(run_id)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **rest: Any) -> None:
        """End a question or an agent's run."""
        run = self._runs.get(run_id)
        if run is not None and run.own and run.span is None and isinstance(outputs, dict):
            run.question.span.set_attributes(_told(outputs.get("outcome") or {}))
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        """End a question or an agent's run that failed or was cancelled."""
        self._end(run_id, error)

    on_llm_error = on_chain_error
    on_tool_error = on_chain_error

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        run = self._runs.pop(run_id, None)
        if run is None:
            return
        del run.question.open[run_id]
        if not run.own:
            return
        span = run.span or run.question.span
        if run.span is None or run.agent is run:
            # LangChain says nothing of calls that were cancelled: they end with what they are part of.
            inside = [id_ for id_, each in run.question.open.items() if run.span is None or each.agent is run]
            for id_ in inside:
                self._end(id_, asyncio.CancelledError())
        if run.span is None:
            run.question.end_round()
        if run.agent is run:
            span.set_attributes(_spent(run.usage))
        if error is not None:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(self._trace.StatusCode.ERROR, type(error).__name__)
        span.end()


def _usage(reply: AIMessage) -> Usage:
    meta = reply.usage_metadata
    if meta is None:
        return used(model_calls=1)
    return used(
        model_calls=1,
        input_tokens=meta["input_tokens"],
        output_tokens=meta["output_tokens"],
        cache_read_tokens=meta.get("input_token_details", {}).get("cache_read") or 0,
        cache_write_tokens=meta.get("input_token_details", {}).get("cache_creation") or 0,
        reasoning_tokens=meta.get("output_token_details", {}).get("reasoning") or 0,
    )


def _spent(usage: Usage) -> dict[str, int]:
    return {
        "gen_ai.usage.input_tokens": usage["input_tokens"],
        "gen_ai.usage.output_tokens": usage["output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": usage["cache_read_tokens"],
        "gen_ai.usage.cache_creation.input_tokens": usage["cache_write_tokens"],
        "gen_ai.usage.reasoning.output_tokens": usage["reasoning_tokens"],
    }


def _told(outcome: Mapping[str, Any]) -> dict[str, str | int | float | bool | Sequence[str]]:
    """Return what an outcome says in numbers; dollars only where they are known."""
    if not outcome:
        return {}
    usage, usd = outcome["usage"], outcome["usage"]["usd"]
    told: dict[str, Any] = {f"tumix.{key}": outcome[key] for key in ("status", "confidence", "simulated")}
    told |= {"tumix.rounds": len(outcome["rounds"]), "tumix.lost": len(outcome["lost"])}
    told |= {f"tumix.{key}": usage[key] for key in ("model_calls", "tool_calls", "input_tokens", "output_tokens")}
    return told if usd is None else told | {"tumix.usd": usd}
