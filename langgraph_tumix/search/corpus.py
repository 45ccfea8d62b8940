"""Full-text search over local articles, ranked by BM25 in SQLite."""

import asyncio
import re
import sqlite3
import textwrap
import threading
import unicodedata
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from langgraph_tumix.errors import ConfigError, SearchError
from langgraph_tumix.search.base import Ask, Found, Hit

Article = tuple[str, str, str]
"""Name, title, text."""

_PASSAGE = 700  # characters: a paragraph or two, as web search engines return
_QUERY = 4000  # characters of a query that are read at all

_STOP_WORDS = (
    "a about after all an and are as at be been before but by can could did do does for from had has have "
    "he how i if in into is it its me most much my no not of on or our out she should so than that the "
    "their them then there these they this to was we were what when where which who whom whose why will "
    "with would you your"
)

_SCHEMA = "CREATE VIRTUAL TABLE passages USING fts5(name UNINDEXED, title, text, tokenize='porter unicode61')"
_MATCH = """
    SELECT name, title, text FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 0, 4, 1), rowid
"""


class CorpusSearch:
    """Searches local articles: offline, free, and the same every time.

    Articles are cut into passages of at most 700 characters. A query's words are matched by their stems;
    passages that hold all of them come before passages that hold some, and a match in the title weighs four
    times as much. Each article gives at most one hit, its best passage, with the address ``corpus:<name>``.

    The articles are read at once; the index is built at the first search, in memory and away from the event
    loop.

    Args:
        source: A folder, whose ``.md`` and ``.txt`` files at any depth are the articles (title: the first
            heading or the file's name); a mapping of names to texts; or an iterable of (name, title, text).
        max_results: Most hits of one search.

    Raises:
        ConfigError: The folder is missing, or there is no article.

    >>> corpus = CorpusSearch({"paris": "Paris is the capital of France."})
    >>> asyncio.run(corpus.search("What is the capital of France?", None)).hits[0].url
    'corpus:paris'
    """

    name = "local corpus"
    usd_per_query = 0.0

    def __init__(self, source: str | Path | Mapping[str, str] | Iterable[Article], *, max_results: int = 5) -> None:
        self._articles = tuple(_articles(source))
        if not self._articles:
            raise ConfigError("the corpus has no article; give a folder with .md or .txt files, or texts")
        if max_results < 1:
            raise ConfigError(f"max_results must be at least 1, not {max_results}")
        self._max_results = max_results
        self._index: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"CorpusSearch({len(self._articles)} articles, max_results={self._max_results})"

    async def search(self, query: str, ask: Ask | None = None) -> Found:
        """Search the articles; `ask` is not used.

        Raises:
            SearchError: SQLite has no FTS5, or cannot store an article.
        """
        try:
            return Found(query, await asyncio.to_thread(self._hits, query))
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise SearchError(f"the corpus could not be searched: {error}") from error

    def _hits(self, query: str) -> tuple[Hit, ...]:
        hits: dict[str, Hit] = {}
        with self._lock:
            index = self._opened()
            for expression in _expressions(query):
                for name, title, text in index.execute(_MATCH, (expression,)):
                    hits.setdefault(name, Hit(title, f"corpus:{name}", text))
                    if len(hits) == self._max_results:
                        return tuple(hits.values())
        return tuple(hits.values())

    def _opened(self) -> sqlite3.Connection:
        """The index, built when it is first asked for; call it with the lock held."""
        if self._index is None:
            index = sqlite3.connect(":memory:", check_same_thread=False)
            weakref.finalize(self, index.close)  # Python 3.13 warns of connections that nobody closed
            index.execute(_SCHEMA)
            rows = ((name, title, part) for name, title, text in self._articles for part in _passages(text))
            index.executemany("INSERT INTO passages VALUES (?, ?, ?)", rows)
            self._index = index
        return self._index


def _articles(source: str | Path | Mapping[str, str] | Iterable[Article]) -> Iterator[Article]:
    if isinstance(source, str | Path):
        folder = Path(source)
        if not folder.is_dir():
            raise ConfigError(f"the corpus folder {str(folder)!r} does not exist")
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".md", ".txt") and path.is_file():
                text = path.read_text("utf-8-sig", errors="replace")
                yield path.relative_to(folder).as_posix(), _title(text) or path.stem, text
    elif isinstance(source, Mapping):
        yield from ((name, _title(text) or name, text) for name, text in source.items())
    else:
        yield from source


def _title(text: str) -> str:
    heading = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE)
    return heading[1] if heading else ""


def _passages(text: str) -> Iterator[str]:
    """The paragraphs of `text`, short ones joined with their successors, long ones cut between words."""
    passage = ""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        for piece in [paragraph] if len(paragraph) <= _PASSAGE else textwrap.wrap(paragraph, _PASSAGE):
            if passage and len(passage) + 2 + len(piece) > _PASSAGE:
                yield passage
                passage = ""
            passage = f"{passage}\n\n{piece}" if passage else piece
    if passage:
        yield passage


def _expressions(query: str) -> list[str]:
    """FTS5 expressions for `query`: all of its words, then any of them; none if it has no word.

    Each word is quoted, so that none is an operator.
    """
    text = unicodedata.normalize("NFC", query[:_QUERY]).lower()
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", text)))
    stop_words = frozenset(_STOP_WORDS.split())
    telling = [word for word in words if word not in stop_words] or words
    quoted = [f'"{word}"' for word in telling]
    return [" ".join(quoted), " OR ".join(quoted)] if quoted else []
