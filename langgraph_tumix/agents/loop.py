"""The agent subgraph: a model alone, or model and tool in turns, or both steered by a guide.

::

    text            model
    one program     model → tool
    tool loop       model ⇄ tool
    guided          guide → model → tool → guide → …

A turn that leads nowhere costs a tool use like any other; when none is left, the model must answer. So a run ends
after ``max_tool_uses + 1`` turns at most, whatever the model writes.
"""

import operator
import time
from typing import Annotated, Literal

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from langgraph_tumix.agents.native import run_calls, tools_of
from langgraph_tumix.agents.prompt import messages, template
from langgraph_tumix.agents.protocol import Turn, read_turn
from langgraph_tumix.agents.run import PROGRAM_SECONDS, Run
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.text import cut, fence

TRANSCRIPT_LIMIT = 24_000
"""Characters of the solver's work that its guide is shown."""


class AgentInput(TypedDict):
    """What a run starts from.

    Attributes:
        shared: The part of the prompt that all agents of the round share.
        pending: What the solver is told next.
        left: Tool uses left.
    """

    shared: str
    pending: list[AnyMessage]
    left: int


class AgentState(AgentInput):
    """A run under way; `messages` is the solver's conversation so far."""

    messages: Annotated[list[AnyMessage], operator.add]


AgentGraph = CompiledStateGraph[AgentState, Run, AgentInput, AgentState]


def agent_graph(agent: Agent) -> AgentGraph:
    """Compile the subgraph of an agent; its runtime context is the `Run` that it serves."""
    builder = StateGraph(AgentState, context_schema=Run, input_schema=AgentInput)
    builder.add_node("model", _model)
    if agent.guide:
        builder.add_node("guide", _guide).add_edge("guide", "model")
    builder.add_edge(START, "guide" if agent.guide else "model")
    if agent.code == "none" and not agent.loops:
        builder.add_edge("model", END)
    else:
        builder.add_node("tool", _tool)
        builder.add_conditional_edges("model", _after_model)
        if agent.guide:
            builder.add_conditional_edges("tool", _after_tool_guided)
        else:
            builder.add_edge("tool", "model" if agent.loops else END)
    # Not the node's own name: LangGraph would take the subgraph's messages for the node's, and stream them.
    return builder.compile(name=f"agent {agent.name}")


def opening(agent: Agent, shared: str, images: list[dict[str, object]]) -> AgentInput:
    """Return the input of a run: the first prompt, and the tool uses that the agent has."""
    pending = messages(shared, _task(agent), images)
    return AgentInput(shared=shared, pending=pending, left=agent.max_tool_uses if agent.loops else 1)


def _task(agent: Agent) -> str:
    """Return the agent's instruction, followed by how to use its tools and how to answer."""
    parts = [agent.instruction]
    if agent.loops:
        if not agent.tools:
            parts += [template("how_code").format(seconds=PROGRAM_SECONDS)] if agent.code == "loop" else []
            parts += [template("how_search")] if agent.search != "none" else []
            parts += [template("how_both")] if agent.style in ("dual", "guided") else []
        parts.append(template("how_loop").format(uses=agent.max_tool_uses))
    elif agent.code == "none":
        parts.append(template("how_answer"))
    return "\n\n".join(parts)


def turn_of(agent: Agent, reply: BaseMessage) -> Turn:
    """Read a reply of `agent`."""
    text_protocol = not agent.tools
    return read_turn(
        reply.text, code=text_protocol and agent.code != "none", search=text_protocol and agent.search != "none"
    )


async def _model(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    run, pending = runtime.context, state["pending"]
    tools = tools_of(run.equipped.agent)
    reply = await run.ask(
        [*state["messages"], *pending], tools=tools, tool_choice="none" if tools and not state["left"] else None
    )
    return {"messages": [*pending, reply], "pending": []}


def _after_model(state: AgentState, runtime: Runtime[Run]) -> Literal["tool", "__end__"]:
    reply, agent = state["messages"][-1], runtime.context.equipped.agent
    if state["left"] == 0 or not isinstance(reply, AIMessage):
        return "__end__"
    if reply.tool_calls:
        return "tool"
    action = turn_of(agent, reply).action
    if agent.code == "once":
        return "tool" if action == "code" else "__end__"
    return "__end__" if action == "answer" else "tool"


async def _tool(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    run, reply = runtime.context, state["messages"][-1]
    if isinstance(reply, AIMessage) and reply.tool_calls:
        answers = await run_calls(run, reply, state["left"])
        left = max(0, state["left"] - len(reply.tool_calls))
        answers[-1].content = f"{answers[-1].text}\n\n{_rest(left)}"
        return {"pending": answers, "left": left}
    marker, turn = run.question["marker"], turn_of(run.equipped.agent, reply)
    match turn.action:
        case "code":
            said = fence("output of your program", await run.program(turn.text), marker)
        case "search":
            said = fence("search results", await run.search(turn.text), marker)
        case "two actions":
            said = template("one_action")
        case "unclosed":
            said = template("unclosed")
        case _:
            said = template("nudge")
    left = state["left"] - 1
    return {"pending": [HumanMessage(f"{said}\n\n{_rest(left)}")], "left": left}


def _rest(left: int) -> str:
    return template("rest_left").format(left=left) if left else template("rest_none")


def _after_tool_guided(state: AgentState) -> Literal["guide", "model"]:
    return "guide" if state["left"] else "model"  # the last turn has to answer; there is nothing to steer


async def _guide(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    """Advise the solver on its next turn."""
    run, pending = runtime.context, state["pending"]
    done = _transcript([*state["messages"], *pending][2:])  # from the solver's first reply on
    progress = fence("progress", cut(done, TRANSCRIPT_LIMIT), run.question["marker"]) if done else "Nothing yet."
    own = f"{run.equipped.agent.guide}\n\n# Progress so far\n\n{progress}\n\nTool uses left: {state['left']}."
    started = time.monotonic()
    reply = await run.ask(messages(state["shared"], own, run.question["images"]))
    guidance = extract_answer(reply.text).answer or reply.text.strip()
    run.record("guide", "", guidance, ok=True, seconds=time.monotonic() - started)
    return {"pending": [*pending[:-1], _advised(pending[-1], guidance)]}


def _advised(message: AnyMessage, guidance: str) -> AnyMessage:
    text = f"\n\n# Guidance\n\n{guidance}"
    content = message.content
    content = content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    return message.model_copy(update={"content": content})


def _transcript(turns: list[AnyMessage]) -> str:
    return "\n\n".join(f"{'Solver' if isinstance(turn, AIMessage) else 'Harness'}:\n{turn.text}" for turn in turns)
