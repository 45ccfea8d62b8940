"""A LangChain tool that searches the web with Tavily."""

from langchain_core.tools import BaseTool, tool

from langgraph_tumix.search import TavilySearch, render


def search_web_tool() -> BaseTool:
    """Return the tool; it needs TAVILY_API_KEY."""
    tavily = TavilySearch()

    @tool
    async def search_web(query: str) -> str:
        """Search the web and return the sources that were found."""
        return render(await tavily.search(query))

    return search_web
