"""A LangChain tool that searches a folder of texts with a full-text index."""

from pathlib import Path

from langchain_core.tools import BaseTool, tool

from langgraph_tumix.search import CorpusSearch, render


def search_corpus_tool(folder: str | Path) -> BaseTool:
    """Return the tool, for the .md and .txt files in `folder`."""
    corpus = CorpusSearch(folder)

    @tool
    async def search_corpus(query: str) -> str:
        """Search the documents at hand and return the passages that were found."""
        return render(await corpus.search(query))

    return search_corpus
