"""Spans: their names, how they nest, and what they say of usage, through the SDK's own in-memory exporter."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from langgraph_tumix import create_tumix
from langgraph_tumix.export import Spans
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import solver, toolbox


class Watched:
    """Spans into memory, and what is asked about them."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.spans = Spans(self.provider)

    @property
    def all(self) -> Sequence[ReadableSpan]:
        return self._kept.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def path(self, span: ReadableSpan) -> list[str]:
        by_id = {each.context.span_id: each for each in self.all if each.context}
        above = by_id.get(span.parent.span_id) if span.parent else None
        return [*(self.path(above) if above else []), span.name]


@pytest.fixture
def watched() -> Watched:
    return Watched()


async def asked(watched: Watched, model: Any, **options: Any) -> dict[str, Any]:
    graph = create_tumix(model, tools=toolbox(), **options)
    return await graph.ainvoke({"question": "What is 6 times 7?"}, {"callbacks": [watched.spans]})


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_question_its_rounds_its_agents_and_what_they_did(watched: Watched) -> None:
    state = await asked(watched, ScriptedChatModel(responder=solver), agents=["CoT", "C", "CS_gs"], max_rounds=2)
    paths = Counter(" > ".join(watched.path(span)) for span in watched.all)
    for number in (1, 2):
        place = f"invoke_workflow tumix > round {number}"
        assert paths[place] == 1
        for agent in ("CoT", "C", "CS_gs"):
            assert paths[f"{place} > invoke_agent {agent}"] == 1
        assert paths[f"{place} > invoke_agent CoT > chat scripted"] == 1
        assert paths[f"{place} > invoke_agent C > chat scripted"] == 2
        assert paths[f"{place} > invoke_agent C > execute_tool python"] == 1
        assert paths[f"{place} > invoke_agent CS_gs > execute_tool search"] == 1
    usage = state["outcome"]["usage"]
    assert sum(count for path, count in paths.items() if path.endswith("chat scripted")) == usage["model_calls"]
    assert sum(count for path, count in paths.items() if "execute_tool" in path) == usage["tool_calls"]
    assert len({span.context.trace_id for span in watched.all if span.context}) == 1


async def test_usage_adds_up_to_the_outcome_s(watched: Watched) -> None:
    outcome = (await asked(watched, "offline", agents=["CoT", "C"], max_rounds=2))["outcome"]
    calls = [attributes(span) for span in watched.all if span.name.startswith("chat ")]
    for way in ("input", "output"):
        key = f"gen_ai.usage.{way}_tokens"
        assert sum(call[key] for call in calls) == outcome["usage"][f"{way}_tokens"] > 0
        for agent in ("CoT", "C"):
            runs = [attributes(span) for span in watched.named(f"invoke_agent {agent}")]
            assert sum(run[key] for run in runs) == outcome["by_agent"][agent][f"{way}_tokens"]
    (question,) = watched.named("invoke_workflow tumix")
    told = attributes(question)
    assert (told["tumix.status"], told["tumix.rounds"], told["tumix.simulated"]) == ("complete", 2, True)
    assert told["tumix.model_calls"] == len(calls) == outcome["usage"]["model_calls"]
    assert {span.kind for span in watched.all if span.name.startswith("chat ")} == {SpanKind.CLIENT}
    assert calls[0]["gen_ai.operation.name"] == "chat"
    assert calls[0]["gen_ai.request.model"].startswith("offline")


async def test_the_judge_speaks_in_its_round_and_the_aggregator_after_all(watched: Watched) -> None:
    """Two answers that may mean the same make the aggregator ask."""

    def says(messages: Sequence[BaseMessage]) -> str:
        text = messages[-1].text
        if "<<<YES>>>" in text:
            return "<<<YES>>>"
        return f"<<<the {'big' if 'step by step' in text else 'large'} house>>>"

    await asked(watched, ScriptedChatModel(responder=says), agents=["Base", "CoT"], min_rounds=1, max_rounds=3)
    speakers = {attributes(span)["tumix.speaker"]: watched.path(span) for span in watched.named("chat scripted")}
    assert speakers["Base, round 1"][1:3] == ["round 1", "invoke_agent Base"]
    assert speakers["judge, round 1"] == ["invoke_workflow tumix", "round 1", "chat scripted"]
    assert speakers["aggregator, round 1"] == ["invoke_workflow tumix", "chat scripted"]


async def test_times_lie_within_each_other(watched: Watched) -> None:
    await asked(watched, "offline", agents=["CoT", "C"], max_rounds=2)
    by_id = {span.context.span_id: span for span in watched.all if span.context}
    for span in watched.all:
        above = by_id[span.parent.span_id] if span.parent else None
        if above:
            assert (above.start_time or 0) <= (span.start_time or 0)
            assert (span.end_time or 0) <= (above.end_time or 0)


async def test_failures_are_marked_with_their_kind_and_nothing_that_was_written(watched: Watched) -> None:
    def fails(messages: Sequence[BaseMessage]) -> str:
        raise ValueError("a secret of the provider")

    await asked(watched, ScriptedChatModel(responder=fails), agents=["CoT"], max_rounds=2)
    call = watched.named("chat scripted")[0]
    assert call.status.status_code is StatusCode.ERROR
    assert attributes(call)["error.type"] == "ValueError"
    (agent,) = watched.named("invoke_agent CoT")
    assert agent.status.status_code is StatusCode.ERROR
    (question,) = watched.named("invoke_workflow tumix")
    assert question.status.status_code is not StatusCode.ERROR
    assert "secret" not in "".join(span.to_json() for span in watched.all)
    assert "6 times 7" not in "".join(span.to_json() for span in watched.all)


async def test_in_an_app_it_hangs_below_the_app_s_own_span_and_forgets_everything(watched: Watched) -> None:
    tumix = create_tumix("offline", agents=["CoT"], max_rounds=2)
    app = StateGraph(MessagesState).add_node("tumix", tumix).add_edge(START, "tumix").compile()
    with watched.provider.get_tracer("app").start_as_current_span("request"):
        questions = [MessagesState(messages=[HumanMessage(f"What is {number} + 1?")]) for number in (1, 2, 3)]
        await asyncio.gather(*(app.ainvoke(each, {"callbacks": [watched.spans]}) for each in questions))
    asked = watched.named("invoke_workflow tumix")
    assert [watched.path(span) for span in asked] == [["request", "invoke_workflow tumix"]] * 3
    assert len(watched.named("invoke_agent CoT")) == 6
    assert not watched.spans._runs


async def test_a_question_that_is_cancelled_ends_its_spans(watched: Watched) -> None:
    model = ScriptedChatModel(responder=solver, latency=60)
    running = asyncio.create_task(asked(watched, model, agents=["CoT"]))
    while len(watched.spans._runs) < 5:  # noqa: ASYNC110 - question, node, agent, its model's node, the call
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not watched.spans._runs
    assert {"invoke_workflow tumix", "round 1", "invoke_agent CoT"} <= {span.name for span in watched.all}
