"""The local corpus."""

import asyncio
import gc
import sqlite3
from pathlib import Path
from string import ascii_lowercase

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.errors import ConfigError, SearchError
from langgraph_tumix.search import CorpusSearch, Hit
from tests.search.asks import nobody

ARTICLES = {
    "paris": "# Paris\n\nParis is the capital of France, on the river Seine.\n\nIt has twenty districts.",
    "lyon": "# Lyon\n\nLyon is a city in France, where the Saône joins the Rhône.",
    "seine": "# Seine\n\nThe Seine is a river of 777 km. It flows through Paris.",
    "straße": "# Straße\n\nEine Straße in Köln. Ærø, Łódź, 東京 and Ελλάδα are places too.",
}


async def names(query: str, corpus: CorpusSearch | None = None) -> list[str]:
    found = await (corpus or CorpusSearch(ARTICLES)).search(query, nobody)
    return [hit.url.removeprefix("corpus:") for hit in found.hits]


async def test_the_best_article_comes_first() -> None:
    cases: list[tuple[str, str]] = [
        ("What is the capital of France?", "paris"),
        ("CAPITAL", "paris"),
        ("districts", "paris"),
        ("a district with twenty", "paris"),
        ("river length km", "seine"),
        ("the Rhone joins", "lyon"),
        ("rivers flowing", "seine"),
        ("Lyon", "lyon"),
        ("777", "seine"),
        ("STRASSE straße", "straße"),
        ("koln", "straße"),
        ("Ελλάδα", "straße"),
        ("東京", "straße"),
        ("cafe\u0301 in Ko\u0308ln", "straße"),
    ]
    for query, first in cases:
        assert (await names(query))[0] == first


async def test_queries_that_find_nothing() -> None:
    cases: list[str] = ["", "  ", "?!", '"', "''", "*", "zebra", "\x00", "\ud800", "()", "___"]
    for query in cases:
        assert await names(query) == []


async def test_stop_words_alone_are_searched_after_all() -> None:
    corpus = CorpusSearch({"poem": "To be or not to be", "prose": "Not a line"})
    assert await names("to be or not to be", corpus) == ["poem", "prose"]


@given(st.text(max_size=200))
async def test_no_query_is_a_syntax_error(query: str) -> None:
    await CorpusSearch(ARTICLES).search(query, nobody)


async def test_operators_are_words() -> None:
    cases: list[str] = [
        "capital AND",
        "OR capital",
        "NOT capital",
        "NEAR(capital, 2",
        "title:capital",
        'capital"',
        "capital*",
        "^capital",
        "-capital + {",
        "capital' OR 1=1; DROP TABLE passages; --",
        "capital\x00AND",
        "capital \ud800\udfff",
        "capital " + " ".join(f"word{i}" for i in range(5000)),
        "capital " + " ".join(chr(0x4E00 + i) for i in range(2000)),
        "(" * 2000 + " capital",
    ]
    for query in cases:
        assert "paris" in await names(query)


async def test_all_words_come_before_some() -> None:
    texts = {"apple": "apple " * 5, "cloth": "cloth " * 5, "both": f"an apple {'and more ' * 50} on a cloth"}
    found = await names("apple cloth", CorpusSearch(texts))
    assert found[0] == "both"
    assert set(found) == set(texts)


async def test_an_article_gives_its_best_passage() -> None:
    filler = "\n\n".join(f"Paragraph {i} about nothing at all. " * 10 for i in range(30))
    corpus = CorpusSearch({"long": f"# Long\n\n{filler}\n\nThe needle is made of steel.\n\n{filler}"})
    hits = (await corpus.search("needle steel", nobody)).hits
    assert len(hits) == 1
    assert "The needle is made of steel." in hits[0].text
    assert hits[0].title == "Long"


@given(st.text(alphabet=st.sampled_from("ab \n.#"), max_size=5000), st.integers(0, 3000))
async def test_passages_are_short(text: str, run: int) -> None:
    corpus = CorpusSearch({"a": f"{text} needle {'x' * run}\n\nneedle"})
    for hit in (await corpus.search("needle", nobody)).hits:
        assert 0 < len(hit.text) <= 700


words = st.text(ascii_lowercase + "".join(map(chr, range(0xE0, 0x100))), min_size=4, max_size=12)


@given(st.dictionaries(st.text(min_size=1), st.lists(words, min_size=1, max_size=21).map(" ".join)))
async def test_every_article_is_found_by_a_word_of_it(articles: dict[str, str]) -> None:
    corpus = CorpusSearch(articles | {"": "fixed"}, max_results=len(articles) + 1)
    for name, text in articles.items():
        assert name in await names(text.split()[-1], corpus)


async def test_results_are_limited_and_articles_distinct() -> None:
    corpus = CorpusSearch({f"{i:02}": "apple\n\n" * 500 for i in range(20)}, max_results=7)
    assert await names("apple", corpus) == [f"{i:02}" for i in range(7)]


async def test_a_folder_is_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "apple.md").write_text("\ufeff## The apple ##\n\nA fruit.", "utf-8")
    (tmp_path / "pear.txt").write_bytes("A fruit, too: \xe9".encode("latin-1"))
    (tmp_path / "plum.rst").write_text("A fruit that is not read.")
    (tmp_path / "folder.md").mkdir()
    for source in (tmp_path, str(tmp_path)):
        hits = (await CorpusSearch(source).search("fruit", nobody)).hits
        assert {(hit.title, hit.url) for hit in hits} == {
            ("The apple", "corpus:deep/er/apple.md"),
            ("pear", "corpus:pear.txt"),
        }


async def test_articles_can_bring_their_titles() -> None:
    corpus = CorpusSearch([("a", "Apples", "A fruit."), ("b", "Bears", "An animal.")])
    assert (await corpus.search("apple", nobody)).hits == (Hit("Apples", "corpus:a", "A fruit."),)


def test_mistakes_are_found_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        CorpusSearch(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no article"):
        CorpusSearch(tmp_path)
    with pytest.raises(ConfigError, match="no article"):
        CorpusSearch([])
    with pytest.raises(ConfigError, match="max_results"):
        CorpusSearch(ARTICLES, max_results=0)


async def test_an_article_that_is_no_unicode_is_a_failed_search() -> None:
    with pytest.raises(SearchError, match="surrogates not allowed"):
        await names("a", CorpusSearch({"a": "\ud800"}))


async def test_many_searches_at_once_do_not_block_the_loop() -> None:
    with blockbuster_ctx():
        corpus = CorpusSearch(ARTICLES)
        results = await asyncio.gather(*(names("capital of France", corpus) for _ in range(30)))
    assert all(result == results[0] for result in results)
    assert results[0][0] == "paris"


def test_the_index_is_closed_with_the_corpus() -> None:
    corpus = CorpusSearch(ARTICLES)
    assert corpus._hits("capital")  # in this thread: a worker's last reference would close it at any time
    index = corpus._index
    assert index is not None
    del corpus
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        index.execute("SELECT 1")


def test_it_is_free_and_has_a_name() -> None:
    corpus = CorpusSearch(ARTICLES)
    assert (corpus.name, corpus.usd_per_query) == ("local corpus", 0.0)
    assert repr(corpus) == "CorpusSearch(4 articles, max_results=5)"
