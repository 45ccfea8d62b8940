"""The agent subgraph: a model alone, or model and tool in turns, or both steered by a guide.

::

    text            model
    one program     model → tool
    tool loop       model ⇄ tool
    guided          guide → model → tool → guide → …
    in steps        any of these, and a turn without an action → step → …
    checked         any of these, and an answer → check → …

A turn that leads nowhere costs a tool use like any other; when none is left, the model must end its step, and at last
answer. So a run ends after ``max_tool_uses + steps + checks`` turns at most, the first step included, whatever the
model writes.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from langgraph_tumix.agents.check import check, checked, due
from langgraph_tumix.agents.guide import guide
from langgraph_tumix.agents.native import refused, run_calls, tools_of
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.run import Run
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.agents.work import AgentInput, AgentState, rest, turn_of
from langgraph_tumix.core.text import fence

AgentGraph = CompiledStateGraph[AgentState, Run, AgentInput, AgentState]


def agent_graph(agent: Agent) -> AgentGraph:
    """Compile the subgraph of an agent; its runtime context is the `Run` that it serves."""
    acts = agent.loops or agent.code == "once"
    shape = _Shape(bool(agent.guide), acts, agent.loops, bool(agent.steps), bool(agent.most_checks))
    # Not the node's own name: LangGraph would take the subgraph's messages for the node's, and stream them.
    graph = _compiled(shape, f"agent {agent.name}")
    # A limit that an app sets on its own graph is not meant for the turns in here, which have one of their own.
    return graph.with_config(recursion_limit=3 * agent.most_model_calls + 3)


class _Shape(NamedTuple):
    """What of an agent makes its subgraph; all else is in the run's context."""

    guided: bool
    acts: bool
    loops: bool
    in_steps: bool
    checks: bool


@lru_cache(maxsize=256)
def _compiled(shape: _Shape, name: str) -> AgentGraph:
    """Compile a subgraph once: it takes LangGraph 2 ms, and many graphs have the same agents."""
    builder = StateGraph(AgentState, context_schema=Run, input_schema=AgentInput)
    builder.add_node("model", _model)
    first = "guide" if shape.guided else "model"
    builder.add_edge(START, first)
    if shape.guided:
        builder.add_node("guide", guide).add_edge("guide", "model")
    if shape.acts:
        builder.add_node("tool", _tool)
        _lead_on(builder, "tool", first if shape.loops else END)
    if shape.in_steps:
        builder.add_node("step", _step)
        _lead_on(builder, "step", first)
    if shape.checks:
        builder.add_node("check", check)
        builder.add_conditional_edges("check", checked, {"guide": first, "model": "model", END: END})
    # What routes is asynchronous as well: LangGraph would send a plain function to a thread, as dear as a step.
    then = {"tool": shape.acts, "step": shape.in_steps, "check": shape.checks, END: True}
    builder.add_conditional_edges("model", _after_model, [node for node, there in then.items() if there])
    return builder.compile(name=name)


def _lead_on(builder: "StateGraph[AgentState, Run, AgentInput, AgentState]", node: str, to: str) -> None:
    if to == "guide":
        builder.add_conditional_edges(node, _guided)
    else:
        builder.add_edge(node, to)


async def _model(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    run, pending = runtime.context, state["pending"]
    agent, conversation = run.equipped.agent, [*state["messages"][state["since"] :], *pending]
    tools = tools_of(agent)
    choice = "none" if tools and not state["left"] else None
    reply = await run.ask(conversation, tools=tools, tool_choice=choice, grows=agent.most_model_calls > 1)
    return {"messages": [*pending, reply], "pending": []}


async def _after_model(state: AgentState, runtime: Runtime[Run]) -> Literal["tool", "step", "check", "__end__"]:
    agent = runtime.context.equipped.agent
    more = state["step"] < len(agent.steps)
    if state["left"] and _acts(agent, state["messages"][-1], more):
        return "tool"
    if more:
        return "step"
    return "check" if due(runtime.context, state) else "__end__"


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
    run, agent, step = runtime.context, runtime.context.equipped.agent, state["step"] + 1
    last = step == len(agent.steps)
    task = template("step").format(number=step + 1, total=1 + len(agent.steps), instruction=agent.steps[step - 1])
    ending = rest(run, state["left"], last=last) if agent.loops else template("how_answer" if last else "step_ends")
    return {"pending": [*await refused(run, state["messages"][-1]), HumanMessage(f"{task}\n\n{ending}")], "step": step}


async def _tool(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    run, reply = runtime.context, state["messages"][-1]
    last = state["step"] == len(run.equipped.agent.steps)
    if isinstance(reply, AIMessage) and reply.tool_calls:
        answers = await run_calls(run, reply, state["left"])
        left = max(0, state["left"] - len(reply.tool_calls))
        answers[-1].content = f"{answers[-1].text}\n\n{rest(run, left, last=last)}"
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
    return {"pending": [HumanMessage(f"{said}\n\n{rest(run, left, last=last)}")], "left": left}


async def _guided(state: AgentState) -> Literal["guide", "model"]:
    return "guide" if state["left"] else "model"  # without tools there is nothing to steer
