"""The search space: knobs, families, one knob for all, and files that a person writes."""

import random
from pathlib import Path

import pytest

from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay import Family, Options, Span, one_knob, read_space, read_strategy, written
from langgraph_tumix.replay.families import default_space, full_vote
from langgraph_tumix.replay.spelling import spelled
from tests.replay.build import debate, gold, recording, samples, thinking

SPACE = """
[lead]
strategy = "Batches($size, $most), BetaLead($confidence), $vote"
size = [1, 2, 4]
most = { low = 8, high = 64, log = true }
confidence = { low = 0.7, high = 0.99 }
vote = ["Majority('independent')", "ShortFirst(over='independent')"]

[race]
strategy = "Race(quorum=$quorum, confidence=$confidence)"
one_knob = true
quorum = { low = 4, high = 32 }
confidence = { low = 0.8, high = 0.95 }
"""


def read(tmp_path: Path, text: str) -> tuple[Family, ...]:
    path = tmp_path / "space.toml"
    path.write_text(text)
    return read_space(path)


def test_a_file_becomes_families(tmp_path: Path) -> None:
    lead, race = read(tmp_path, SPACE)
    assert lead.knobs["most"] == Span(8, 64, log=True)
    assert spelled(lead.strategy(lead.at(1.0))) == (
        "Batches(size=4, most=64), BetaLead(shared=False, confidence=0.99, least=2), ShortFirst(over='independent')"
    )
    assert list(race.knobs) == ["beta"]
    assert race.strategy({"beta": 0.5}).allocate == Race(quorum=18, confidence=0.875)


def test_a_mistake_in_a_file_is_named(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("", "(none)"),
        ("x = 1", "'x' is no family"),
        ("[x]\nknob = [1]", "'x' is no family"),
        ("[x", "cannot be read"),
        ('[x]\nstrategy = "FixedRounds($rounds)"', "rounds stands in only one"),
        ('[x]\nstrategy = "FixedRounds(2)"\nrounds = [1]', "rounds stands in only one"),
        ('[x]\nstrategy = "FixedRounds($)"', "a lone $"),
        ('[x]\nstrategy = "FixedRuonds($n)"\nn = [1]', "did you mean FixedRounds"),
        ('[x]\nstrategy = "FixedRounds($n)"\nn = []', "at least one value"),
        ('[x]\nstrategy = "FixedRounds($n)"\nn = 3', "give a list"),
        ('[x]\nstrategy = "FixedRounds($n)"\nn = {low = 1}', "give a list"),
        ('[x]\nstrategy = "FixedRounds($n)"\nn = {low = 0, high = 3}', "at least 1"),
        ('[x]\nstrategy = "BetaLead($n)"\nn = {low = 0, high = 0.9, log = true}', "above 0"),
        ('[x]\nstrategy = "FixedRounds($n)"\none_knob = true\nn = [1, 2]', "every knob is a span"),
    ]
    for text, words in cases:
        with subtests.test(text=text):
            with pytest.raises(ConfigError, match=r"(?s).*") as caught:
                read(tmp_path, text)
            assert words in str(caught.value)
            assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        read_space("nowhere.toml")


def test_spans_end_where_they_say() -> None:
    for span in (Span(1, 9), Span(0.5, 0.1), Span(2, 64, log=True), Span(0.01, 1.0, log=True)):
        assert [span.at(0.0), span.at(1.0)] == [span.low, span.high]
        assert all(span.holds(span.at(step / 10)) for step in range(11))
    assert not Span(1, 9).holds(2.5)
    assert not Span(1, 9).holds("3")
    assert not Span(0.0, 1.0).holds(True)


def test_options_are_called_by_kind_where_that_tells_them_apart() -> None:
    one, two = Strategy("1"), Strategy("2")
    assert Options((Race(), one)).labels == ("Race", "Strategy")
    assert Options((one, two)).labels == (repr(one), repr(two))


def test_built_in_members_are_read_back_from_their_spelling() -> None:
    rng = random.Random(0)
    recordings = [
        recording(*(thinking(f"q{n}", rng) for n in range(4))),
        recording(*(debate(f"q{n}", rng) for n in range(4))),
        recording(*(samples(["7", "8", "7"], question=f"q{n}") for n in range(4))),
    ]
    names = set()
    for recorded in recordings:
        families = default_space(recorded, gold(*recorded.runs).read())
        names |= {family.name for family in families}
        for family in families:
            for share in (0.0, 0.3, 0.5, 1.0):
                member = family.strategy(family.at(share))
                again = read_strategy(spelled(member))
                assert (again.allocate, again.stop, again.aggregate) == (member.allocate, member.stop, member.aggregate)
    assert names >= {"vote", "lead", "window", "two waves", "rounds", "margin", "stable", "best first", "CMC", "Race"}


def test_the_full_vote_spends_what_every_run_has() -> None:
    rng = random.Random(0)
    assert (
        spelled(full_vote(recording(debate("a", rng, rounds=3), debate("b", rng, rounds=4)))) == "FixedRounds(rounds=3)"
    )
    uneven = recording(samples(["7"] * 5, question="a"), samples(["7"] * 9, question="b"))
    assert spelled(full_vote(uneven)).startswith("Batches(size=5, most=5)")


def test_one_knob_may_turn_numbers_down() -> None:
    family = one_knob("race", lambda late: Strategy("", Race(late=late)), {"late": Span(0.9, 0.5)})
    assert [family.strategy({"beta": beta}).name for beta in (0.0, 1.0)] == ["race(beta=0.0)", "race(beta=1.0)"]
    assert family.build(beta=1.0).allocate == Race(late=0.5)


def test_text_with_braces_is_left_alone() -> None:
    family = written("odds", "AgentLogOdds({'A': 0.9}, others=$others)", {"others": Span(1, 9)})
    assert "{'A': 0.9}" in spelled(family.strategy({"others": 3}))
