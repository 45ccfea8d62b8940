"""The chat model: LangChain's side of the offline solver."""

import asyncio
import hashlib
import math
import random
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from langgraph_tumix.offline.checker import check
from langgraph_tumix.offline.designer import propose
from langgraph_tumix.offline.guide import guide
from langgraph_tumix.offline.library import articles, ranked
from langgraph_tumix.offline.notes import group, judge
from langgraph_tumix.offline.reading import read_messages
from langgraph_tumix.offline.solver import solve

NAME = "offline (simulated)"

_SEARCH_TOOL = {"type": "offline_search"}
_MARKER = re.compile(r"(?<= · )[0-9a-f]+(?=\]\])")
_PIECE = 24  # characters that a stream sends at a time


class OfflineChatModel(BaseChatModel):
    """A small solver behind the interface of a chat model: no key, no network, the same reply every time.

    It follows the same text protocol as a real model: it reads its role in the prompt, reasons in words and errs,
    writes programs and reads their output, searches and reads what was found, reads notes and changes its mind,
    guides, judges, groups, proposes agents. What it can work on: `langgraph_tumix.offline.families`, and questions
    about the bundled corpus. What it says is simulated; how often it is right says nothing about any other model.

    The reply depends on `seed`, `temperature` and the messages alone, where secret fence markers do not count. Seed
    and temperature can also be given with a call, as with other models.

    Attributes:
        seed: Another seed makes other mistakes.
        error_rate: How often work of middling difficulty goes wrong in words, from 0 to 1; programs and the
            reading of sources fail much less often.
        latency: Mean seconds that a call takes.
        temperature: Like another seed.

    >>> OfflineChatModel(error_rate=0).invoke("What is 2^10 + 1?").text.splitlines()[-1]
    '<<<1025>>>'
    """

    seed: int = 0
    error_rate: float = Field(default=0.25, ge=0, le=1)
    latency: float = Field(default=0.0, ge=0)
    temperature: float | None = None

    native_search_tool: ClassVar[dict[str, str]] = _SEARCH_TOOL
    """The tool that makes a call a search of the bundled corpus, as a provider's web search would be."""

    @property
    def _llm_type(self) -> str:
        return "tumix-offline"

    @property
    def model_name(self) -> str:
        """The name under which it appears in records."""
        return NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": NAME, "seed": self.seed, "error_rate": self.error_rate, "temperature": self.temperature}

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools: the native search, and tools of your own.

        Of those, it calls the ones whose only required argument is a ``code`` or a ``query``, where it would run a
        program or search.
        """
        described = [tool if isinstance(tool, dict) else convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply, seconds = self._reply(messages, kwargs)
        _pause(seconds)
        return ChatResult(generations=[ChatGeneration(message=reply)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply, seconds = await self._areply(messages, kwargs)
        await asyncio.sleep(seconds)
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply, seconds = self._reply(messages, kwargs)
        pieces = _pieces(reply)
        for piece in pieces:
            _pause(seconds / len(pieces))
            yield ChatGenerationChunk(message=piece)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply, seconds = await self._areply(messages, kwargs)
        pieces = _pieces(reply)
        for piece in pieces:
            await asyncio.sleep(seconds / len(pieces))
            yield ChatGenerationChunk(message=piece)

    async def _areply(self, messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> tuple[AIMessage, float]:
        if _SEARCH_TOOL in options.get("tools", ()):
            await asyncio.to_thread(articles)  # reads files, the first time
        return self._reply(messages, options)

    def _reply(self, messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> tuple[AIMessage, float]:
        """Return the reply to `messages`, and the seconds that it takes."""
        sent = "\n".join(f"{message.type}: {_said(message)}" for message in messages)
        seed, temperature = options.get("seed", self.seed), options.get("temperature", self.temperature)
        chance = f"{seed}/{temperature}/{_MARKER.sub('', sent)}"
        rng = random.Random(hashlib.sha256(chance.encode("utf-8", "replace")).digest())
        seconds = self.latency * (0.5 + rng.random())
        reply = self._answer(messages, options, rng)
        used = math.ceil(len(sent) / 4), math.ceil(len(_said(reply)) / 4)
        reply.usage_metadata = UsageMetadata(input_tokens=used[0], output_tokens=used[1], total_tokens=sum(used))
        reason = "tool_calls" if reply.tool_calls else "stop"
        reply.response_metadata = {"model_name": NAME, "finish_reason": reason}
        return reply, seconds

    def _answer(self, messages: Sequence[BaseMessage], options: Mapping[str, Any], rng: random.Random) -> AIMessage:
        tools = options.get("tools", ())
        if _SEARCH_TOOL in tools:
            return AIMessage(content=_searched(messages[-1].text))
        reading = read_messages(messages, {} if options.get("tool_choice") == "none" else _callable(tools))
        match reading.role:
            case "judge":
                return AIMessage(judge(reading))
            case "guide":
                return AIMessage(guide(reading))
            case "checker":
                return AIMessage(check(reading, rng, self.error_rate))
            case "grouper":
                return AIMessage(group(reading))
            case "designer":
                return AIMessage(propose(reading, rng))
        step = solve(reading, rng, self.error_rate)
        if isinstance(step, str):
            return AIMessage(step)
        if step.kind in reading.native:
            name, id_ = reading.native[step.kind], f"call_{rng.getrandbits(48):012x}"
            return AIMessage(step.words, tool_calls=[ToolCall(name=name, args={step.kind: step.text}, id=id_)])
        action = f"```python\n{step.text}\n```" if step.kind == "code" else f"<search>{step.text}</search>"
        return AIMessage(f"{step.words}\n\n{action}")


def _pause(seconds: float) -> None:
    if seconds:  # a sleep of no time still gives the processor away
        time.sleep(seconds)


def _said(message: BaseMessage) -> str:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return message.text + "".join(f"{call['name']}({call['args']})" for call in calls)


def _callable(tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of bound tools by their one required argument, where that is ``code`` or ``query``."""
    functions = [tool["function"] for tool in tools if tool.get("type") == "function"]
    by_argument = {tuple(f.get("parameters", {}).get("required", ())): f["name"] for f in functions}
    return {argument: by_argument[argument,] for argument in ("code", "query") if (argument,) in by_argument}


def _searched(request: str) -> str | list[str | dict[str, Any]]:
    """Search the bundled corpus as a provider's search would: what was found, with citations."""
    query = re.sub(r"(?s)^.*Search the web for: ", "", request)
    found = ranked(query[:1000])
    if not found:
        return "The search found nothing on this."
    return [
        {
            "type": "text",
            "text": f"{article.title}: {article.text}\n\n",
            "annotations": [
                {
                    "type": "citation",
                    "url": f"corpus:{article.name}",
                    "title": article.title,
                    "cited_text": article.text,
                }
            ],
            "index": place,
        }
        for place, article in enumerate(found)
    ]


def _pieces(reply: AIMessage) -> list[AIMessageChunk]:
    """Cut a reply into what a stream sends; the last piece carries what belongs to the whole."""
    content, tool_calls = reply.content, reply.tool_calls
    if tool_calls:
        pieces = [AIMessageChunk(content=content, tool_calls=tool_calls)]
    elif isinstance(content, str):
        starts = range(0, len(content), _PIECE)
        pieces = [AIMessageChunk(content=content[start : start + _PIECE]) for start in starts]
    else:
        pieces = [AIMessageChunk(content=[block]) for block in content]
    pieces[-1].usage_metadata = reply.usage_metadata
    pieces[-1].response_metadata = reply.response_metadata
    pieces[-1].chunk_position = "last"
    return pieces
