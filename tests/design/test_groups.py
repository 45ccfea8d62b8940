"""Choosing groups: the best is found, the current roster is kept unless beaten, and errors are said."""

import itertools
import random
import sys

import pytest

from langgraph_tumix.design.groups import DRAWS, best_groups, choose
from langgraph_tumix.design.sheet import Sheet
from langgraph_tumix.errors import ConfigError


def table(accuracies: list[float], questions: int, seed: int = 0) -> Sheet:
    """Return answers of agents with these accuracies, whose wrong answers differ."""
    rng = random.Random(seed)
    keys = tuple(
        tuple("right" if rng.random() < p else f"wrong {rng.randrange(4)}" for p in accuracies)
        for _ in range(questions)
    )
    return Sheet(tuple(f"agent {n}" for n in range(len(accuracies))), keys, ("right",) * questions)


def score(sheet: Sheet, group: tuple[str, ...]) -> tuple[float, float]:
    average = sum(sum(sheet.right(agent)) for agent in group) / len(group) / len(sheet.keys)
    return sum(sheet.covered(group)) / len(sheet.keys), average


@pytest.mark.parametrize("seed", range(5))
def test_the_best_of_all_groups_is_found(seed: int) -> None:
    sheet = table([random.Random(f"{seed}{n}").random() for n in range(9)], 30, seed)
    combinations: list[tuple[str, ...]] = list(itertools.combinations(sheet.agents, 4))
    groups = {group: score(sheet, group) for group in combinations}
    coverage = sum(c for c, _ in groups.values()) / len(groups)
    average = sum(a for _, a in groups.values()) / len(groups)
    best = max(c / coverage + a / average for c, a in groups.values())
    found = best_groups(sheet, 4, draws=5000, seed=seed)[0]
    assert (found.coverage, found.average) == pytest.approx(groups[found.agents], abs=1e-6)
    assert found.score == pytest.approx(best, rel=0.01), "E is estimated from the draws"
    c, a = groups[found.agents]
    assert c / coverage + a / average == pytest.approx(best, rel=1e-3)


def test_swaps_find_what_few_draws_miss() -> None:
    sheet = table([0.1] * 20 + [0.9] * 5, 60)
    drawn = best_groups(sheet, 5, draws=20)[0]
    assert set(drawn.agents) == {f"agent {n}" for n in range(20, 25)}


def test_the_same_seed_gives_the_same_groups() -> None:
    sheet = table([0.5] * 12, 40)
    assert best_groups(sheet, 6, draws=500, seed=3) == best_groups(sheet, 6, draws=500, seed=3)


def test_as_many_groups_as_in_the_paper_of_candidates_as_in_the_paper() -> None:
    assert DRAWS == 25_000
    groups = best_groups(table([0.3 + n / 60 for n in range(30)], 200), 15)
    assert all(len(set(group.agents)) == 15 for group in groups)
    assert groups == sorted(groups, key=lambda group: -group.score)


def test_a_clearly_better_group_is_taken() -> None:
    strong = table([0.2] * 4 + [0.9] * 4, 60)
    chosen = choose(strong.rows(range(30)), strong.rows(range(30, 60)), strong.agents[:4], 4)
    assert set(chosen.agents) == set(strong.agents[4:])
    assert chosen.gain.verdict == "better"
    assert chosen.gain.low > 0
    assert (chosen.questions, chosen.chosen > chosen.current) == (30, True)


def test_the_current_roster_stays_when_the_other_cannot_be_told_from_it() -> None:
    alike = table([0.5] * 8, 60)
    chosen = choose(alike.rows(range(30)), alike.rows(range(30, 60)), alike.agents[:4], 4)
    assert chosen.agents == alike.agents[:4] != chosen.best.agents
    assert "not distinguishable" in str(chosen)
    assert chosen.detectable > 0.1


def test_few_questions_never_move_the_roster() -> None:
    strong = table([0.0] * 4 + [1.0] * 4, 14)
    chosen = choose(strong.rows(range(7)), strong.rows(range(7, 14)), strong.agents[:4], 4)
    assert chosen.gain.value == 1.0
    assert chosen.agents == strong.agents[:4]


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_all_wrong_or_all_right_is_no_trouble(accuracy: float) -> None:
    sheet = table([accuracy] * 6, 12)
    assert best_groups(sheet, 3, draws=50)[0].average == accuracy


def test_the_whole_pool_can_be_the_group() -> None:
    sheet = table([0.5] * 5, 20)
    assert best_groups(sheet, 5, draws=50)[0].agents == sheet.agents


def test_what_cannot_be_chosen_is_said() -> None:
    sheet = table([0.5] * 5, 20)
    with pytest.raises(ConfigError, match="a group of 6 cannot be chosen from 5"):
        best_groups(sheet, 6)
    with pytest.raises(ConfigError, match="give questions with gold"):
        best_groups(Sheet(sheet.agents, sheet.keys, (None,) * 20), 3)
    with pytest.raises(ConfigError, match="no question is left"):
        choose(sheet, sheet.rows(()), sheet.agents[:3], 3)


def test_without_numpy_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ConfigError, match=r"pip install 'langgraph-tumix\[design\]'"):
        best_groups(Sheet(("A", "B"), (("x", "y"),), ("x",)), 1)
