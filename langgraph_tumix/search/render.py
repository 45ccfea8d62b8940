"""What was found, as text for a prompt."""

import textwrap

from langgraph_tumix.core.text import clean
from langgraph_tumix.search.base import Found, Hit


def render(found: Found, *, limit: int = 6000) -> str:
    """Write `found` for a prompt: the summary, then numbered sources with title, address and passage.

    Passages are data from strangers: invisible characters are removed, and every passage is indented, so
    that none can pass for a source of its own.

    Args:
        found: What a search gave.
        limit: Most characters of summary and sources; a line that says what was cut comes on top.

    >>> print(render(Found("capital of France", (Hit("France", "corpus:france", "Its capital is Paris."),))))
    [1] France
        corpus:france
        Its capital is Paris.
    """
    summary = clean(found.summary).strip()
    parts = [summary] if summary else []
    parts += [_source(number, hit, summary) for number, hit in enumerate(found.hits, 1)]
    if not parts:
        return f'Nothing was found for "{_line(found.query[:200])}".'
    text = "\n\n".join(parts)
    if len(text) <= limit:
        return text
    kept = text[:limit].rstrip()
    return f"{kept}\n[cut: {len(text) - len(kept)} of {len(text)} characters are left out]"


def _source(number: int, hit: Hit, summary: str) -> str:
    passage = clean(hit.text).strip()
    body = [_line(hit.title) or "untitled", _line(hit.url)]
    if passage not in summary:  # a model's own search cites lines of its summary: once is enough
        body += passage.splitlines()
    return f"[{number}] " + textwrap.indent("\n".join(line for line in body if line.strip()), "    ").lstrip()


def _line(text: str) -> str:
    return " ".join(clean(text).split())
