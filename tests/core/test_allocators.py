"""Allocators: who is asked, what is shown, and that the plan is a function of the view."""

from collections.abc import Callable, Sequence

import pytest

from langgraph_tumix.core.allocate import Allocator, Batches, Everyone, Turn
from langgraph_tumix.core.allocating.notes import SoftmaxSlots, TopNotes
from langgraph_tumix.core.allocating.rounds import OverRounds
from langgraph_tumix.core.allocating.saturation import next_samples, saturation
from langgraph_tumix.core.allocating.stages import Recruit, Stage, Stages
from langgraph_tumix.core.allocating.waves import ByDifficulty, Cascade, InOrder, TwoWaves
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.parallel_probe import ParallelProbe
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.stopping.votes import VoteShare
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import note

ROSTER = ("A", "B", "C", "D")


def run(
    allocator: Allocator, answers: Sequence[Sequence[str | None]], roster: tuple[str, ...] = ROSTER
) -> list[list[Turn]]:
    """Return the plan of each wave, when the turns of wave r answer ``answers[r]`` in order, and the plan after."""
    view, plans = View([], 0, roster=roster), []
    for wave in [*answers, None]:
        plans.append(list(allocator.plan(view)))
        if wave is not None:
            made: list[Note] = [
                note(turn.agent, answer, round=view.round + 1, sample=turn.sample, saw=list(turn.show))
                for turn, answer in zip(plans[-1], wave, strict=True)
            ]
            view = View([*view.notes, *made], view.round + 1, roster=roster)
    return plans


def agents(plan: Sequence[Turn]) -> str:
    return "".join(turn.agent for turn in plan)


def test_everyone_reads_the_round_before() -> None:
    plans = run(Everyone(), [["1", "2", "1", None], ["1"] * 4])
    assert [agents(plan) for plan in plans] == ["ABCD"] * 3
    assert plans[0][0].show == ()
    assert plans[1][2].show == ("1/A/0", "1/B/0", "1/C/0", "1/D/0")
    assert plans[2][2].show == ("2/A/0", "2/B/0", "2/C/0", "2/D/0")


def test_more_samples_in_the_first_two_rounds() -> None:
    plans = run(Everyone(2), [["1"] * 8, ["1"] * 8])
    assert [len(plan) for plan in plans] == [8, 8, 4]


def test_batches_take_the_agents_in_turn_up_to_the_most() -> None:
    plans = run(Batches(3, 7), [["1"] * 3, ["1"] * 3, ["1"]])
    assert [[(turn.agent, turn.sample) for turn in plan] for plan in plans] == [
        [("A", 0), ("B", 0), ("C", 0)],
        [("D", 0), ("A", 1), ("B", 1)],
        [("C", 1)],
        [],
    ]
    assert not any(turn.show for plan in plans for turn in plan)


@pytest.mark.parametrize(
    ("warm_up", "then"), [(["1"] * 4, 0), (["1", "1", "1", "2"], 4), (["1", "2", "3", "4"], 12), ([None] * 4, 12)]
)
def test_two_waves_give_each_split_its_budget(warm_up: list[str | None], then: int) -> None:
    plans = run(TwoWaves(4, {(4,): 4, (3, 1): 8}, most=16), [warm_up], roster=("A",))
    assert [len(plan) for plan in plans] == [4, then]


def test_two_waves_are_two() -> None:
    plans = run(TwoWaves(2, {}, most=4), [["1", "2"], ["1", "2"]], roster=("A",))
    assert [len(plan) for plan in plans] == [2, 2, 0]


def test_difficulty_is_the_agreement_of_the_first_wave() -> None:
    allocator = ByDifficulty(((0.75, Batches(1, 4)), (0.0, Batches(4, 8))), first=4)
    assert [len(plan) for plan in run(allocator, [["1", "1", "1", "2"]])] == [4, 0]
    assert [len(plan) for plan in run(allocator, [["1", "1", "2", "2"], ["1"] * 4])] == [4, 4, 0]


def test_a_cascade_escalates_where_the_cheap_do_not_agree() -> None:
    cascade = Cascade((("A", "B"), ("C",), ("D",)), VoteShare(least=0.75))
    assert [agents(plan) for plan in run(cascade, [["1", "1"]])] == ["AB", ""]
    assert [agents(plan) for plan in run(cascade, [["1", "2"], ["1"], ["1"]])] == ["AB", "C", "D", ""]


def test_a_cascade_s_agent_that_is_named_again_gives_a_further_sample() -> None:
    cascade = Cascade((("A", "A", "B"), ("B", "A")), VoteShare(least=1.0))
    plans = run(cascade, [["1", "2", "1"]])
    assert [[(turn.agent, turn.sample) for turn in plan] for plan in plans[:2]] == [
        [("A", 0), ("A", 1), ("B", 0)],
        [("B", 1), ("A", 2)],
    ]


def test_agents_in_order_of_merit() -> None:
    assert [agents(plan) for plan in run(InOrder(("C", "A", "B")), [["1", "2"], ["1"]])] == ["CA", "B", ""]


def test_only_the_best_notes_are_shown_and_dissent_among_them() -> None:
    plans = run(TopNotes(2), [["1", "1", "1", "2"]])
    assert plans[1][0].show == ("1/A/0", "1/D/0")
    scored = View([note(name, "1") for name in ROSTER], 1, roster=ROSTER, replies={"score:1/C/0#0": Reply((1.0,))})
    assert TopNotes(1).plan(scored)[0].show == ("1/C/0",)


def test_slots_follow_the_score() -> None:
    plans = run(SoftmaxSlots(), [["1", "1", "1", "2"]])
    shown = [turn.show[0] for turn in plans[1]]
    assert len(shown) == 4
    assert shown.count("1/A/0") >= shown.count("1/D/0")
    assert [turn.show for turn in SoftmaxSlots(0.01).plan(View([note("A", "1")], 1, roster=ROSTER))] == [("1/A/0",)] * 4


@pytest.mark.parametrize("controller", [CMC(0.0), CMC(1.0), ParallelProbe(width=3, stable=2, warm_up=0), Race(start=2)])
def test_a_controller_over_rounds_is_a_function_of_the_notes(controller: object) -> None:
    allocator = OverRounds(controller, samples=2)  # type: ignore[arg-type]
    view = View([], 0, roster=ROSTER)
    for round_ in range(1, 40):
        plan = list(allocator.plan(view))
        assert plan == list(allocator.plan(view))
        assert len({(turn.agent, turn.sample) for turn in plan}) == len(plan)
        if not plan:
            break
        made = [note(t.agent, str(round_ % 3 if t.agent == "B" else 1), round=round_, sample=t.sample) for t in plan]
        view = View([*view.notes, *made], round_, roster=ROSTER)
    assert view.round


def test_a_race_over_rounds_is_over_when_all_agree() -> None:
    plans = run(OverRounds(Race(start=3)), [["1"] * 3])
    assert [agents(plan) for plan in plans] == ["ABC", ""]


def test_a_race_over_rounds_widens_where_they_do_not() -> None:
    plans = run(OverRounds(Race(start=3)), [["1", "2", "1"]])
    assert agents(plans[1]) == "ABCD"
    assert plans[1][3].show == ("1/A/0", "1/B/0", "1/C/0")


def test_saturation_is_where_the_gain_is_the_price() -> None:
    most, rate, price = 0.8, 0.25, 0.02
    stop = saturation(most, rate, price)
    assert most * rate * (1 - rate) ** stop <= price < most * rate * (1 - rate) ** (stop - 1)


def test_a_batch_of_questions_gives_its_samples_to_the_open_ones() -> None:
    counts = {"settled": [12, 0], "open": [3, 3], "fresh": [0, 0], "nearly": [6, 1]}
    assert set(next_samples(counts, 2)) == {"open", "fresh"}
    assert next_samples(counts, 4)[-1] == "settled"


def test_parameters_that_make_no_sense(subtests: pytest.Subtests) -> None:
    cases: list[object] = [
        lambda: Batches(0),
        lambda: Everyone(0),
        lambda: TwoWaves(1),
        lambda: ByDifficulty(((0.5, Batches()),)),
        lambda: Cascade((), VoteShare()),
        lambda: TopNotes(0),
        lambda: saturation(0.5, 0.5, 0),
        lambda: Cascade((("Z",),), VoteShare()).plan(View([], 0, roster=ROSTER)),
        lambda: CMC(1.5),
        lambda: Race(start=0),
    ]
    for build in cases:
        with subtests.test(build=build), pytest.raises(ConfigError):
            build()  # type: ignore[operator]


def test_stages_hand_their_work_on() -> None:
    stages = Stages((Stage(("A", "B"), "nothing"), Stage(("C", "D", "A"), "one"), Stage(("B",), "all")))
    plans = run(stages, [["1", "2"], ["1", "2", "3"], ["4"]])
    assert [agents(plan) for plan in plans] == ["AB", "CDA", "B", ""]
    assert [turn.show for turn in plans[0]] == [(), ()]
    assert [turn.show for turn in plans[1]] == [("1/A/0",), ("1/B/0",), ("1/A/0",)]
    assert set(plans[2][0].show) == {"2/C/0", "2/D/0", "2/A/0"}


def test_a_stage_whose_forerunner_is_missing_works_alone() -> None:
    stages = Stages((Stage(("A", "B"), "nothing"), Stage(("C", "D"), "one")))
    made = View([note("B", "1")], 1, roster=ROSTER)
    assert [turn.show for turn in stages.plan(made)] == [(), ("1/B/0",)]


@pytest.mark.parametrize(
    ("says", "asked"),
    [("Search.", "BC"), ("search, sums", "AC"), ("summary", "AC"), ("", "AC")],
)
def test_recruits_are_those_with_the_most_merit_for_the_skills_named(says: str, asked: str) -> None:
    recruit = Recruit({"sums": {"A": 1.0, "C": 0.9}, "search": {"B": 1.0, "C": 1.0, "E": 3.0}}, 2, recruiter="D")
    (first,) = recruit.plan(View([], 0, roster=ROSTER))
    assert first == Turn("D")
    made = View([note("D", None, text=says)], 1, roster=ROSTER)
    assert "".join(sorted(agents(recruit.plan(made)))) == asked
    assert all(not turn.show for turn in recruit.plan(made))
    assert not recruit.plan(View(made.notes, 2, roster=ROSTER))


@pytest.mark.parametrize(
    "wrong",
    [lambda: Stages(()), lambda: Stages((Stage(()),)), lambda: Recruit({}), lambda: Recruit({"a": {"A": 1}}, 0)],
)
def test_divided_labour_needs_somebody(wrong: Callable[[], Allocator]) -> None:
    with pytest.raises(ConfigError):
        wrong()
