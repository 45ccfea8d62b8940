"""Strategies as text: what can be written, and that nothing else is run."""

import pytest

from langgraph_tumix.core.aggregate import Majority
from langgraph_tumix.core.allocate import Batches, Everyone
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.stop import FixedRounds, LLMJudge, Never
from langgraph_tumix.core.stopping.votes import BetaLead, VoteMargin
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.replay import read_strategy
from langgraph_tumix.replay.spelling import known


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("ASC = Batches(1, 64), BetaLead(0.9), Majority('independent')",
         Strategy("ASC", Batches(1, 64), BetaLead(0.9), Majority("independent"))),
        ("x = BetaLead(confidence=.9), Batches(1)", Strategy("x", Batches(1), BetaLead(0.9))),
        ("CMC(1.0)", Strategy("CMC(1.0)", CMC(1.0))),
        ("judge, at most 4 = LLMJudge() | FixedRounds(4)", None),
        ("four = (LLMJudge() & FixedRounds(2)) | VoteMargin(0.5, shared=True)",
         Strategy("four", Everyone(), (LLMJudge() & FixedRounds(2)) | VoteMargin(0.5, shared=True))),
        ("nothing = Never()", Strategy("nothing", Everyone(), Never())),
    ],
)  # fmt: skip
def test_what_is_written_is_built(text: str, strategy: Strategy | None) -> None:
    if strategy is None:
        with pytest.raises(ConfigError):
            read_strategy(text)
    else:
        assert read_strategy(text) == strategy


NEED = {
    "AgentLogOdds": "{'A': 0.5}",
    "AllOf": "(Never(),)",
    "AnyOf": "(Never(),)",
    "ByDifficulty": "((0.0, Everyone()),)",
}
NEED |= {"Cascade": "(('A',),), Never()", "Deadline": "9.0", "FixedRounds": "2", "InOrder": "('A',)"}
NEED |= {"MarginalGain": "0.5, 0.5, 0.1", "OverRounds": "CMC()"}


def test_what_is_known_prints_as_it_is_read() -> None:
    for name in sorted(set(known()) - {"PatternVote"}):  # its table has sets for keys, and is learnt
        first = read_strategy(f"{name}({NEED.get(name, '')})")
        part = next(part for part in (first.allocate, first.stop, first.aggregate) if type(part).__name__ == name)
        read = read_strategy(repr(part))
        assert part in (read.allocate, read.stop, read.aggregate)


def test_what_cannot_be_read_says_why(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("BetaLaed(0.9)", "did you mean BetaLead"),
        ("BetaLead(0.9, sure=True)", "unexpected keyword argument 'sure'"),
        ("BetaLead(confidence=7)", "give a number from 0 to 1"),
        ("Batches(1), Batches(2)", "second part to allocate"),
        ("42", "no stop rule, allocator or aggregator"),
        ("Batches(1,", "not readable"),
        ("", "not readable"),
        ("Batches(1) | Batches(2)", "combine stop rules"),
        ("__import__('os').system('true')", "neither a value"),
        ("open('/etc/passwd')", "no open"),
        ("Batches(size=(lambda: 1)())", "neither a value"),
        ("BetaLead(**{'confidence': 0.9})", r"unexpected keyword"),
        ("StopRule()", "no StopRule"),
    ]
    for text, says in cases:
        with subtests.test(text=text), pytest.raises(ConfigError, match=says):
            read_strategy(text)
