"""The agent subgraph: a model alone, or model and tool in turns, or both steered by a guide.

::

    text            model
    one program     model → tool
    tool loop       model ⇄ tool
    guided          guide → model → tool → guide → …
    in steps        any of these, and a turn without an action → step → …

A turn that leads nowhere costs a tool use like any other; when none is left, the model must end its step, and at last
answer. So a run ends after ``max_tool_uses + steps`` turns at most, the first step included, whatever the model writes.
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
from langgraph_tumix.core.awareness import budget_words
from langgraph_tumix.core.text import clean, cut, fence

GUIDANCE_LIMIT = 12_000
"""Characters of a guide's advice that the solver is shown."""

TRANSCRIPT_LIMIT = 24_000
"""Characters of the solver's work that its guide is shown."""


class AgentInput(TypedDict):
    """What a run starts from.

    Attributes:
        shared: The part of the prompt that all agents of the round share.
        pending: What the solver is told next.
        left: Tool uses left.
        step: Which of the agent's further steps is in work; 0 is its instruction.
    """

    shared: str
    pending: list[AnyMessage]
    left: int
    step: int


class AgentState(AgentInput):
    """A run under way; `messages` is the solver's conversation so far."""

    messages: Annotated[list[AnyMessage], operator.add]


AgentGraph = CompiledStateGraph[AgentState, Run, AgentInput, AgentState]


def agent_graph(agent: Agent) -> AgentGraph:
    """Compile the subgraph of an agent; its runtime context is the `Run` that it serves."""
    builder = StateGraph(AgentState, context_schema=Run, input_schema=AgentInput)
    builder.add_node("model", _model)
    acts = agent.loops or agent.code == "once"
    first = "guide" if agent.guide else "model"
    builder.add_edge(START, first)
    if agent.guide:
        builder.add_node("guide", _guide).add_edge("guide", "model")
    if acts:
        builder.add_node("tool", _tool)
        _lead_on(builder, "tool", first if agent.loops else END)
    if agent.steps:
        builder.add_node("step", _step)
        _lead_on(builder, "step", first)
    builder.add_conditional_edges("model", _after_model, [*["tool"] * acts, *["step"] * bool(agent.steps), END])
    # Not the node's own name: LangGraph would take the subgraph's messages for the node's, and stream them.
    graph = builder.compile(name=f"agent {agent.name}")
    # A limit that an app sets on its own graph is not meant for the turns in here, which have one of their own.
    return graph.with_config(recursion_limit=3 * agent.most_model_calls + 3)


def _lead_on(builder: "StateGraph[AgentState, Run, AgentInput, AgentState]", node: str, to: str) -> None:
    if to == "guide":
        builder.add_conditional_edges(node, _guided)
    else:
        builder.add_edge(node, to)


def opening(
    agent: Agent, shared: str, images: list[dict[str, object]], tool_seconds: float = PROGRAM_SECONDS
) -> AgentInput:
    """Return the input of a run: the first prompt, and the tool uses that the agent has."""
    pending = messages(shared, _task(agent, tool_seconds), images)
    return AgentInput(shared=shared, pending=pending, left=_uses(agent), step=0)


def _uses(agent: Agent) -> int:
    return agent.max_tool_uses if agent.loops else int(agent.code == "once")


def _task(agent: Agent, tool_seconds: float) -> str:
    """Return the agent's instruction, followed by how to use its tools and how to answer."""
    parts = [agent.instruction]
    if agent.loops and not agent.tools:
        parts += [template("how_code").format(seconds=tool_seconds)] if agent.code == "loop" else []
        parts += [template("how_search")] if agent.search != "none" else []
        parts += [template("how_both")] if agent.code == "loop" and agent.search != "none" else []
    if agent.steps:
        parts += [template("how_uses").format(uses=agent.max_tool_uses)] if agent.loops else []
        parts.append(template("how_steps").format(total=1 + len(agent.steps)))
    elif agent.loops:
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


def _after_model(state: AgentState, runtime: Runtime[Run]) -> Literal["tool", "step", "__end__"]:
    agent = runtime.context.equipped.agent
    more = state["step"] < len(agent.steps)
    if state["left"] and _acts(agent, state["messages"][-1], more):
        return "tool"
    return "step" if more else "__end__"


def _acts(agent: Agent, reply: AnyMessage, more: bool) -> bool:
    """Whether a turn wants something done; where `more` steps follow, one that holds nothing just ends its step."""
    if isinstance(reply, AIMessage) and reply.tool_calls:
        return True
    action = turn_of(agent, reply).action
    if agent.code == "once":
        return action == "code"
    return action != "answer" and not (more and action == "nothing")


async def _step(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    """Give the next step."""
    run, reply, step = runtime.context, state["messages"][-1], state["step"] + 1
    agent = run.equipped.agent
    # Where no use is left a model may call all the same, and providers refuse a conversation with an open call.
    refused = await run_calls(run, reply, 0) if isinstance(reply, AIMessage) and reply.tool_calls else []
    last = step == len(agent.steps)
    task = template("step").format(number=step + 1, total=1 + len(agent.steps), instruction=agent.steps[step - 1])
    ending = _rest(run, state["left"], last=last) if agent.loops else template("how_answer" if last else "step_ends")
    return {"pending": [*refused, HumanMessage(f"{task}\n\n{ending}")], "step": step}


async def _tool(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    run, reply = runtime.context, state["messages"][-1]
    last = state["step"] == len(run.equipped.agent.steps)
    if isinstance(reply, AIMessage) and reply.tool_calls:
        answers = await run_calls(run, reply, state["left"])
        left = max(0, state["left"] - len(reply.tool_calls))
        answers[-1].content = f"{answers[-1].text}\n\n{_rest(run, left, last=last)}"
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
    return {"pending": [HumanMessage(f"{said}\n\n{_rest(run, left, last=last)}")], "left": left}


def _rest(run: Run, left: int, *, last: bool) -> str:
    name = ("" if last else "step_") + ("rest_left" if left else "rest_none")
    return template(name).format(left=left) + budget_words(run.meter.ledger, left, _uses(run.equipped.agent))


def _guided(state: AgentState) -> Literal["guide", "model"]:
    return "guide" if state["left"] else "model"  # without tools there is nothing to steer


async def _guide(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    """Advise the solver on its next turn."""
    run, pending = runtime.context, state["pending"]
    done = _transcript([*state["messages"], *pending][2:])  # from the solver's first reply on
    progress = fence("progress", cut(done, TRANSCRIPT_LIMIT), run.question["marker"]) if done else "Nothing yet."
    own = f"{run.equipped.agent.guide}\n\n# Progress so far\n\n{progress}\n\nTool uses left: {state['left']}."
    started = time.monotonic()
    reply = await run.ask(messages(state["shared"], own, run.question["images"]))
    guidance = extract_answer(reply.text).answer or reply.text.strip()
    # It has read what strangers wrote, and knows the marker: it could pass on a fence of its own.
    guidance = cut(clean(guidance).replace(run.question["marker"], "…"), GUIDANCE_LIMIT)
    run.record("guide", "", guidance, ok=True, seconds=time.monotonic() - started)
    return {"pending": [*pending[:-1], _advised(pending[-1], guidance)]}


def _advised(message: AnyMessage, guidance: str) -> AnyMessage:
    text = f"\n\n# Guidance\n\n{guidance}"
    content = message.content
    content = content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    return message.model_copy(update={"content": content})


def _transcript(turns: list[AnyMessage]) -> str:
    return "\n\n".join(f"{'Solver' if isinstance(turn, AIMessage) else 'Harness'}:\n{turn.text}" for turn in turns)
