"""Keys in the company of others, and which different ones are worth a question."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.keys import answer_key, group_keys, may_be_same

GROUPS: list[tuple[list[str], list[str | None]]] = [
    ([], []),
    (["", " "], [None, None]),
    # a bare number and units
    (["12", "12 km"], ["number:12 km", "number:12 km"]),
    (["12", "12 kilometers", "12km"], ["number:12 km"] * 3),
    (["12", "12 km", "12 m"], ["number:12", "number:12 km", "number:12 m"]),
    (["12", "13 km"], ["number:12", "number:13 km"]),
    (["0.5", "1/2 h", "30 min"], ["number:1/2 h", "number:1/2 h", "number:30 min"]),
    (["2π", "2π m"], ["number:≈6.28318530717958648 m"] * 2),
    (["$5", "5", "5.00"], ["number:5 USD"] * 3),
    # per cent
    (["50", "50%", "0.5"], ["number:1/2"] * 3),
    (["50", "50 percent", "**50 %**"], ["number:1/2"] * 3),
    (["50", "0.5"], ["number:50", "number:1/2"]),
    (["50", "50%", "50 km"], ["number:50", "number:1/2", "number:50 km"]),
    (["50%", "0.5 km", "0.5"], ["number:1/2", "number:1/2 km", "number:1/2 km"]),
    # letters and what they stand for
    (["(A) 42 apples", "A", "42 apples", "B"], ["choice:A", "choice:A", "choice:A", "choice:B"]),
    (["B. Paris", "B", "paris"], ["choice:B"] * 3),
    (["B: Paris", "B - Paris", "b"], ["choice:B"] * 3),
    (["B. Paris", "Paris"], ["text:b. paris", "text:paris"]),
    (["E. coli", "coli"], ["text:e. coli", "text:coli"]),
    (["(A) Paris", "(B) Paris", "Paris"], ["choice:A", "choice:B", "text:paris"]),
    (["A", "(A) B", "B"], ["choice:A", "text:(a) b", "choice:B"]),
    (["(C) 1/2", "0.5", "50%"], ["choice:C"] * 3),
    (["A", "A, C"], ["choice:A", "list:(choice:A,choice:C)"]),
    (["A", "A. red, C) blue"], ["choice:A", "text:a. red, c) blue"]),
    (["A", "a cat"], ["choice:A", "text:a cat"]),
]

WORTH_ASKING = [
    ("Paris", "the city of Paris"),
    ("x^2", "x squared"),
    (r"\log(xy)", r"\log x + \log y"),
    ("3.14", "π"),
    ("0.33", "1/3"),
    ("1.414", r"\sqrt{2}"),
    ("2.5", "2.54"),
    ("50", "50%"),
    ("5 km", "5000 m"),
    ("12 km", "12"),
    ("3 hours and 20 minutes", "200 minutes"),
    ("12 apples", "12 fruits"),
    ("A", "Paris"),
    ("A", "42"),
    ("05/03/2024", "March 5, 2024"),
    ("March 5", "March 5, 2024"),
    ("March 2024", "5 March 2024"),
    ("{1, 2}", "(1, 2)"),
    ("(1, 2)", "[1, 2]"),
    ("{1}", "1"),
    (r"(\sqrt{2}, 1)", "(1.41, 1)"),
    ("{red}", "{crimson}"),
    ("yes", "true"),
    ("yes", "it does"),
    ("2+3i", "(2, 3)"),
    ("2+3i", "2.0"),
]

NOT_WORTH_ASKING = [
    ("3", "4"),
    ("3", "-3"),
    ("1000", "1001"),
    ("3", "3.14"),
    ("1/2", "1/3"),
    ("0", "0.001"),
    ("∞", "5"),
    ("∞", "-∞"),
    ("5 km", "5 m"),
    ("5 km", "6 km"),
    ("5", "6 km"),
    ("A", "B"),
    ("March 5, 2024", "March 6, 2024"),
    ("March 2024", "April 5, 2024"),
    ("2024", "March 5, 2024"),
    ("{1, 2}", "{1, 3}"),
    ("(1, 2)", "(1, 3)"),
    ("A and B", "A and C"),
    ("1", "{1, 2}"),
    ("yes", "no"),
    ("true", "no"),
]

answers = st.lists(
    st.sampled_from(
        [answer for group, _ in GROUPS for answer in group] + ["12 km", "50%", "(B) 12", "B. 12", "c", "C. x"]
    ),
    max_size=8,
)


def key(answer: str) -> str:
    return answer_key(answer) or ""


def test_group() -> None:
    for group, keys in GROUPS:
        assert group_keys(group) == keys


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(group: list[str], random: Random) -> None:
    keys = dict(zip(group, group_keys(group), strict=True))
    shuffled = random.sample(group, len(group))
    assert group_keys(shuffled) == [keys[answer] for answer in shuffled]


@given(answers)
def test_answers_of_one_key_stay_together(group: list[str]) -> None:
    percents = [answer for answer in group if "%" in answer or "percent" in answer]
    alone, together = [answer_key(answer) for answer in group], group_keys(group)
    pairs = {
        (first, second) for first, second, answer in zip(alone, together, group, strict=True) if answer not in percents
    }
    assert len({first for first, _ in pairs}) == len(pairs)


def test_worth_asking() -> None:
    for first, second in WORTH_ASKING:
        assert key(first) != key(second)
        assert may_be_same(key(first), key(second)), (first, second)
        assert may_be_same(key(second), key(first)), (second, first)


def test_not_worth_asking() -> None:
    for first, second in NOT_WORTH_ASKING:
        assert not may_be_same(key(first), key(second)), (first, second)
        assert not may_be_same(key(second), key(first)), (second, first)


@given(st.text(max_size=30), st.text(max_size=30))
def test_is_symmetric_and_never_raises(first: str, second: str) -> None:
    assert may_be_same(key(first), key(second)) == may_be_same(key(second), key(first))
    assert may_be_same(first, second) == may_be_same(second, first)
