"""Replies as JSON: chat completions and the Responses API, whole and as events."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.servers.openai_protocol import PIECE, Reply, Request, Source, count_tokens

Json = dict[str, Any]

_CREATED = 1_750_000_000
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def sse(events: Iterable[Json], last: str) -> list[bytes]:
    """Events as they go over the wire, named if they have a type, and what ends them."""
    pieces = [
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n" for event in events
    ]
    return [piece.encode() for piece in [*pieces, *filter(None, [last])]]


def cited(request: Request, reply: Reply) -> tuple[str, list[Json]]:
    """The message with a link for each source, and the annotations that cover the links."""
    text, annotations = reply.text, list[Json]()
    for source in reply.sources if request.searches else ():
        start = len(text) + 1
        text += f" ([{source.title}]({source.url}))"
        annotations.append(_citation(source, start, len(text)))
    return text, annotations


def _citation(source: Source, start: int, end: int) -> Json:
    return {
        "type": "url_citation",
        "url": source.url,
        "title": source.title,
        "start_index": start,
        "end_index": end,
    }


def completion_tokens(request: Request, reply: Reply) -> int:
    """Tokens of the messages and of the calls' names and arguments, and the reply's reasoning tokens."""
    calls = sum(count_tokens(call.name + call.arguments) for call in reply.tool_calls)
    return request.choices * (count_tokens(cited(request, reply)[0]) + calls) + reply.reasoning_tokens


# --- chat completions


def chat_completion(request: Request, reply: Reply) -> Json:
    """The body of a chat completion; all messages that are asked for are the same."""
    message: Json = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.tool_calls:
        message |= {"content": reply.text or None, "tool_calls": _tool_calls(request, reply)}
    choice = {"message": message, "logprobs": None, "finish_reason": _finish_reason(reply)}
    choices = [{"index": index} | choice for index in range(request.choices)]
    return _chat(request, "chat.completion", choices) | {"usage": _chat_usage(request, reply)}


def chat_chunks(request: Request, reply: Reply) -> Iterator[Json]:
    """The chunks of a streamed chat completion; usage comes last, if it was asked for."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(reply.text)]
    for index, call in enumerate(_tool_calls(request, reply)):
        arguments = call["function"].pop("arguments")
        deltas.append({"tool_calls": [{"index": index, **call}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in _pieces(arguments)]
    for delta in deltas:
        yield _chunk(request, [{"index": 0, "delta": delta, "finish_reason": None}])
    yield _chunk(request, [{"index": 0, "delta": {}, "finish_reason": _finish_reason(reply)}])
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield _chunk(request, []) | {"usage": _chat_usage(request, reply)}


def _chunk(request: Request, choices: list[Json]) -> Json:
    return _chat(request, "chat.completion.chunk", choices)


def _chat(request: Request, kind: str, choices: list[Json]) -> Json:
    return {
        "id": f"chatcmpl-{request.number}",
        "object": kind,
        "created": _CREATED,
        "model": request.model,
        "choices": choices,
    }


def _tool_calls(request: Request, reply: Reply) -> list[Json]:
    return [
        {
            "id": f"call_{request.number}_{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for index, call in enumerate(reply.tool_calls)
    ]


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def _chat_usage(request: Request, reply: Reply) -> Json:
    prompt, completion = request.prompt_tokens, completion_tokens(request, reply)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": _cached(reply, prompt),
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }


def _cached(reply: Reply, prompt: int) -> Json:
    return {"cached_tokens": min(reply.cached_tokens, prompt), "cache_write_tokens": reply.cache_write_tokens}


# --- the Responses API


def response(request: Request, reply: Reply) -> Json:
    """The body of a response."""
    return _response(request, _items(request, reply)) | _ending(request, reply)


def response_events(request: Request, reply: Reply) -> Iterator[Json]:
    """The events of a streamed response, numbered."""
    for number, event in enumerate(_events(request, reply)):
        yield event | {"sequence_number": number}


def _events(request: Request, reply: Reply) -> Iterator[Json]:
    items = _items(request, reply)
    yield {"type": "response.created", "response": _response(request, []) | {"status": "in_progress"}}
    for index, item in enumerate(items):
        place = {"output_index": index, "item_id": item["id"]}
        yield {"type": "response.output_item.added", "output_index": index, "item": item | _opened(item)}
        if item["type"] == "message":
            yield from _message_events(place | {"content_index": 0}, item["content"][0])
        elif item["type"] == "function_call":
            kind = "response.function_call_arguments"
            for piece in _pieces(item["arguments"]):
                yield {"type": f"{kind}.delta", **place, "delta": piece}
            yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": item["arguments"]}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    ended = _response(request, items) | _ending(request, reply)
    yield {"type": f"response.{ended['status']}", "response": ended}


def _message_events(place: Json, part: Json) -> Iterator[Json]:
    empty = part | {"text": "", "annotations": []}
    yield {"type": "response.content_part.added", **place, "part": empty}
    for piece in _pieces(part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    for index, annotation in enumerate(part["annotations"]):
        kind = "response.output_text.annotation.added"
        yield {"type": kind, **place, "annotation_index": index, "annotation": annotation}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def _opened(item: Json) -> Json:
    """What is empty in an item that has just begun."""
    empty = {"content": [], "arguments": "", "status": "in_progress"}
    return {key: value for key, value in empty.items() if key in item}


def _items(request: Request, reply: Reply) -> list[Json]:
    text, annotations = cited(request, reply)
    part = {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
    items: list[Json] = []
    if reply.reasoning_tokens:
        items.append({"type": "reasoning", "id": f"rs_{request.number}", "summary": []})
    if request.searches:
        action = {"type": "search", "query": request.messages[-1]["text"]}
        items.append({"type": "web_search_call", "id": f"ws_{request.number}", "action": action})
    if text or not reply.tool_calls:
        message = {"type": "message", "id": f"msg_{request.number}", "role": "assistant"}
        items.append(message | {"content": [part]})
    for index, call in enumerate(reply.tool_calls):
        ids = {"id": f"fc_{request.number}_{index}", "call_id": f"call_{request.number}_{index}"}
        items.append({"type": "function_call", **ids, "name": call.name, "arguments": call.arguments})
    return [item | {"status": "completed"} for item in items]


def _response(request: Request, items: list[Json]) -> Json:
    return {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": _CREATED,
        "model": request.model,
        "output": items,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": request.temperature,
        "tool_choice": "auto",
        "tools": request.tools,
        "top_p": None,
    }


def _ending(request: Request, reply: Reply) -> Json:
    """How a response ended, and what it used."""
    reason = _INCOMPLETE.get(reply.finish_reason or "")
    prompt, completion = request.prompt_tokens, completion_tokens(request, reply)
    usage = {
        "input_tokens": prompt,
        "input_tokens_details": _cached(reply, prompt),
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        "total_tokens": prompt + completion,
    }
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": usage,
    }


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
