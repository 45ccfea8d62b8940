"""`replay`: what the board says, which rows it calls exact, and what it learns from other questions."""

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.aggregating.patterns import PatternVote
from langgraph_tumix.core.aggregating.weights import AgentLogOdds, Scored
from langgraph_tumix.core.allocate import Batches, Everyone
from langgraph_tumix.core.allocating.rounds import OverRounds
from langgraph_tumix.core.allocating.waves import InOrder
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.ledger import Budget
from langgraph_tumix.core.requests import Reply, Request
from langgraph_tumix.core.stop import FixedRounds, LLMJudge, StableMajority
from langgraph_tumix.core.stopping.limits import Quorum
from langgraph_tumix.core.stopping.votes import BetaLead
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.core.usage import used
from langgraph_tumix.core.votes import verbatim
from langgraph_tumix.errors import ConfigError, RecordingError
from langgraph_tumix.replay import Gold, Recording, Run, Verdict, cross_replay, draw, learn, replay, sample_note
from langgraph_tumix.replay.play import play
from langgraph_tumix.replay.recording import Answers
from langgraph_tumix.replay.statistics import Bootstrap, arise, cost_of_pass, pareto
from tests.replay.build import debate, gold, recording, samples, thinking

VOTE = Majority("independent", ties="first", quiet=True)
FIVE = Strategy("SC@5", Batches(5, 5), aggregate=VOTE)


def test_figures_of_a_board() -> None:
    runs = [samples(list("77337"), question="a"), samples(list("33333"), question="b")]
    board = replay(recording(*runs), [FIVE, Strategy("one", Batches(1, 1), aggregate=VOTE)], gold=gold(*runs))
    five, one = board["SC@5"], board["one"]
    assert (five.accuracy.value, five.calls, five.tokens, five.latency) == (0.5, 5, 5100, 1040)
    assert (one.accuracy.value, one.calls, one.tokens) == (0.5, 1, 1000)
    assert (board.single, board.coverage, board.oracle) == (0.3, 0.5, 0.5)
    assert (five.best, one.best) == (False, True)
    assert one.cost_of_pass == 2000
    assert board.difference("SC@5", "one").value == 0
    assert "not distinguishable" in board.verdict("SC@5", "one")
    assert "SC@5" in board.table()
    assert json.loads(board.json())["rows"][0]["usd"] is None
    with pytest.raises(RecordingError, match="no strategy 'six'"):
        board["six"]


def test_a_picture_of_a_board() -> None:
    runs = [samples(list("77337"), question="a"), samples(list("33333"), question="b")]
    strategies = [FIVE, Strategy("one & <only>", Batches(1, 1), aggregate=VOTE), Strategy("more", Batches(9, 9))]
    svg = ElementTree.fromstring(draw(replay(recording(*runs), strategies, gold=gold(*runs))))
    words = {node.text for node in svg.iter() if node.tag.endswith("text")}
    assert {"SC@5", "one & <only>", "tokens per question"} <= words
    assert not any("more" in (text or "") for text in words)  # it could not be replayed
    for node in svg.iter():
        if node.tag.endswith("circle"):
            assert 0 < float(node.get("cx", "")) < 760
            assert 0 < float(node.get("cy", "")) < 460


def test_names_in_a_picture_stand_apart_and_no_axis_goes_beyond_all() -> None:
    runs = [samples(list("77777"), question=name) for name in "ab"]
    same = [Strategy(f"strategy {name}", Batches(1, 3), aggregate=VOTE) for name in ["one", "two", "three"]]
    svg = ElementTree.fromstring(draw(replay(recording(*runs), same, gold=gold(*runs))))
    words = {node.text or "": float(node.get("y", "")) for node in svg.iter() if node.tag.endswith("text")}
    heights = sorted(words[strategy.name] for strategy in same)
    assert min(second - first for first, second in pairwise(heights)) > 12
    assert "100 %" in words
    assert "105 %" not in words


def test_dollars_by_a_price() -> None:
    run = samples(["7"] * 5)
    board = replay(recording(run), [FIVE], gold=gold(run), usd_per_million=2.0)
    assert board["SC@5"].usd == pytest.approx(5100 * 2e-6)


def test_unknown_tokens_stay_unknown() -> None:
    run = Run("q", roster=("A",), notes=(sample_note("A", 0, "7"),), keys=verbatim, metered=False)
    row = replay(recording(run), [FIVE], gold=gold(run))["SC@5"]
    assert np.isnan(row.tokens)
    assert row.calls == 1
    assert row.cost_of_pass == 1


def test_questions_without_gold_are_left_out_and_counted() -> None:
    runs = [samples(["7"] * 5, question=name) for name in "ab"]
    board = replay(recording(*runs), [FIVE], gold=gold(runs[0]))
    assert board["SC@5"].questions == 1
    assert board.left_out == {"questions without a gold answer": 1}
    with pytest.raises(RecordingError, match="no question has a gold answer"):
        replay(recording(*runs), [FIVE], gold=Gold(dict))


@pytest.mark.parametrize("strategies", [[], [FIVE, FIVE]])
def test_names_tell_strategies_apart(strategies: list[Strategy]) -> None:
    run = samples(["7"] * 5)
    with pytest.raises(ConfigError, match="name of its own"):
        replay(recording(run), strategies, gold=gold(run))


def test_agents_with_different_counts_go_note_by_note() -> None:
    notes = (sample_note("A", 0, "7", tokens=5), sample_note("A", 1, "7", tokens=5), sample_note("B", 0, "3", tokens=5))
    run = Run("q", roster=("A", "B"), notes=notes, keys=verbatim)
    board = replay(recording(run), [FIVE, Strategy("three", Batches(3, 3), aggregate=VOTE)], gold=gold(run))
    assert board["three"].validity == "exact"
    assert board["three"].accuracy.value == 1
    assert board["SC@5"].validity == "invalid"
    assert "nothing is recorded of B, sample 1" in board["SC@5"].why
    assert board["SC@5"].questions == 0


def test_a_sample_that_is_missing_is_missed() -> None:
    notes = tuple(sample_note("A", place, "7", tokens=5) for place in (0, 1, 3, 4))
    run = Run("q", roster=("A",), notes=notes, keys=verbatim)
    board = replay(recording(run), [FIVE, Strategy("two", Batches(2, 2), aggregate=VOTE)], gold=gold(run))
    assert board["two"].validity == "exact"
    assert board["SC@5"].why.startswith("nothing is recorded of A, sample 2")
    shuffled = replay(recording(run), [FIVE], gold=gold(run), shuffles=3)
    assert shuffled["SC@5"].validity == "invalid"


def test_a_controller_steers_the_samples_that_were_probed() -> None:
    run = thinking("q", random.Random(2), size=6)
    probes = dict(list(run.probes.items())[:4])
    partly = Run("q", roster=run.roster, notes=run.notes, probes=probes, keys=verbatim)
    board = replay(recording(partly), [Strategy("race", Race())], gold=gold(partly), shuffles=4)
    assert board["race"].calls <= 4


def test_a_quorum_pays_for_the_cancelled_what_they_had_done() -> None:
    run = samples(list("37733"), lengths=[500, 100, 200, 1000, 800])
    played = play(Strategy("FFS", Batches(5, 5), Quorum(2), VOTE), run)
    assert played.choice is not None
    assert played.choice.answer == "7"
    assert played.usage["output_tokens"] == 100 + 200 + 3 * 200
    assert played.latency == 200


ROUNDS = debate("q", random.Random(4))


def test_what_a_row_may_claim() -> None:
    cases: list[tuple[Strategy, str]] = [
        (Strategy("all", Everyone(), FixedRounds(3)), "exact"),
        (Strategy("stable", Everyone(), StableMajority() | FixedRounds(3)), "exact"),
        (Strategy("first round", Batches(4, 4), aggregate=VOTE), "exact"),
        (Strategy("two agents", Batches(1, 2), aggregate=VOTE), "exact"),
        (Strategy("prune", OverRounds(Race(start=2, quorum=6, widen=1)), FixedRounds(3)), "approximate"),
        (Strategy("more rounds", Everyone(), FixedRounds(9)), "invalid"),
        (Strategy("judge", Everyone(), LLMJudge()), "invalid"),
        (Strategy("scores", Everyone(), FixedRounds(1), Scored()), "invalid"),
    ]
    for strategy, validity in cases:
        board = replay(recording(ROUNDS), [strategy], gold=gold(ROUNDS))
        assert board[strategy.name].validity == validity, board[strategy.name].why
        assert (validity == "exact") is (board[strategy.name].why == "")


def test_the_judge_speaks_from_the_recording() -> None:
    verdicts = {1: Verdict(False, used(model_calls=1, output_tokens=7)), 2: Verdict(True, used(model_calls=1))}
    run = Run("q", roster=ROUNDS.roster, notes=ROUNDS.notes, verdicts=verdicts, keys=verbatim)
    played = play(Strategy("judge", Everyone(), LLMJudge()), run)
    assert (played.validity, played.waves) == ("exact", 2)
    assert played.usage["model_calls"] == 4 + 4 + 2
    assert [decision.stop for decision in played.decisions] == [False, True]


def test_scores_speak_from_the_recording_and_cost_what_they_did() -> None:
    run = samples(["7", "3", "3"])
    scores = {"1/A/0": 0.9, "1/A/1": 0.1, "1/A/2": 0.2}
    replies = {
        Request("score", (note,)).id: Reply((score,), usage=used(output_tokens=5)) for note, score in scores.items()
    }
    judged = Run("q", roster=run.roster, notes=run.notes, replies=replies, keys=verbatim)
    played = play(Strategy("scored", Batches(1, 3), aggregate=Scored(over="independent")), judged)
    assert played.choice is not None
    assert played.choice.answer == "7"
    assert played.usage["output_tokens"] == 1000 + 1010 + 1020 + 15


def test_a_budget_ends_it_as_it_would_have_live() -> None:
    run = samples(["7"] * 10)
    board = replay(
        recording(run), [Strategy("SC", Batches(1, 10), aggregate=VOTE)], gold=gold(run), budget=Budget(tokens=2500)
    )
    assert board["SC"].calls == 3


def test_a_controller_is_no_allocator() -> None:
    with pytest.raises(ConfigError, match="OverRounds"):
        play(Strategy("race", Race()), ROUNDS)


def test_an_error_on_the_bench_is_the_caller_s() -> None:
    run = samples(["7"])
    with pytest.raises(RecordingError, match="probes"):
        replay(recording(run), [Strategy("race", Race())], gold=gold(run))


def test_shuffles_average_over_orders() -> None:
    run = samples(list("7777333333"))
    one = Strategy("one", Batches(1, 1), aggregate=VOTE)
    board = replay(recording(run), [one], gold=gold(run), shuffles=400)
    assert board["one"].accuracy.value == pytest.approx(0.4, abs=0.08)


def test_controllers_and_rules_stand_on_one_board() -> None:
    runs = [thinking(str(seed), random.Random(seed)) for seed in range(20)]
    sc = Strategy("SC", Batches(24, 24), aggregate=VOTE)
    asc = Strategy("ASC", Batches(1, 24), BetaLead(), VOTE)
    board = replay(recording(*runs), [sc, asc, Strategy("race", Race())], gold=gold(*runs), shuffles=5)
    assert board["race"].tokens < board["SC"].tokens
    assert board["ASC"].tokens < board["SC"].tokens
    assert board.difference("race", "SC", "tokens").high < 0


def unequal(questions: int) -> Recording:
    """Return agents of whom B and C err together, and A is right where they are not."""
    rng = random.Random(7)
    runs = []
    for number in range(questions):
        good = "7" if rng.random() < 0.8 else "3"
        bad = "7" if rng.random() < 0.3 else "4"
        notes = tuple(sample_note(a, 0, answer, tokens=1) for a, answer in zip("ABC", (good, bad, bad), strict=True))
        runs.append(Run(f"q{number}", roster=("A", "B", "C"), notes=notes, keys=verbatim))
    return recording(*runs)


def taught(others: Recording, right: Answers) -> Sequence[Strategy]:
    order = learn.ranking(others, right)
    everyone = InOrder(order, 3)
    return [
        Strategy("vote", everyone, aggregate=VOTE),
        Strategy("patterns", everyone, aggregate=PatternVote(learn.patterns(others, right))),
        Strategy("log-odds", everyone, aggregate=AgentLogOdds(learn.accuracies(others, right), over="independent")),
    ]


def test_what_is_learnt_on_other_questions_helps() -> None:
    whole = unequal(200)
    seen: list[set[str]] = []

    def watched(others: Recording, right: Answers) -> Sequence[Strategy]:
        assert {question for _, question in right} == {run.question for run in others.runs}
        seen.append({run.question for run in others.runs})
        return taught(others, right)

    board = cross_replay(whole, watched, gold=gold(*whole.runs))
    assert not seen[0] & seen[1]
    assert len(seen[0] | seen[1]) == 200
    assert board.difference("patterns", "vote").low > 0.2
    assert learn.ranking(whole, gold(*whole.runs).read())[0] == "A"


def test_success_curve_and_buckets() -> None:
    kinds = {"easy": ["7"] * 10, "even": ["7", "3"] * 5, "no": ["3"] * 10}
    runs = [samples(answers, question=name) for name, answers in kinds.items()]
    most, rate = learn.success_curve(recording(*runs), gold(*runs).read())
    assert most == pytest.approx(2 / 3, abs=0.02)
    assert 0.5 < rate < 0.99
    rng = random.Random(1)
    noisy = [samples([rng.choice("77734") for _ in range(40)], question=str(place)) for place in range(60)]
    budgets = learn.bucket_budgets(recording(*noisy), 12)
    assert min(budgets.values()) >= 4
    assert budgets[4,] < max(budgets.values())


def test_statistics() -> None:
    assert pareto([3, 1, 2, 2], [0.9, 0.5, 0.5, 0.8]) == [True, True, False, True]
    assert pareto([1, float("nan"), 2], [0.5, 0.9, float("nan")]) == [True, False, False]
    assert cost_of_pass(1.0, 0.0) == float("inf")
    gain = arise([np.array([0.0, 1.0]), np.array([1.0, 0.0])], [np.array([100.0, 100.0]), np.array([200.0, 200.0])])
    assert gain == pytest.approx((0.5 - 2.0) / 2)


def test_intervals_are_paired_and_of_clusters() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(200)
    one, other = (hard < 0.5).astype(float), (hard < 0.55).astype(float)
    draws = Bootstrap(["g"] * 200, [str(place) for place in range(200)])
    paired = draws.mean(other - one)
    assert paired.verdict == "better"
    assert draws.mean(one).low < draws.mean(other).value < draws.mean(one).high
    doubled = Bootstrap(["g"] * 400, [str(place) for place in range(200)] * 2)
    assert doubled.mean(np.tile(one, 2)).low == pytest.approx(draws.mean(one).low, abs=0.01)


def test_groups_count_alike() -> None:
    draws = Bootstrap(["small", *["large"] * 9], [str(place) for place in range(10)])
    values = np.array([1.0, *[0.0] * 9])
    assert draws.mean(values).value == 0.5
    assert np.isnan(draws.mean(np.full(10, np.nan)).value)


def test_arise_over_budgets() -> None:
    runs = [samples(["1", "7", "7"], question="a"), samples(["7", "3", "3"], question="b")]
    strategies = [Strategy("one", Batches(1, 1)), Strategy("three", Batches(3, 3), aggregate=Majority("independent"))]
    right = {("", "a"): frozenset({"7"}), ("", "b"): frozenset({"7"})}
    board = replay(recording(*runs), strategies, gold=Gold(lambda: right))
    assert board.arise("one", "three") == pytest.approx((1000 / 3030 - 3030 / 1000) / 2)
    assert board.arise("one") == 0.0
    assert json.loads(board.json())["arise"] == 0.0


def test_what_could_not_be_replayed_is_not_compared_in_words_of_figures() -> None:
    board = replay(
        recording(samples(["7", "7"])),
        [Strategy("one", Batches(1, 1)), Strategy("nine", Batches(9, 9))],
        gold=Gold(lambda: {("", "q"): frozenset({"7"})}),
    )
    assert board.verdict("nine", "one").startswith("nine and one cannot be compared: ")
    assert "nan" not in board.verdict("nine", "one")


def test_where_nothing_is_paid_tokens_make_the_front() -> None:
    strategies = [Strategy("one", Batches(1, 1)), Strategy("two", Batches(2, 2))]
    gold = Gold(lambda: {("", "q"): frozenset({"7"})})
    board = replay(recording(samples(["7", "7"])), strategies, gold=gold, usd_per_million=0.0)
    assert [(row.strategy, row.usd, row.best) for row in board.rows] == [("one", 0.0, True), ("two", 0.0, False)]
