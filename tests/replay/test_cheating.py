"""Gold is out of reach: strategies that look for it in their view, in memory and on the stack find nothing."""

import gc
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest

from langgraph_tumix.core.aggregate import Aggregator, Choice, Majority
from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.control import Branch, Controller, Move, Moves
from langgraph_tumix.core.stop import Decision, StopRule
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.view import View
from langgraph_tumix.replay import Gold, read_gold, replay, write_gold
from tests.replay.build import recording, samples, thinking

SECRET = f"right-{os.urandom(8).hex()}"  # stands in no source file
LATER = "an answer that comes later"
LEFT_OUT = type(sys) | type | type(lambda: None) | FrameType


@pytest.fixture(autouse=True, scope="module")
def _all_that_is_alive() -> Iterator[None]:
    """Have the search see what `tests/conftest.py` has frozen: a module's cache is as good a place for gold as any."""
    gc.disable()
    gc.unfreeze()
    yield
    gc.freeze()
    gc.enable()


def reachable(*starts: Any, limit: int = 100_000) -> list[Any]:
    """Return what the garbage collector reaches from objects, the nearest first, but for modules, types and code."""
    seen: dict[int, Any] = {}
    level: Sequence[Any] = starts
    while level and len(seen) < limit:
        new = {id(found): found for found in level if not isinstance(found, LEFT_OUT)}
        fresh = [found for place, found in new.items() if place not in seen]
        seen |= new
        level = gc.get_referents(*fresh)
    return list(seen.values())


def texts(objects: Sequence[Any]) -> set[str]:
    return {found for found in objects if issubclass(type(found), str)}  # asks no object: there are millions


def on_the_stack() -> list[Any]:
    """Return the local variables of all frames below."""
    found: list[Any] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found += frame.f_locals.values()
        frame = frame.f_back
    return found


@dataclass(frozen=True)
class Thief(StopRule):
    loot: list[set[str]]

    def decide(self, view: View) -> Decision:
        self.loot.append(texts(reachable(view)))
        return Decision(False, "looking")


@dataclass(frozen=True)
class Burglar(Aggregator):
    """Searches the stack, and everything that is alive in the process."""

    loot: list[set[str]]

    def choose(self, view: View, groups: Sequence[Sequence[str]], seed: int) -> Choice | None:
        self.loot.append(texts(gc.get_referents(*gc.get_objects())))
        self.loot.append(texts(reachable(*on_the_stack())))
        return Majority("independent").choose(view, groups, seed)


def secret_file(tmp_path: Any) -> Gold:
    path = tmp_path / "gold.jsonl"
    write_gold(path, {("", "q"): frozenset({f"{SECRET}."})})
    return Gold(lambda: read_gold(path))


@pytest.mark.long
def test_neither_view_nor_stack_nor_memory_holds_gold(tmp_path: Any) -> None:
    loot: list[set[str]] = []
    there = {("", "q"): frozenset({f"{SECRET}, in memory"})}  # gold that the search has to find
    run = samples(["1", "2", "3", "4"])
    strategies = [
        Strategy("thief", Batches(1, 4), Thief(loot)),
        Strategy("burglar", Batches(4, 4), aggregate=Burglar(loot)),
    ]
    board = replay(recording(run), strategies, gold=secret_file(tmp_path))
    assert board["thief"].accuracy.value == 0
    views, searches = loot[:-2], loot[-2:]
    assert len(views) == 4
    assert all(found & there["", "q"] for found in searches)
    for found in loot:
        assert not [text for text in found - there["", "q"] if SECRET in text and text is not SECRET]


def test_a_view_holds_nothing_of_what_was_not_yet_asked() -> None:
    loot: list[set[str]] = []
    run = samples(["1", "2", LATER])
    replay(
        recording(run),
        [Strategy("thief", Batches(1, 2), Thief(loot))],
        gold=Gold(lambda: {("", "q"): frozenset({"1"})}),
    )
    assert loot
    assert not any(LATER in found for found in loot)


@dataclass(frozen=True)
class Peeper(Controller):
    loot: list[Any]

    def control(self, branches: Sequence[Branch]) -> Moves:
        yield Move(open=2)
        self.loot.append(([list(branch.answers) for branch in branches], texts(reachable(branches))))
        return branches[0].latest


def test_a_controller_sees_the_steps_that_it_has_paid_for() -> None:
    loot: list[Any] = []
    run = thinking("q", random.Random(1), size=4)
    replay(recording(run), [Strategy("peeper", Peeper(loot))], gold=Gold(lambda: {("", "q"): frozenset({"7"})}))
    answers, found = loot[0]
    assert [len(each) for each in answers] == [1, 1]
    assert found <= {"No", "3", "4", "5", "7"}


def test_notes_in_a_view_are_copies(tmp_path: Any) -> None:
    @dataclass(frozen=True)
    class Forger(StopRule):
        def decide(self, view: View) -> Decision:
            return self.at_once(view)

        def at_once(self, view: View) -> Decision:
            for each in view.notes:
                each["answer"] = "forged"
                each["usage"]["output_tokens"] = each["usage"]["model_calls"] = 0
            return Decision(True, "forged")

    run = samples(["1", "2"])
    board = replay(recording(run), [Strategy("forger", Batches(2, 2), Forger())], gold=secret_file(tmp_path))
    assert [note["answer"] for note in run.notes] == ["1", "2"]
    assert (board["forger"].calls, board["forger"].tokens) == (2, 2000)


@pytest.mark.parametrize("attribute", ["gold", "_gold", "right", "correct", "_View__gold"])
def test_there_is_no_attribute_to_ask(attribute: str) -> None:
    assert not hasattr(View([], 0), attribute)
    assert not hasattr(samples(["1"]), attribute)
