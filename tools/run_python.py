"""A LangChain tool that runs Python in a kernel of its own."""

from langchain_core.tools import BaseTool, tool

from langgraph_tumix.interpreter import JupyterInterpreter


def run_python_tool(seconds: float = 30.0) -> BaseTool:
    """Return the tool; each call gets a fresh kernel, which ends with it."""
    interpreter = JupyterInterpreter()

    @tool
    async def run_python(code: str) -> str:
        """Run a Python program and return what it prints."""
        session = await interpreter.open()
        try:
            return (await session.run(code, seconds=seconds)).output
        finally:
            await session.aclose()

    return run_python
