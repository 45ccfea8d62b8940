"""Looking up: facts from passages, facts in computations, and no knowledge without a search."""

import random
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langgraph_tumix.core.text import fence
from langgraph_tumix.offline import OfflineChatModel, articles, questions
from langgraph_tumix.offline.facts import asked_for
from langgraph_tumix.offline.passages import find
from langgraph_tumix.offline.problem import key
from langgraph_tumix.search import CombinedSearch, CorpusSearch, NativeSearch, Search, render
from tests.offline.harness import MARKER, answer_in, prompt, work

SURE = OfflineChatModel(error_rate=0)
SEARCHERS = ("S", "CS", "CSG", "CSG+")

FACTS = {  # question: answer as the articles have it, read by eye
    "In which year was Orrel founded?": "1471",
    "When did the Museum of Tides open?": "1906",
    "When was the Museum of Tides founded?": "1903",
    "In which year was the Clock Tower of Marrowgate completed?": "1766",
    "When was the Pellamouth Lighthouse first lit?": "1809",
    "When was Mount Vorr first climbed?": "1795",
    "When did Maris Tollen die?": "1931",
    "When was the Lantern Festival first held?": "1872",
    "When was the Vessmark Florin introduced?": "1794",
    "When was the Ember Lily first described?": "1741",
    "How long is the River Tesk?": "412 kilometres",
    "how long is the river tesk?": "412 kilometres",
    "What is the length of the Kesseldon Tunnel?": "7.8 kilometres",
    "How high is the Ismere Dam in metres?": "94",
    "How tall is the Pellamouth Lighthouse?": "58 metres",
    "How deep is the Sill Sea?": "94 metres",
    "What is the area of Sandrel Island in square kilometres?": "64",
    "How many people live in Sandrel?": "3415",
    "What is the population of Vessmark?": "2460000",
    "Who designed the Pellamouth Lighthouse?": "Tobin Sarle",
    "Who was the engineer of the Kesseldon Tunnel?": "Idris Fenwold",
    "Who wrote The Salt Almanac?": "Odile Farrant",
    "Who discovered Tollen's Comet?": "Maris Tollen",
    "Who founded the Sill Gazette?": "Hanno Brisk",
    "Where was Odile Farrant born?": "Sandrel Island",
    "What is the capital of Vessmark?": "Marrowgate",
    "Which river does the Arrin Viaduct span?": "River Arrin",
    "Into which sea does the River Tesk flow?": "Sill Sea",
    "In which town does the Museum of Tides stand?": "Pellamouth",
    "How many steps does the Pellamouth Lighthouse have?": "311",
    "How many bells are in the Clock Tower of Marrowgate?": "9",
    "How many inhabitants does the birthplace of Ilse Corvane have?": "27940",
    "When did the author of The Salt Almanac die?": "1952",
    "How old did Bram Oldacre become?": "73",
    "How many metres higher is Mount Kesseldon than Mount Vorr?": "443",
    "How many years after the founding of Marrowgate was the Lantern Bridge opened?": "657",
    "Who designed the Arrin Viaduct? A) Joren Haft B) Bram Oldacre": "B",
}


@pytest.mark.parametrize("style", SEARCHERS)
def test_what_is_found_is_read(style: str) -> None:
    for question, answer in FACTS.items():
        done = work(SURE, style, question)
        assert done.answer == answer, (question, done)
        assert done.actions[0][0] == "search"


async def ask(messages: Any, *, tools: Any = ()) -> AIMessage:
    reply = await SURE.bind_tools(list(tools)).ainvoke(list(messages))
    assert isinstance(reply, AIMessage)
    return reply


@pytest.mark.parametrize("search", ["corpus", "native", "combined"])
async def test_the_real_searches_serve_as_well(search: str) -> None:
    corpus, native = CorpusSearch(articles()), NativeSearch(OfflineChatModel.native_search_tool)
    searches: dict[str, Search] = {"corpus": corpus, "native": native, "combined": CombinedSearch(corpus, native)}
    for question in questions():
        said: list[BaseMessage] = prompt("S", question.question)
        for _ in range(6):
            reply = await SURE.ainvoke(said)
            if "<<<" in reply.text:
                break
            query = reply.text.partition("<search>")[2].partition("</search>")[0]
            got = fence("search results", render(await searches[search].search(query, ask)), MARKER)
            said += [reply, HumanMessage(f"{got}\n\nTool uses left: 3. Go on.")]
        assert key(answer_in(reply.text)) == key(question.answer), question


def test_new_combinations_of_facts_are_computed() -> None:
    years = {
        "the founding of Dunmere": 1528,
        "the opening of the Kesseldon Tunnel": 1934,
        "the birth of Elowen Dray": 1698,
        "the signing of the Treaty of Linden Quay": 1683,
        "the invention of the Vey Lamp": 1822,
        "the discovery of Tollen's Comet": 1889,
    }
    sizes = {
        "the length of the Arrin Viaduct": 512,
        "the height of the Pellamouth Lighthouse": 58,
        "the number of arches of the Lantern Bridge": 11,
        "the number of stations of the Tesk Valley Railway": 34,
        "the height of Mount Vorr": 2684,
        "the depth of Lake Ismere": 211,
    }
    r = random.Random(7)
    for _ in range(6):
        (a, x), (b, y) = r.sample(sorted(years.items()), 2)
        (c, m), (d, n) = r.sample(sorted(sizes.items()), 2)
        for question, truth in (
            (f"How many years passed between {a} and {b}?", abs(x - y)),
            (f"What is the digit sum of {a}?", sum(map(int, str(x)))),
            (f"What is {c} times {d}?", m * n),
            (f"What is the remainder when {c} is divided by {n}?", m % n),
            (f"What is {c} divided by {d}, rounded?", (2 * m + n) // (2 * n)),
        ):
            assert work(SURE, "CS", question).answer == str(truth), question


@pytest.mark.parametrize("style", ["Base", "CoT", "CoT_code", "C", "C+"])
def test_nobody_knows_the_facts_without_a_search(style: str) -> None:
    facts = {"When was Ilse Corvane born?": "1829", "How long is the River Tesk in kilometres?": "412",
             "Who designed the Ismere Dam?": "Petra Olwick"}  # fmt: skip
    for seed in range(20):
        for question, truth in facts.items():
            assert truth not in work(OfflineChatModel(seed=seed), style, question).text


def test_a_guess_is_called_a_guess() -> None:
    texts = [work(OfflineChatModel(seed=seed), "CoT", "When was Ilse Corvane born?").text for seed in range(60)]
    guesses = [text for text in texts if "<<<unknown>>>" not in text]
    assert 5 <= len(guesses) <= 30
    assert all("no more than a guess" in text for text in guesses)


def test_nobody_guesses_what_has_to_be_computed_from_facts() -> None:
    question = "How many years passed between the birth of Ilse Corvane and the opening of the Lantern Bridge?"
    assert {work(OfflineChatModel(seed=seed), "C", question).answer for seed in range(60)} == {"unknown"}


ELSEWHERE = (
    "When was Rome founded?",
    "How long is the Nile?",
    "Who designed the Eiffel Tower?",
    "How long is a piece of string?",
    "What is the digit sum of the height of the Matterhorn?",
)


@pytest.mark.parametrize("question", ELSEWHERE)
def test_what_is_not_in_the_corpus_stays_unknown(question: str) -> None:
    for style in SEARCHERS:
        done = work(SURE, style, question)
        assert done.answer == "unknown", done
        assert [kind for kind, _ in done.actions] == ["search", "search"], "twice, and no more"


def test_the_subject_counts_and_not_just_any_number() -> None:
    fact = asked_for("When was the Old Mill built")
    assert fact is not None
    passages = """[1] New Mill
        corpus:new-mill
        The New Mill was built in 1850. It replaced an older one.

    [2] Old Mill
        corpus:old-mill
        Opened in 1702 as a barn, the Old Mill was not built in a day. It was finished in 1698, and burnt in 1799."""
    found = find(fact, [passages])
    assert found is not None
    assert found.value == "1698"
    neighbour = "[1] Old Mill\n    The New Mill opposite was built in 1850. It was built in 1698 itself."
    found = find(fact, [neighbour])
    assert found is not None
    assert (found.value, found.others) == ("1698", ("1850",))
    listed = "[1] Old Mill\n    corpus:old-mill\n\n[2] New Mill\n    corpus:new-mill\n    It was built in 1850."
    assert find(fact, [listed]) is None, "a source without a passage says nothing about the next one"
    assert find(fact, ["[1] New Mill\n    The New Mill was built in 1850."]) is None


@pytest.mark.parametrize("asked", ["Search the web for: length of the Lantern Bridge", "length of the Lantern Bridge"])
def test_the_native_search_cites_articles(asked: str) -> None:
    model = OfflineChatModel().bind_tools([OfflineChatModel.native_search_tool])
    reply = model.invoke([SystemMessage("Search."), HumanMessage(asked)])
    assert isinstance(reply, AIMessage)
    block: Any = reply.content_blocks[0]
    note = block["annotations"][0]
    assert (block["type"], note["type"]) == ("text", "citation")
    assert (note["url"], note["title"]) == ("corpus:lantern-bridge", "Lantern Bridge")
    assert "346 metres long" in note["cited_text"]


def test_a_native_search_for_nothing_finds_nothing() -> None:
    model = OfflineChatModel().bind_tools([OfflineChatModel.native_search_tool])
    assert model.invoke("Search the web for: xylophone quantum").content == "The search found nothing on this."
