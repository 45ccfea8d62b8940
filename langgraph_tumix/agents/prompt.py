"""What a model is shown: one constant system message, then one user message whose first part all agents share.

The shared part (conversation, question, notes) is byte-identical for every agent of a round and for the judge that
follows it, so that a provider's prompt cache can pay for it once; what is the agent's own comes last.
"""

import random
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from typing_extensions import TypedDict

from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.text import cut, fence


class Question(TypedDict):
    """A question on its way through the graph.

    Attributes:
        id: Unique for each asking.
        text: The question.
        conversation: What was said before it, as text; empty if nothing was.
        images: Content blocks to pass on to the model.
        marker: The secret of this run's fences.
        asked: Unix time at which it entered the graph.
    """

    id: str
    text: str
    conversation: str
    images: list[dict[str, Any]]
    marker: str
    asked: float


@cache
def template(name: str) -> str:
    """Return a prompt template by the name of its file.

    Raises:
        FileNotFoundError: There is no such template.
    """
    return files("langgraph_tumix.agents").joinpath(f"prompts/{name}.md").read_text("utf-8").strip()


def shared_part(question: Question, notes: Sequence[Note], *, limit: int, seed: int) -> str:
    """Return what every reader of a round sees: the question, then the notes of the round before.

    Args:
        question: What is asked.
        notes: The notes to show, all of one round; those without text are not shown.
        limit: Characters that the notes may take together; each gets an equal share and says what was cut.
        seed: Fixes the order of the notes together with the round and the question, so that no place in
            the list belongs to an agent.
    """
    parts = []
    if question["conversation"]:
        parts.append("# Conversation so far\n\n" + fence("conversation", question["conversation"], question["marker"]))
    parts.append(f"# Question\n\n{question['text']}")
    shown = [note for note in notes if note["text"].strip()]
    if shown:
        round_ = shown[0]["round"]
        random.Random(f"{seed}/{round_}/{question['text']}").shuffle(shown)
        share = limit // len(shown)
        parts.append(f"# Notes of round {round_}\n\n{template('notes').format(round=round_)}")
        parts.extend(
            fence(f"note {n} of {len(shown)}", cut(note["text"].strip(), share), question["marker"])
            for n, note in enumerate(shown, 1)
        )
    return "\n\n".join(parts)


def messages(
    shared: str, own: str, images: Sequence[Mapping[str, Any]] = (), mark: Mapping[str, Any] = MappingProxyType({})
) -> list[AnyMessage]:
    """Return the two messages that open every call: the constant system message, then shared part and own task.

    Args:
        shared: What all readers of the round see.
        own: What this one is to do.
        images: Content blocks; they are shared as well.
        mark: What the provider wants to find on the block that ends the shared part; nothing leaves text as it is.
    """
    task = f"\n\n# Your task\n\n{own}"
    texts = [{"text": shared, **mark}, {"text": task}] if mark else [{"text": shared + task}]
    blocks: list[Any] = [*images, *({"type": "text", **text} for text in texts)]
    return [SystemMessage(template("system")), HumanMessage(blocks if mark or images else shared + task)]
