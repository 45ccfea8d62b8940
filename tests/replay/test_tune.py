"""Tuning: what is searched, what is chosen, on which questions it is shown, and what nobody gets to see."""

import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.core.allocate import Batches
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.stopping.votes import BetaLead
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay import (
    Family,
    Gold,
    Options,
    Proposer,
    Recording,
    Run,
    Span,
    Trial,
    Tuning,
    read_strategy,
    replay,
    sample_note,
    tune,
    written,
)
from langgraph_tumix.replay.families import VOTE, default_space
from langgraph_tumix.replay.tuner import split
from langgraph_tumix.replay.tuning import as_python
from langgraph_tumix.testing import ScriptedChatModel
from tests.replay.build import debate, gold, recording, samples, thinking
from tests.replay.test_cheating import SECRET, Burglar


def votes(questions: int = 40, size: int = 16, *, right: float = 0.8, seed: int = 0) -> Recording:
    """Return independent samples; most questions are decided by the first few."""
    rng = random.Random(seed)
    return recording(
        *(
            samples(["7" if rng.random() < right else rng.choice("345") for _ in range(size)], question=f"q{number}")
            for number in range(questions)
        )
    )


def tuned(recorded: Recording, **options: Any) -> Tuning:
    return tune(recorded, gold=gold(*recorded.runs), **{"trials": 16, **options})


def points(found: Tuning) -> list[tuple[str, dict[str, Any]]]:
    return [(trial.family, dict(trial.point)) for trial in found.trials]


def asc(confidence: Span | Options = Span(0.6, 0.99)) -> Family:  # noqa: B008 - frozen
    return Family(
        "asc", lambda confidence: Strategy("", Batches(1, 16), BetaLead(confidence), VOTE), {"confidence": confidence}
    )


@pytest.fixture(scope="module")
def adaptive() -> Tuning:
    """Return the search over adaptive consistency that several tests look at."""
    return tuned(votes(), space=[asc()])


@pytest.fixture(scope="module")
def whole() -> Tuning:
    """Return a search over the built-in space, at once and from seed 3."""
    return tuned(votes(12), seed=3)


def test_the_best_is_cheaper_and_shown_on_other_questions(adaptive: Tuning) -> None:
    found = adaptive
    assert found.best is not None
    assert found.held_out is not None
    assert found.unit == "tokens"
    reference = found.tuned["full vote"]
    assert found.best.outcome.accuracy >= reference.accuracy.value
    assert found.best.outcome.cost < 0.7 * reference.tokens
    assert [row.strategy for row in found.held_out.rows] == ["full vote", "tuned"]
    assert (reference.questions, found.held_out["tuned"].questions) == (20, 20)


def test_the_held_out_figures_are_those_of_a_replay_of_what_is_printed(adaptive: Tuning) -> None:
    found = adaptive
    _, others = split(votes(), 0.5)
    board = replay(others, [read_strategy(found.spelling)], gold=gold(*others.runs))
    assert found.held_out is not None
    shown, again = found.held_out["tuned"], board["tuned"]
    assert (shown.accuracy, shown.tokens, shown.calls) == (again.accuracy, again.tokens, again.calls)


def test_a_question_is_on_one_side_in_all_groups_and_repeats() -> None:
    runs = [
        replace(run, group=group, repeat=repeat, text=f"Question {run.question}")
        for run in votes(11).runs
        for group in "ab"
        for repeat in range(2)
    ]
    one, other = split(recording(*runs), 0.3)
    here, there = ({run.text for run in part.runs} for part in (one, other))
    assert not here & there
    assert (len(here), len(there)) == (8, 3)
    assert len(one.runs) + len(other.runs) == len(runs)


def test_a_part_without_questions_is_refused() -> None:
    with pytest.raises(ConfigError, match="leave one part empty"):
        tuned(votes(1))


def test_one_answer_a_question_is_nothing_to_choose_from() -> None:
    with pytest.raises(ConfigError, match="nothing to choose from"):
        tuned(votes(8, size=1))


def test_dollars_count_where_they_are_known_and_not_where_all_is_free() -> None:
    def at(usd: float) -> Recording:
        priced = [
            replace(run, notes=tuple({**note, "usage": {**note["usage"], "usd": usd}} for note in run.notes))
            for run in votes(12).runs
        ]
        return recording(*priced)

    assert [tuned(at(usd), trials=3).unit for usd in (0.5, 0.0)] == ["usd", "tokens"]
    found = tuned(at(0.5), space=[asc()], trials=3, budget=2.0)
    assert found.best is not None
    assert 1.0 <= found.best.outcome.cost <= 2.0


def test_another_recording_may_be_the_test() -> None:
    other = votes(7, seed=1)
    found = tuned(votes(9), test=(other, gold(*other.runs)))
    assert found.held_out is not None
    assert (found.tuned["full vote"].questions, found.held_out["tuned"].questions) == (9, 7)


def test_a_seed_fixes_the_search(whole: Tuning) -> None:
    same, other = (points(tuned(votes(12), seed=seed)) for seed in (3, 2))
    assert points(whole) == same
    assert points(whole) != other


def test_a_search_is_gone_on_with_from_its_file(whole: Tuning, tmp_path: Path) -> None:
    recorded, study = votes(12), tmp_path / "study.log"
    tuned(recorded, seed=3, study=study, trials=8)
    seen: list[Trial] = []
    found = tuned(recorded, seed=3, study=study, watch=seen.append)
    assert [trial.number for trial in seen] == list(range(8, 16))
    assert points(found) == points(whole)
    assert [trial.outcome for trial in found.trials] == [trial.outcome for trial in whole.trials]


def test_what_a_crash_left_half_done_is_done(tmp_path: Path) -> None:
    recorded, study = votes(12), tmp_path / "study.log"
    fuse = [5]

    def build(confidence: float) -> Strategy:
        fuse[0] -= 1
        if not fuse[0]:
            raise KeyboardInterrupt
        return Strategy("", Batches(1, 16), BetaLead(confidence), VOTE)

    family = Family("asc", build, {"confidence": Span(0.6, 0.99)})
    with pytest.raises(KeyboardInterrupt):
        tuned(recorded, space=[family], study=study, trials=10)
    found = tuned(recorded, space=[family], study=study, trials=10)
    assert [trial.number for trial in found.trials] == list(range(10))
    assert {trial.point["confidence"] for trial in found.trials} >= {0.6, 0.795, 0.99}


def test_a_file_of_another_search_is_refused(tmp_path: Path) -> None:
    study = tmp_path / "study.log"
    tuned(votes(12), study=study, trials=3)
    for options in ({"seed": 1}, {"shuffles": 2}, {"space": [asc()]}, {"budget": 9.0}):
        with pytest.raises(ConfigError, match="another recording, space"):
            tuned(votes(12), study=study, trials=3, **options)
    with pytest.raises(ConfigError, match="another recording, space"):
        tuned(votes(14), study=study, trials=3)


@pytest.mark.parametrize("text", ["Whose woods these are\n", "[]\n", '{"op_code": 0}\n'])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, text: str) -> None:
    study = tmp_path / "study.log"
    study.write_text(text)
    with pytest.raises(ConfigError, match="cannot be used"):
        tuned(votes(12), study=study)
    with pytest.raises(ConfigError, match="cannot be used"):
        tuned(votes(12), study=tmp_path / "no" / "folder" / "study.log")


def test_what_was_never_recorded_is_tried_and_never_chosen() -> None:
    found = tuned(
        votes(12, size=6), space=[written("many", "Batches($n, $n), Majority('independent')", {"n": Span(5, 40)})]
    )
    bad = [trial for trial in found.trials if trial.outcome.validity == "invalid"]
    assert bad
    assert all(trial.point["n"] > 6 and trial.outcome.cost == float("inf") for trial in bad)
    assert found.best is not None
    assert found.best.point["n"] <= 6
    assert all(trial.outcome.validity == "exact" for trial in found.front)
    assert any("nothing is recorded of A, sample" in note for note in found.notes())


def test_where_all_is_invalid_nothing_is_chosen() -> None:
    space = [written("many", "Batches($n, $n), Majority('independent')", {"n": Span(30, 40)})]
    found = tuned(votes(12), space=space, trials=4)
    assert (found.best, found.strategy, found.held_out, found.verdicts(), found.python()) == (None, None, None, [], "")
    assert found.notes()[-1] == "nothing is chosen: no trial could be replayed"
    assert json.loads(found.json())["best"] is None


def test_what_is_invalid_on_the_test_gives_way_to_the_next() -> None:
    few = votes(8, size=4, seed=5)
    space = [written("n", "Batches($n, $n), Majority('independent')", {"n": Options((4, 9))})]
    strong = tune(
        votes(30, size=9, right=0.6),
        gold=gold(*votes(30).runs),
        space=space,
        test=(few, gold(*few.runs)),
        budget=1e9,
        trials=6,
    )
    assert strong.best is not None
    assert strong.best.point["n"] == 4
    assert any("invalid on the held-out questions" in note for note in strong.notes())


def test_a_budget_is_kept_and_used() -> None:
    recorded = votes(30, right=0.55)
    for budget in (2500.0, 7000.0):
        found = tuned(recorded, budget=budget)
        assert found.best is not None
        assert found.best.outcome.cost <= budget
        within = [trial for trial in found.trials if trial.outcome.cost <= budget]
        assert found.best.outcome.accuracy == max(trial.outcome.accuracy for trial in within)


def test_a_budget_that_nothing_keeps_to_is_said() -> None:
    found = tuned(votes(12), budget=3.0)
    assert found.best is None
    assert "no trial costs 3 tokens or less, the cheapest" in found.notes()[-1]


def test_the_first_reference_is_to_be_matched() -> None:
    two = read_strategy("two = Batches(2, 2), Majority('independent')")
    recorded = votes(40, right=0.45)
    found = tuned(recorded, references=[two], space=[asc()])
    least = found.tuned["two"].accuracy.value
    assert least < found.tuned["full vote"].accuracy.value
    assert found.best is not None
    enough = [trial.outcome.cost for trial in found.trials if trial.outcome.accuracy >= least]
    assert found.best.outcome.cost == min(enough)
    assert [row.strategy for row in found.tuned.rows] == ["two", "full vote"]
    assert len([line for line in found.verdicts() if line.startswith("tuned")]) == 2
    with pytest.raises(ConfigError, match="three, which is to be matched, cannot be replayed"):
        tuned(recorded, references=[read_strategy("three = FixedRounds(3)")])


def test_too_few_questions_are_called_too_few() -> None:
    few = tuned(votes(12), trials=8)
    assert any("not distinguishable" in line for line in few.verdicts())
    assert any(line.startswith("  too few to decide: 6 held-out questions") for line in few.verdicts())


def test_a_clear_difference_is_not_called_too_few() -> None:
    worse = [written("one", "Batches($n, $n), Majority('independent')", {"n": Options((1,))})]
    found = tuned(votes(120, right=0.7), space=worse, trials=1)
    (line,) = found.verdicts()
    assert "tuned is less accurate than full vote" in line
    assert any("none is as accurate as full vote" in note for note in found.notes())


def test_cheap_agents_first_under_a_budget() -> None:
    """AgentTTS' question: the best use of a budget over two agents is neither of them alone."""
    rng = random.Random(4)

    def run(number: int) -> Run:
        hard = rng.random() < 0.4
        chances = {"cheap": (0.2 if hard else 0.97, 100), "strong": (0.9, 2000)}
        notes: list[Note] = [
            sample_note(agent, place, "7" if rng.random() < chance else rng.choice("123456"), tokens=length)
            for agent, (chance, length) in chances.items()
            for place in range(4)
        ]
        return Run(f"q{number}", roster=("cheap", "strong"), notes=tuple(notes), keys=verbatim)

    recorded = recording(*(run(number) for number in range(120)))
    right = gold(*recorded.runs).read()
    space = [family for family in default_space(recorded, right) if family.name == "cascade"]
    found = tuned(recorded, budget=2200.0, space=space, trials=48)
    assert found.best is not None
    assert found.best.point["first"] == "cheap"
    assert found.held_out is not None
    assert found.held_out["tuned"].tokens < 2500
    alone = read_strategy("Cascade((('cheap', 'cheap', 'cheap', 'cheap'),), Never())")
    cheap = replay(split(recorded, 0.5)[0], [alone], gold=gold(*recorded.runs))[alone.name]
    assert found.best.outcome.accuracy > cheap.accuracy.value + 0.1


def test_more_of_the_one_knob_spends_more() -> None:
    rng = random.Random(2)
    recorded = recording(*(thinking(f"q{n}", rng, right=rng.choice([0.4, 0.6, 0.9])) for n in range(30)))
    families = {family.name: family for family in default_space(recorded, gold(*recorded.runs).read())}
    for name in ("CMC", "Race"):
        members = [families[name].strategy({"beta": beta}) for beta in (0.0, 0.5, 1.0)]
        spent = [row.tokens for row in replay(recorded, members, gold=gold(*recorded.runs)).rows]
        assert spent == sorted(spent), name


@pytest.mark.parametrize(
    "text",
    [
        "Batches(2, 8), BetaLead(0.9), Majority('independent')",
        "VoteMargin(0.5, shared=True) & FixedRounds(2) | FixedRounds(4)",
        "Cascade((('CoT',), ('C', 'C')), BetaLead(0.9)), AgentLogOdds({'CoT': 0.5}, over='independent')",
        "Race(quorum=8)",
    ],
)
def test_what_is_printed_builds_a_graph(text: str) -> None:
    built: dict[str, Any] = {}
    code = as_python(read_strategy(text))
    exec(code.replace('"offline"', '"offline", agents=["CoT", "C"]'), built)
    assert "dispatch" in built["graph"].get_graph().nodes


def test_a_proposer_s_points_are_tried_and_its_nonsense_counted() -> None:
    replies = [
        {"note": "high is dear", "points": [{"family": "asc", "confidence": 0.77}, {"family": "asc"}, {"family": "x"}]},
        {"points": [{"family": "asc", "confidence": 7}, "nonsense", {"family": "asc", "confidence": 0.66}]},
    ]
    said = iter([json.dumps(reply) for reply in replies])
    model = ScriptedChatModel(responder=lambda messages: next(said, "I cannot help with that."))
    prompts: list[str] = []

    def ask(text: str) -> str:
        prompts.append(text)
        return str(model.invoke(text).text)

    runs = [replace(run, text=f"Whose woods are {run.question}?") for run in votes(12).runs]
    answers = {("", run.question): frozenset({SECRET, "7"}) for run in runs}
    found = tune(recording(*runs), gold=Gold(lambda: answers), space=[asc()], trials=32, propose=Proposer(ask))
    assert [place for place, trial in enumerate(found.trials) if trial.point["confidence"] == 0.77] == [8]
    assert [place for place, trial in enumerate(found.trials) if trial.point["confidence"] == 0.66] == [16]
    assert found.remarks == ["3 proposals were no points of the space"]
    assert "high is dear" not in prompts[0]
    assert "high is dear" in prompts[1]
    assert '"confidence": {"from": 0.6, "to": 0.99}' in prompts[0]
    assert not [prompt for prompt in prompts if SECRET in prompt or "Whose woods" in prompt]


@dataclass(frozen=True)
class Robber(Burglar):
    loot: list[set[str]] = field(repr=False)


@pytest.mark.long
def test_strategies_that_look_for_gold_find_none_in_any_batch() -> None:
    loot: list[set[str]] = []
    runs = votes(2, size=2).runs

    def answers() -> dict[tuple[str, str], frozenset[str]]:
        return {("", run.question): frozenset({f"{SECRET}.", "7"}) for run in runs}

    def burgle(size: int) -> Strategy:
        return Strategy("", Batches(size, 2), aggregate=Robber(loot))

    space = [Family("burglar", burgle, {"size": Options((1, 2))})]
    found = tune(recording(*runs), gold=Gold(answers), space=space, trials=9)
    assert len(found.trials) == 9
    assert loot
    for seen in loot:
        assert not [text for text in seen if SECRET in text and text is not SECRET]


def test_debates_are_tuned_over_rounds_and_verdicts_are_needed_for_a_judge() -> None:
    rng = random.Random(9)
    found = tuned(recording(*(debate(f"q{number}", rng) for number in range(20))))
    assert {"rounds", "margin", "stable", "best first"} <= {trial.family for trial in found.trials}
    assert "judge" not in {trial.family for trial in found.trials}
    assert all(trial.outcome.validity == "exact" for trial in found.trials)
