"""Fakes for tests, yours as well as ours: a scripted chat model, an interpreter without a kernel, ready-made notes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from langgraph_tumix.core.notes import Note, note_id
from langgraph_tumix.core.usage import used
from langgraph_tumix.interpreter.base import CellResult, Isolation

Responder = Callable[[Sequence[BaseMessage]], str | AIMessage | Exception]


class ScriptedChatModel(BaseChatModel):
    """A chat model that says what a function says, and keeps what it was asked.

    Attributes:
        responder: Gets the messages of a call; returns the reply, or an exception to raise.
        latency: Seconds that a call takes.
        calls: The messages of all calls.

    >>> model = ScriptedChatModel(responder=lambda messages: "<<<42>>>")
    >>> model.invoke("What is it?").text, len(model.calls)
    ('<<<42>>>', 1)
    """

    responder: Responder
    latency: float = 0.0
    calls: list[list[BaseMessage]] = Field(default_factory=list, repr=False)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Bind `tools`, which the responder does not see."""
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.calls.append(list(messages))
        reply = self.responder(messages)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            sent = sum(len(message.text) for message in messages) // 4
            tokens = {"input_tokens": sent, "output_tokens": len(reply) // 4, "total_tokens": sent + len(reply) // 4}
            reply = AIMessage(reply, usage_metadata=tokens)
        return ChatResult(generations=[ChatGeneration(message=reply)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.latency)
        return self._generate(messages)


class FakeInterpreter:
    """Runs no code: each program's output is what a function says, or its text reversed.

    Attributes:
        programs: All programs that were given to it.
        open_sessions: Sessions that have not been closed.
    """

    def __init__(self, output: Callable[[str], str] = lambda code: code[::-1]) -> None:
        self.output = output
        self.programs: list[str] = []
        self.open_sessions = 0

    @property
    def isolation(self) -> Isolation:
        """None is needed: nothing is run."""
        return Isolation("none", "a fake that runs nothing")

    async def open(self) -> "FakeSession":
        """Open a session."""
        self.open_sessions += 1
        return FakeSession(self)


class FakeSession:
    """A session of `FakeInterpreter`."""

    def __init__(self, interpreter: FakeInterpreter) -> None:
        self._interpreter = interpreter
        self._closed = False

    async def run(self, code: str, *, seconds: float) -> CellResult:
        """Return the scripted output."""
        self._interpreter.programs.append(code)
        return CellResult("ok", self._interpreter.output(code), 0.0)

    async def aclose(self) -> None:
        """Close the session; a second time does nothing."""
        self._interpreter.open_sessions -= not self._closed
        self._closed = True


def note(agent: str, answer: str | None, *, round: int = 1, sample: int = 0, text: str = "", **fields: Any) -> Note:
    """Return a note, for tests of votes, stop rules and aggregators.

    >>> note("CoT", "42")["id"]
    '1/CoT/0'
    """
    made = Note(
        id=note_id(round, agent, sample),
        agent=agent,
        round=round,
        sample=sample,
        status="abstained" if answer is None else "ok",
        cause="",
        reason="",
        answer=answer,
        text=text or f"I find <<<{answer}>>>.",
        evidence=[],
        saw=[],
        model="scripted",
        usage=used(model_calls=1),
        seconds=0.0,
        finished=time.time(),
    )
    made.update(fields)  # type: ignore[typeddict-item]
    return made
