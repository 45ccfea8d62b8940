"""Aggregators beyond the majority: weights, patterns, tests, and calls that somebody else makes."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.aggregating.calls import Committee, Select, Synthesise
from langgraph_tumix.core.aggregating.checks import PerplexityConsistency, TestFunnel, VerifiedFirst
from langgraph_tumix.core.aggregating.patterns import PatternVote
from langgraph_tumix.core.aggregating.tournament import Swiss
from langgraph_tumix.core.aggregating.weights import AgentLogOdds, Borda, Scored, ShortFirst, VerbalConfidence
from langgraph_tumix.core.notes import Evidence
from langgraph_tumix.core.requests import Reply, Request
from langgraph_tumix.core.usage import used
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.testing import note


def view(*answers: str | None) -> View:
    return View([note("ABCDEFGHIJ"[place], answer) for place, answer in enumerate(answers)], 1)


def chosen(aggregator: Aggregator, seen: View, reply: Callable[[Request], Reply] | None = None) -> str | None:
    """Make the calls that are wanted, and return the answer. A rule that never has enough would not end."""
    replies: Mapping[str, Reply] = {}
    for _ in range(50):
        seen = View(seen.notes, seen.round, replies=replies)
        wanted = aggregator.requests(seen)
        if not wanted:
            choice = aggregator.choose(seen, [], 0)
            return choice.answer if choice else None
        assert reply is not None, wanted
        assert not {request.id for request in wanted} & set(replies)
        replies = {**replies, **{request.id: reply(request) for request in wanted}}
    raise AssertionError("it never stops asking")


def by_note(scores: Mapping[str, float]) -> Callable[[Request], Reply]:
    return lambda request: Reply((scores[request.notes[0][2]],))


def test_the_first_of_a_tie_and_a_single_voice() -> None:
    assert chosen(Majority(ties="first"), view("2", "1", "1", "2")) == "2"
    assert chosen(Majority(), view("1", None, None)) is None
    assert chosen(Majority(quiet=True), view("1", None, None)) == "1"


def test_independent_votes_are_pooled_over_waves() -> None:
    waves = [note("A", "1"), note("B", "2", round=2), note("C", "2", round=3)]
    assert chosen(Majority("independent"), View(waves, 3)) == "2"


def test_who_thought_less_weighs_more() -> None:
    notes = [
        note(name, answer, usage=used(output_tokens=tokens))
        for name, answer, tokens in (("A", "1", 100), ("B", "2", 900), ("C", "2", 900))
    ]
    assert chosen(ShortFirst(), View(notes, 1)) == "1"


def test_log_odds_let_two_good_agents_outvote_three_bad_ones() -> None:
    accuracy = {"A": 0.9, "B": 0.9, "C": 0.3, "D": 0.3, "E": 0.3}
    assert chosen(AgentLogOdds(accuracy=accuracy, others=2), view("1", "1", "2", "2", "2")) == "1"
    assert chosen(AgentLogOdds(accuracy=dict.fromkeys("ABCDE", 0.6)), view("1", "1", "2", "2", "2")) == "2"


def test_patterns_know_who_errs_together() -> None:
    table = {frozenset("AB"): (1.0, 20.0), frozenset("C"): (15.0, 20.0)}
    assert chosen(PatternVote(table, over="round"), view("1", "1", "2")) == "2"
    unseen = {frozenset("X"): (1.0, 1.0)}
    assert chosen(PatternVote(unseen, over="round"), view("1", "1", "2")) == "1"  # falls back on the share of votes


def test_weighted_best_of_n_adds_up_scores() -> None:
    scores = {"A": 0.9, "B": 0.5, "C": 0.5}
    assert chosen(Scored(), view("1", "2", "2"), by_note(scores)) == "2"
    assert chosen(Scored(times=3), view("1", "2", "2"), by_note({"A": 0.9, "B": 0.4, "C": 0.4})) == "1"


def test_verbal_confidence_is_sharpened_by_a_low_temperature() -> None:
    sure = by_note({"A": 1.0, "B": 0.6, "C": 0.6})
    assert chosen(VerbalConfidence(temperature=0.1), view("1", "2", "2"), sure) == "1"
    assert chosen(VerbalConfidence(temperature=10), view("1", "2", "2"), sure) == "2"


def test_borda_looks_at_ranks() -> None:
    scores = by_note({"A": 0.99, "B": 0.2, "C": 0.1})
    assert chosen(Borda(power=3), view("1", "2", "2"), scores) == "1"
    assert chosen(Borda(power=0.5), view("1", "2", "2"), scores) == "2"


def test_selection_takes_the_place_that_was_named() -> None:
    def third(request: Request) -> Reply:
        return Reply((1.0 + request.notes.index("1/C/0"),))

    assert chosen(Select(), view("1", "1", "paris"), third) == "paris"
    assert chosen(Select(), view("1", "1", "paris"), lambda request: Reply((9.0,))) == "1"  # no such place: majority
    assert chosen(Select(), view("1", "1", "paris"), lambda request: Reply()) == "1"
    assert chosen(Select(), view("1", "1")) == "1"  # nothing to choose between, nothing asked


def test_synthesis_may_answer_what_nobody_said() -> None:
    assert chosen(Synthesise(), view("1", "2"), lambda request: Reply(answer="3")) == "3"
    assert chosen(Synthesise(), view("1", "1"), lambda request: Reply()) == "1"
    assert chosen(Synthesise(), view(None, None)) is None


def test_a_committee_lets_a_minority_win() -> None:
    assert chosen(Committee(), view("1", "1", "1", "2"), by_note({"A": 0.4, "D": 0.8})) == "2"


def test_a_tournament_finds_the_best_with_few_comparisons() -> None:
    strength = {name: place for place, name in enumerate("ABCDEFGHIJ")}
    asked: list[Request] = []

    def compare(request: Request) -> Reply:
        asked.append(request)
        first, second = (strength[id_[2]] for id_ in request.notes)
        return Reply((5.0 + (first > second) * 3, 5.0 + (second > first) * 3))

    texts = [f"essay number {name}" for name in "ABCDEFGHIJ"]
    assert chosen(Swiss(), view(*texts), compare) == "essay number J"
    assert len(asked) <= 3 * 10
    assert len({frozenset(request.notes) for request in asked}) == len(asked)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_tournament_of_any_size_ends(size: int) -> None:
    texts = [f"text {place}" for place in range(size)]
    assert chosen(Swiss(), view(*texts), lambda request: Reply()) in texts


def test_checked_answers_go_first() -> None:
    ran = Evidence(kind="code", input="print(2)", output="2", ok=True, sources=[], seconds=0.1)
    failed = Evidence(kind="code", input="1/0", output="", ok=False, sources=[], seconds=0.1)
    notes = [note("A", "1"), note("B", "1", evidence=[failed]), note("C", "2", evidence=[ran])]
    assert chosen(VerifiedFirst(), View(notes, 1)) == "2"


def test_the_funnel_of_tests() -> None:
    programs = view("p = 1", "p = 2  # longer", "p = 3")
    tests = {"1/A/0": (3, 1), "1/B/0": (3, 2), "1/C/0": (2, 9)}
    assert chosen(TestFunnel(tests, judged=False), programs) == "p = 2  # longer"
    even = {"1/A/0": (3, 2), "1/B/0": (3, 2), "1/C/0": (3, 2)}
    assert chosen(TestFunnel(even, judged=False), programs) == "p = 1"
    judged = by_note({"A": 0.2, "B": 0.9, "C": 0.1})
    assert chosen(TestFunnel(even), programs, judged) == "p = 2  # longer"


def test_improbable_samples_are_dropped_and_equal_ones_counted_once() -> None:
    notes = [
        note(name, answer, text=text)
        for name, answer, text in (("A", "1", "long proof"), ("B", "2", "same"), ("C", "2", "same"), ("D", "3", "odd"))
    ]
    logprob = {"1/A/0": -0.1, "1/B/0": -0.6, "1/C/0": -0.6, "1/D/0": -9.0}
    assert chosen(PerplexityConsistency(logprob), View(notes, 1)) == "1"
    assert chosen(PerplexityConsistency({"1/A/0": -0.1}), View(notes, 1)) == "2"  # not all known: majority


AGGREGATORS: Sequence[Aggregator] = [
    Majority(),
    ShortFirst(),
    AgentLogOdds(accuracy={"A": 0.5}),
    PatternVote({frozenset("A"): (1, 2)}),
    Scored(),
    VerbalConfidence(),
    Borda(),
    Select(),
    Synthesise(),
    Committee(),
    Swiss(),
    VerifiedFirst(),
    TestFunnel(),
    PerplexityConsistency(),
]


@pytest.mark.parametrize("aggregator", AGGREGATORS, ids=lambda aggregator: type(aggregator).__name__)
def test_every_aggregator_bears_every_view(aggregator: Aggregator) -> None:
    views: list[list[str | None]] = [[], [None, None], ["1"], ["1", None, "2"]]
    for answers in views:
        answer = chosen(aggregator, view(*answers), lambda request: Reply())
        assert answer in answers or answer is None
        assert (answer is None) is not any(answers), answers


@pytest.mark.parametrize(
    "build", [lambda: AgentLogOdds(), lambda: PatternVote(), lambda: AgentLogOdds(accuracy={"A": 7})]
)
def test_what_has_to_be_learnt_is_not_guessed(build: Callable[[], Aggregator]) -> None:
    with pytest.raises(ConfigError):
        build()
