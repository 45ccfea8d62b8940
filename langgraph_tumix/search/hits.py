"""When two hits are the same source, and what to keep of them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from langgraph_tumix.search.base import Hit


def same_page(url: str) -> str:
    """A key that is equal for addresses of one page.

    The scheme, a leading ``www.``, a trailing slash, the fragment and ``utm_`` parameters do not count.

    >>> same_page("https://www.example.org/a/?utm_source=openai#part") == same_page("http://example.org/a")
    True
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.lower().removeprefix("www.")
    except ValueError:  # e.g. an unclosed bracket in the host
        return url
    if parts.scheme.lower() not in ("http", "https"):
        return url
    query = parse_qsl(parts.query, keep_blank_values=True)
    telling = [(key, value) for key, value in query if not key.startswith("utm_")]
    return f"{host}{parts.path.rstrip('/')}?{urlencode(telling)}"


def distinct(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The hits in their order, one for each page and one for each passage.

    Of two hits on one page the first place and the longer passage are kept: a backend that only cites
    a page often comes before one that quotes it.

    >>> distinct([Hit("A", "http://a.org", ""), Hit("A", "https://a.org/", "What A says.")])
    (Hit(title='A', url='http://a.org', text='What A says.'),)
    """
    pages: dict[str, Hit] = {}
    for hit in hits:
        page = same_page(hit.url)
        known = pages.setdefault(page, hit)
        if len(hit.text) > len(known.text):
            pages[page] = replace(known, text=hit.text)
    passages: dict[str, Hit] = {}
    for page, hit in pages.items():
        passages.setdefault(re.sub(r"\W+", " ", hit.text).strip().casefold() or page, hit)
    return tuple(passages.values())
