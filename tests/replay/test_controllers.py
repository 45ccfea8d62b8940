"""Controllers on probed samples: their costs, their ends, and what they are ahead of."""

import random

import pytest

from langgraph_tumix.core.control import Branch, Controller, Move, Moves
from langgraph_tumix.core.controllers.cmc import CMC
from langgraph_tumix.core.controllers.parallel_probe import ParallelProbe
from langgraph_tumix.core.controllers.race import Race
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.depth import Chain, chains, steer
from tests.replay.build import samples, thinking

CONTROLLERS = [CMC(0.0), CMC(0.5), CMC(1.0), ParallelProbe(width=16), Race(), Race(start=2, quorum=4)]


class OneByOne(Controller):
    def control(self, branches: list[Branch]) -> Moves:  # type: ignore[override]
        yield Move(open=1)
        while not branches[0].over:
            yield Move([(0, 1)])
        return branches[0].latest


def test_a_step_costs_an_interval_and_the_last_one_the_rest() -> None:
    branch, chain = Branch(), Chain(("1", "2"), "3", tokens=1250, every=500)
    assert [chain.step(branch) for _ in range(3)] == [500, 500, 250]
    assert (branch.answers, branch.spent, branch.over) == (["1", "2", "3"], 1250, True)


def test_a_sample_shorter_than_its_probes_say_costs_no_less() -> None:
    branch, chain = Branch(), Chain(("1", "2", "2"), "2", tokens=900, every=500)
    assert sum(chain.step(branch) for _ in range(4)) == 1500


def test_one_branch_read_to_its_end_costs_what_it_did() -> None:
    run = thinking("q", random.Random(3))
    steered = steer(OneByOne(), chains(run), [5])
    assert steered.answer == run.notes[5]["answer"]
    assert steered.tokens == run.notes[5]["usage"]["output_tokens"] == steered.latency


@pytest.mark.parametrize("controller", CONTROLLERS, ids=repr)
def test_controllers_end_and_stay_within_the_samples(controller: Controller) -> None:
    for seed in range(12):
        rng = random.Random(seed)
        run = thinking("q", rng, size=rng.choice([1, 2, 7, 24]), right=rng.random())
        known = chains(run)
        order = rng.sample(range(len(known)), len(known))
        steered = steer(controller, known, order)
        assert steered == steer(controller, known, order), seed
        assert steered.answer in {chain.answer for chain in known} | {p for chain in known for p in chain.probes}, seed
        assert 0 < steered.tokens <= sum(max(chain.tokens, len(chain.probes) * chain.every) for chain in known), seed
        assert steered.latency <= steered.tokens, seed
        assert steered.opened <= len(known), seed


def test_a_clear_question_takes_a_race_few_tokens_and_a_divided_one_many() -> None:
    rng = random.Random(0)
    clear, divided = thinking("a", rng, size=60, right=1.0), thinking("b", rng, size=60, right=0.3)
    spent = [steer(Race(), chains(run), range(60)).tokens for run in (clear, divided)]
    assert 2 * spent[0] < spent[1]


def test_more_thorough_is_dearer() -> None:
    runs = [chains(thinking(str(seed), random.Random(seed), right=0.5)) for seed in range(40)]
    for family in ([CMC(0.0), CMC(0.5), CMC(1.0)], [Race(quorum=3), Race(quorum=8), Race(quorum=24)]):
        spent = [sum(steer(member, run, range(24)).tokens for run in runs) for member in family]
        assert spent == sorted(spent)


@pytest.mark.parametrize("seed", range(6))
def test_a_race_never_has_more_under_way_than_abreast(seed: int) -> None:
    rng = random.Random(seed)
    known = chains(thinking("q", rng, size=60, right=0.4))
    race = Race(start=rng.randrange(2, 5), widen=9, abreast=rng.randrange(5, 12), patience=99)
    branches: list[Branch] = []
    for move in race.control(branches):
        branches += [Branch() for _ in range(move.open)]
        steps = [*(place for place, _ in move.advance), *range(len(branches) - move.open, len(branches))]
        assert 0 < len(steps) <= race.abreast
        for place in steps:
            known[place].step(branches[place])
    assert sum(branch.over for branch in branches) > 2


def test_without_probes_there_is_nothing_to_steer() -> None:
    with pytest.raises(RecordingError, match="probes"):
        chains(samples(["1", "2"]))
