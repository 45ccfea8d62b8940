"""An app of your own that carries TUMIX as a node: easy questions take one call, hard ones go to the fifteen agents.

Without TUMIX_MODEL it runs on the embedded offline model.
"""

import os
from typing import Any, Literal

from langchain_core.messages import SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph

from langgraph_tumix import create_tumix
from langgraph_tumix.offline import OfflineChatModel

INSTRUCTION = (
    "You are an assistant. Answer in a sentence or two, and end with the answer in triple angle brackets. "
    "If you would have to look something up, compute at length or guess, write <<<unknown>>> instead."
)


class State(MessagesState):
    """The app's own state; TUMIX shares `messages` and keeps the rest to itself."""

    hard: bool


name = os.environ.get("TUMIX_MODEL")
model = ChatOpenAI(model=name.removeprefix("openai:")) if name else OfflineChatModel()


async def answer(state: State) -> dict[str, Any]:
    """Answer with one call, or find that the question is hard."""
    reply = await model.ainvoke([SystemMessage(INSTRUCTION), *state["messages"]])
    hard = "<<<unknown>>>" in reply.text
    return {"hard": hard, "messages": [] if hard else [reply]}


def route(state: State) -> Literal["tumix", "__end__"]:
    """Send what one call cannot answer to TUMIX."""
    return "tumix" if state["hard"] else "__end__"


builder = StateGraph(State)
builder.add_node("answer", answer)
builder.add_node("tumix", create_tumix(model))
builder.add_edge(START, "answer")
builder.add_conditional_edges("answer", route)
builder.add_edge("tumix", END)
graph = builder.compile(name="assistant")
