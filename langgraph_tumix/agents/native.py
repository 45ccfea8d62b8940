"""Native tool calling, for agents with LangChain tools: the same uses and limits as in the text protocol."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from langgraph_tumix.agents.run import Run
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.core.text import fence


class python(BaseModel):
    """Run a Python program in a session that keeps its variables, and get what it prints."""

    code: str = Field(description="The program; print whatever you want to see.")


class search(BaseModel):
    """Search, and get the sources that were found."""

    query: str = Field(description="What to search for.")


def tools_of(agent: Agent) -> list[BaseTool | type[BaseModel]]:
    """Return the tools to bind for an agent; none if it speaks the text protocol."""
    if not agent.tools:
        return []
    built_in: list[type[BaseModel]] = []
    if agent.code == "loop":
        built_in.append(python)
    if agent.search != "none":
        built_in.append(search)
    return [*agent.tools, *built_in]


async def run_calls(run: Run, reply: AIMessage, left: int) -> list[ToolMessage]:
    """Carry out the tool calls of a reply, at most `left` of them, and answer every one."""
    marker = run.question["marker"]
    answers = []
    for number, call in enumerate(reply.tool_calls):
        if number < left:
            output = fence(f"result of {_name(run, call['name'])}", await _run(run, call["name"], call["args"]), marker)
        else:
            output = "Not run: no tool use was left."
        answers.append(ToolMessage(output, tool_call_id=call["id"] or ""))
    return answers


async def refused(run: Run, reply: BaseMessage) -> list[ToolMessage]:
    """Answer the calls of a reply after which no tool use is left, without carrying them out.

    A model may call all the same, and providers refuse a conversation with an open call.
    """
    return await run_calls(run, reply, 0) if isinstance(reply, AIMessage) and reply.tool_calls else []


async def _run(run: Run, name: str, arguments: dict[str, Any]) -> str:
    agent = run.equipped.agent
    if name == "python" and agent.code == "loop":
        return await run.program(str(arguments.get("code", "")))
    if name == "search" and agent.search != "none":
        return await run.search(str(arguments.get("query", "")))
    return await run.call(name, arguments)


def _name(run: Run, name: str) -> str:
    """Return the name of a tool as far as there is one: what a model makes up could hold the end of a fence."""
    known = [*(tool.name for tool in run.equipped.agent.tools), "python", "search"]
    return name if name in known else "an unknown tool"
