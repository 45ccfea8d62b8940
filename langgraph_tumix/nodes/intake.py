"""The first node: reads the question, refuses what cannot be answered, and clears what an earlier question left."""

import asyncio
import secrets
import uuid
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from langgraph_tumix.agents.prompt import Question
from langgraph_tumix.clock import now
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.text import clean, cut
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.events import event
from langgraph_tumix.journal import begun
from langgraph_tumix.plan import Plan, check_priced, check_quorum, forget
from langgraph_tumix.state import TumixState, Update

LONGEST_QUESTION = 200_000
"""Characters; with fifteen readers and several rounds, more is a mistake far more often than a question."""

CONVERSATION_LIMIT = 8_000
"""Characters of earlier conversation that the agents are shown."""

_IMAGES = ("image", "image_url", "input_image")


async def intake_node(plan: Plan, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
    """Start a question."""
    context = plan.context(runtime)
    check_priced(context.budget(plan.budget), plan.models, plan.searches)
    check_quorum(context, plan.roster)
    asked, messages = _read(state)
    _check(asked, plan)
    forget(state)
    begun(asked["id"])
    tools = await asyncio.to_thread(plan.tools)
    runtime.stream_writer(
        event(
            "question",
            question=asked["text"],
            agents=[equipped.agent.name for equipped in plan.roster],
            left_out=dict(plan.left_out),
            tools=tools,
            model=plan.judge.name,
            simulated=any(model.simulated for model in plan.models),
        )
    )
    return {
        "asked": asked,
        "tools": tools,
        "design": None,
        "messages": messages,
        "question": None,  # consumed: a later turn of the same thread may bring messages only
        "round": 0,
        "notes": Overwrite([]),
        "rounds": [],
        "answer": None,
    }


def _read(state: TumixState) -> tuple[Question, list[AnyMessage]]:
    """Return the question, and the message to add to the conversation if it did not come as one."""
    said = state.get("messages") or []
    given = state.get("question")
    if given is not None:
        if not isinstance(given, str):
            raise ConfigError(f"question is a {type(given).__name__}: give a text, or messages")
        return _question(given, [], said), [HumanMessage(given)]
    human = [number for number, message in enumerate(said) if isinstance(message, HumanMessage)]
    if not human:
        raise ConfigError("there is no question: give {'question': '…'} or messages with a human message")
    last = said[human[-1]]
    return _question(last.text, _images(last), said[: human[-1]]), []


def _question(text: str, images: list[dict[str, Any]], before: list[AnyMessage]) -> Question:
    spoken = [f"{'User' if isinstance(message, HumanMessage) else 'Assistant'}: {message.text}" for message in before]
    return Question(
        id=uuid.uuid4().hex,
        text=clean(text).strip(),
        conversation=cut("\n\n".join(spoken), CONVERSATION_LIMIT),
        images=images,
        marker=secrets.token_hex(6),
        asked=now(),
    )


def _images(message: AnyMessage) -> list[dict[str, Any]]:
    if isinstance(message.content, str):
        return []
    return [block for block in message.content if isinstance(block, dict) and block.get("type") in _IMAGES]


def _check(asked: Question, plan: Plan) -> None:
    length = len(asked["text"])
    if not length:
        raise ConfigError("the question is empty: say what should be answered")
    if length > LONGEST_QUESTION:
        raise ConfigError(
            f"the question has {length:,} characters, more than {LONGEST_QUESTION:,}: "
            "shorten it, or give the material to a tool of your own"
        )
    blind = sorted({model.name for model in plan.models if not _sees(model.simulated, model.profile)})
    if asked["images"] and blind:
        raise ConfigError(f"the question holds an image, and {', '.join(blind)} takes none: use a model that does")


def _sees(simulated: bool, profile: dict[str, Any]) -> bool:
    return not simulated and bool(profile.get("image_inputs", True))
