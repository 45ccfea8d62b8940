"""Every family, with numbers nobody has seen: words and programs must both come to what the test computes by itself."""

import random

import pytest

from langgraph_tumix.offline import OfflineChatModel
from langgraph_tumix.offline.problem import key
from tests.offline import puzzles  # noqa: F401 - adds its families
from tests.offline.cases import FAMILIES, said
from tests.offline.harness import work

SURE = OfflineChatModel(error_rate=0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", FAMILIES)
def test_words_and_programs_come_to_the_true_value(name: str, seed: int) -> None:
    question, truth = FAMILIES[name](random.Random(f"{name}/{seed}"))
    for style in ("CoT", "C+", "CoT_code"):
        done = work(SURE, style, question)
        assert key(done.answer) == key(said(truth)), (style, question, done)
        if style == "C+":
            programs = [text for kind, text in done.actions if kind == "code"]
            assert len(set(programs)) == len(programs) > 0, "programs differ, and there is one"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", FAMILIES)
def test_choices_are_answered_by_letter(name: str, seed: int) -> None:
    r = random.Random(f"choice/{name}/{seed}")
    question, truth = FAMILIES[name](r)
    right = said(truth)
    wrong = {"yes": ["no"], "no": ["yes"]}.get(right, [f"{right}1", f"7{right}", f"{right}0"])
    texts = [right, *wrong]
    r.shuffle(texts)
    letter = "ABCD"[texts.index(right)]
    shape = r.choice(["{}) {}", "({}) {}", "\n{}. {}"])
    options = " ".join(shape.format("ABCD"[n], text) for n, text in enumerate(texts))
    closing = r.choice(["", ".", "? Answer with the letter only."])
    for style in ("CoT", "C", "CoT_code"):
        done = work(SURE, style, f"{question} {options}{closing}")
        assert done.answer == letter, (style, question, options, done)
