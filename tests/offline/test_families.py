"""Every family, with numbers nobody has seen: words and programs must both come to what the test computes by itself."""

import random
from itertools import product

import pytest

from langgraph_tumix.offline import OfflineChatModel
from langgraph_tumix.offline.problem import key
from tests.offline import puzzles  # noqa: F401 - adds its families
from tests.offline.cases import FAMILIES, said
from tests.offline.harness import work

SURE = OfflineChatModel(error_rate=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_words_and_programs_come_to_the_true_value(name: str) -> None:
    for seed, style in product(range(4), ("CoT", "C+", "CoT_code")):
        question, truth = FAMILIES[name](random.Random(f"{name}/{seed}"))
        done = work(SURE, style, question)
        assert key(done.answer) == key(said(truth)), (style, question, done)
        if style == "C+":
            programs = [text for kind, text in done.actions if kind == "code"]
            assert len(set(programs)) == len(programs) > 0, "programs differ, and there is one"


@pytest.mark.parametrize("name", FAMILIES)
def test_choices_are_answered_by_letter(name: str) -> None:
    for seed, style in product(range(2), ("CoT", "C", "CoT_code")):
        question, letter = choice(name, random.Random(f"choice/{name}/{seed}"))
        done = work(SURE, style, question)
        assert done.answer == letter, (style, question, done)


def choice(name: str, r: random.Random) -> tuple[str, str]:
    """A question of the family with its answers to choose from, and the letter of the right one."""
    question, truth = FAMILIES[name](r)
    right = said(truth)
    wrong = {"yes": ["no"], "no": ["yes"]}.get(right, [f"{right}1", f"7{right}", f"{right}0"])
    texts = [right, *wrong]
    r.shuffle(texts)
    shape = r.choice(["{}) {}", "({}) {}", "\n{}. {}"])
    options = " ".join(shape.format("ABCD"[n], text) for n, text in enumerate(texts))
    closing = r.choice(["", ".", "? Answer with the letter only."])
    return f"{question} {options}{closing}", "ABCD"[texts.index(right)]
