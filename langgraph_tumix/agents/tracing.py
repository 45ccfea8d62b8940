"""How an agent's run shows in LangChain's tracers, LangSmith among them: by its name and round, with its tool uses."""

from collections.abc import Awaitable, Callable

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config, get_async_callback_manager_for_config

from langgraph_tumix.core.notes import Evidence


def named(agent: str, round_: int, sample: int) -> RunnableConfig:
    """Return the configuration that gives an agent's run its name, and what is in it something to be found by.

    >>> named("C+", 2, 0)["run_name"], named("C+", 2, 3)["run_name"]
    ('C+, round 2', 'C+, round 2, sample 4')
    """
    name = f"{agent}, round {round_}" + (f", sample {sample + 1}" if sample else "")
    return {"run_name": name, "metadata": {"tumix_agent": agent, "tumix_round": round_, "tumix_sample": sample}}


async def traced(tool: str, asked: str, use: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """Use a tool that is none of LangChain's, as a run that tracers see."""
    begun = await get_async_callback_manager_for_config(ensure_config()).on_tool_start({"name": tool}, asked, name=tool)
    try:
        step = await use()
    except BaseException as error:
        await begun.on_tool_error(error)
        raise
    await begun.on_tool_end(step["output"])
    return step
