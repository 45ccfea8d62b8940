"""A LangChain tool that checks symbolically whether two mathematical expressions are equal."""

from langchain_core.tools import BaseTool, tool

from langgraph_tumix.core.keys import answer_key


def check_equal_tool() -> BaseTool:
    """Return the tool."""

    @tool
    def check_equal(first: str, second: str) -> str:
        r"""Say whether two numbers or expressions, LaTeX or plain, are equal, such as `3\pi/2` and `1.5*pi`."""
        keys = answer_key(first), answer_key(second)
        if None in keys:
            return "One of the two is empty."
        return f"{'Equal' if keys[0] == keys[1] else 'Not equal'}: the first is {keys[0]}, the second {keys[1]}."

    return check_equal
