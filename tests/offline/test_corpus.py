"""The bundled articles and questions: complete, consistent, and right by the test's own reckoning."""

import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations

import pytest

from langgraph_tumix.offline import OfflineChatModel, articles, questions
from langgraph_tumix.offline.problem import key
from tests.offline.harness import work

TEXT = {article.name: article.text for article in articles()}


def primes(limit: int) -> list[int]:
    return [n for n in range(2, limit) if all(n % d for d in range(2, math.isqrt(n) + 1))]


def divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


def fibonacci(n: int) -> int:
    a, b = 1, 1
    for _ in range(n - 1):
        a, b = b, a + b
    return a


COMPUTED: dict[str, Callable[[], object]] = {
    "compute-01": lambda: 48271 * 7366 - 19**5,
    "compute-02": lambda: Fraction((17 + 4) * 12**3, 7),
    "compute-03": lambda: Fraction(3, 4) + Fraction(5, 6) - Fraction(1, 8),
    "compute-04": lambda: 7**2222 % 1009,
    "compute-05": lambda: 3**4321 % 1000,
    "compute-06": lambda: max(set(divisors(123456)) & set(divisors(7896))),
    "compute-07": lambda: next(n for n in range(132, 10**6, 132) if n % 84 == n % 90 == 0),
    "compute-08": lambda: primes(2000)[249],
    "compute-09": lambda: len(primes(5000)),
    "compute-10": lambda: "yes" if 7919 in primes(8000) else "no",
    "compute-11": lambda: "2^4 * 3 * 5^4 * 7 * 11 * 13" if 2**4 * 3 * 5**4 * 7 * 11 * 13 == 30030000 else "",
    "compute-12": lambda: len(divisors(75600)),
    "compute-13": lambda: sum(divisors(8128)),
    "compute-14": lambda: sum(map(int, str(math.factorial(60)))),
    "compute-15": lambda: len(str(13**77)),
    "compute-16": lambda: fibonacci(75),
    "compute-17": lambda: sum(n for n in range(2000) if 0 in (n % 7, n % 11)),
    "compute-18": lambda: math.comb(23, 9),
    "compute-19": lambda: math.comb(17, 4),
    "compute-20": lambda: len(set(permutations("LANTERN"))),
    "compute-21": lambda: (date(2019, 11, 2) - date(1987, 3, 14)).days,
    "compute-22": lambda: date(1949, 5, 23).strftime("%A"),
    "compute-23": lambda: date(2021, 8, 15) + timedelta(1000),
    "compute-24": lambda: "M" + "CM" + "LXXX" + "VII",
    "compute-25": lambda: f"{48879:x}",
    "compute-26": lambda: Fraction(175, 1000) * 364,
    "reasoning-05": lambda: Fraction(455, 72 + 58),
    "reasoning-06": lambda: Fraction(6 * 320 + 8 * 145, 100),
    "reasoning-07": lambda: Fraction(6 * 15 + 9 * 40, 15),
    "reasoning-08": lambda: next(x for x in range(100) if 7 * (x - 3) == 4 * x + 18),
}
REASONED = {
    "reasoning-01": "Nia",  # Quin, Nia, Oto, Pia
    "reasoning-02": "no",  # Ada, Ben, Cleo, Dan
    "reasoning-03": "yes",  # what is a florn is a bleet, so no grum
    "reasoning-04": "no",  # the red bleets may be others
}
CHOSEN: dict[str, Callable[[], object]] = {
    "choice-01": lambda: 37 * 43,
    "choice-02": lambda: list("remembrance").count("e"),
    "choice-03": lambda: max(p for p in primes(9282) if 9282 % p == 0),
    "choice-04": lambda: date(1900, 3, 1).strftime("%A"),
    "choice-05": lambda: told("ismere-dam", r"(Petra Olwick) designed it"),
    "choice-06": lambda: told("museum-of-tides", r"opened its doors three years later, in (\d+)"),
    "choice-07": lambda: len(set(permutations("ORREL"))),
    "choice-08": lambda: 1000 + 500 + 100 + 40 + 4,
}


def told(article: str, sentence: str) -> str:
    """What an article tells, by a sentence written here and not by the model's patterns."""
    (found,) = re.findall(sentence, TEXT[article])
    return str(found)


def number(article: str, sentence: str) -> int:
    return int(told(article, sentence).replace(",", ""))


LOOKED_UP: dict[str, Callable[[], object]] = {
    "lookup-01": lambda: told("brackenholt", r"established it in (\d+)"),
    "lookup-02": lambda: told("river-arrin", r"length of (\d+) kilometres"),
    "lookup-03": lambda: told("arrin-viaduct", r"(Bram Oldacre) designed it"),
    "lookup-04": lambda: told("dunmere-opera", r"opened in (\d+)"),
    "lookup-05": lambda: number("pellamouth", r"Today ([\d,]+) people"),
    "lookup-06": lambda: {"eleven": 11}[told("lantern-bridge", r"rests on (\w+) arches")],
    "lookup-07": lambda: number("mount-vorr", r"rises to ([\d,]+) metres"),
    "lookup-08": lambda: told("winter-ferry", r"composed by (Anselm Grove)"),
    "lookup-09": lambda: told("vey-lamp", r"invented it in (\d+)"),
    "lookup-10": lambda: told("lake-ismere", r"it is (\d+) metres deep"),
    "lookup-11": lambda: told("maris-tollen", r"born in (\w+) in"),
    "lookup-12": lambda: told("lantern-bridge", r"crosses the (River \w+)"),
    "lookup-13": lambda: told("tesk-valley-railway", r"has (\d+) stations"),
    "lookup-14": lambda: told("treaty-of-linden-quay", r"signed in (\d+)"),
    "lookup-15": lambda: told("tobin-sarle", r"in (\d+), was a ship"),
    "lookup-16": lambda: number("tallow-forest", r"covers ([\d,]+) square kilometres"),
    "mixed-01": lambda: opened_bridge() - number("university-of-brackenholt", r"founded in (\d+)"),
    "mixed-02": lambda: sum(map(int, str(number("mount-kesseldon", r"([\d,]+) metres high")))),
    "mixed-03": lambda: round(
        number("marrowgate", r"([\d,]+) inhabitants") / number("dunmere", r"([\d,]+) inhabitants")
    ),
    "mixed-04": lambda: "yes" if opened_bridge() in primes(1900) else "no",
    "mixed-05": lambda: number("river-tesk", r"runs for (\d+)") - number("river-lume", r"course of (\d+)"),
    "mixed-06": lambda: told("bram-oldacre", r"born in Orrel in (\d+)"),
    "mixed-07": lambda: math.gcd(
        number("lantern-bridge", r"(\d+) metres long"), number("ismere-dam", r"(\d+) metres long")
    ),
    "mixed-08": lambda: opened_bridge() - number("ilse-corvane", r"born in Dunmere in (\d+)"),
    "mixed-09": lambda: "2^2 * 3 * 5 * 19" if number("dunmere-opera", r"([\d,]+) seats") == 4 * 3 * 5 * 19 else "",
    "mixed-10": lambda: number(told("vessmark", r"capital is (\w+)").lower(), r"([\d,]+) inhabitants"),
    "mixed-11": lambda: {1903: "MCMIII"}[number("museum-of-tides", r"models in (\d+)")],
    "mixed-12": lambda: number("river-lume", r"course of (\d+)") + number("river-arrin", r"length of (\d+)"),
}


def opened_bridge() -> int:
    return number("lantern-bridge", r"opened to carts and walkers in (\d+)")


def test_the_answers_are_right() -> None:
    found = {id_: truth() for id_, truth in {**COMPUTED, **LOOKED_UP, **CHOSEN}.items()} | REASONED
    for question in questions():
        truth = found[question.id]
        if question.kind == "choice":
            assert re.search(rf"\b{question.answer}\) {re.escape(str(truth))}(?= [B-D]\)|$)", question.question)
        else:
            assert key(question.answer) == key(str(truth)), question.id


def test_there_are_questions_of_every_kind_and_none_twice() -> None:
    kinds = Counter(question.kind for question in questions())
    assert sum(kinds.values()) >= 60
    assert kinds.keys() == {"compute", "lookup", "mixed", "reasoning", "choice"}
    assert min(kinds.values()) >= 8
    for field in ("id", "question"):
        assert max(Counter(getattr(question, field) for question in questions()).values()) == 1


@pytest.mark.parametrize("style", ["CS", "CSG", "CSG+"])
def test_an_agent_with_all_tools_answers_every_one(style: str) -> None:
    sure = OfflineChatModel(error_rate=0)
    wrong = {q.id: answer for q in questions() if key(answer := work(sure, style, q.question).answer) != key(q.answer)}
    assert wrong == {}


def test_the_articles_are_short_and_say_that_the_world_is_invented() -> None:
    assert len(articles()) >= 48
    assert articles()[0].name == "a-world-made-up"
    assert articles()[0].text.startswith("Everything in this collection is invented.")
    for article in articles():
        assert 60 <= len(article.text.split()) <= 160, article.name
        assert len(re.findall(r"\d", article.text)) >= 4 or article is articles()[0], article.name
        assert len(article.text) <= 700, f"{article.name} would be cut into passages by a search"
    assert len({article.title for article in articles()}) == len(articles())


def test_what_two_articles_tell_agrees() -> None:
    for one, other in (
        (told("lantern-bridge", r"walkers in (\d+)"), str(int(told("lantern-festival", r"first held in (\d+)")) - 1)),
        (told("dunmere-opera", r"opened in (\d+)"), str(int(told("winter-ferry", r"performed in (\d+)")) - 5)),
        (told("tollens-comet", r"in (\d+) by Maris"), told("maris-tollen", r"In (\d+) she discovered")),
        (told("vessmark", r"founded in (\d+)"), told("treaty-of-linden-quay", r"signed in (\d+)")),
        (told("dunmere", r"founded in (\d+)"), str(int(told("charter-of-dunmere", r"signed in (\d+)")) - 3)),
        (told("sandrel-island", r"since (\d+)"), told("sandrel-ferry", r"since (\d+)")),
        (told("mount-kesseldon", r"climbed it in (\d+)"), "1842"),
    ):
        assert one == other
