"""A controller over rounds: its branches are agents, its steps rounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph_tumix.core.allocate import Allocator, Turn, ids
from langgraph_tumix.core.control import Branch, Controller, Move
from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.stop import at_least
from langgraph_tumix.core.usage import tokens
from langgraph_tumix.core.view import View


@dataclass(frozen=True)
class OverRounds(Allocator):
    """Runs a `Controller` (CMC, Parallel-Probe, Race) over rounds: widen and prune by agreement.

    Branch i is agent i of the roster, and after the last of them the agents' second samples. A step is a round, in
    which a branch reads all notes of the round before and answers again, so every answer is one that its branch stands
    by, and no branch is ever over. A burst of several steps is one: a round is a barrier for all. Agents who have read
    each other agree more easily than branches that cannot: confidences are overstated.

    Nothing is kept between rounds: the controller is run again from the notes each time.

    Attributes:
        controller: Decides who goes on.
        samples: Samples of each agent at the most, and thus branches.
    """

    controller: Controller
    samples: int = 1

    def __post_init__(self) -> None:
        at_least("OverRounds(samples)", self.samples, 1)

    def plan(self, view: View) -> Sequence[Turn]:
        """Run the controller through the rounds that are done; what it wants next is the plan."""
        names = [(agent, sample) for sample in range(self.samples) for agent in view.roster]
        branches: list[Branch] = []
        moves = self.controller.control(branches)
        for round_ in range(1, view.round + 2):
            try:
                move = next(moves)
                while not (wanted := _places(move, len(branches), len(names))):
                    move = next(moves)
            except StopIteration:
                return ()
            if round_ > view.round:
                show = ids(of_round(view.notes, view.round))
                return [Turn(*names[place], show) for place in wanted]
            _step(view, round_, [names[place] for place in wanted], wanted, branches)
        return ()


def _places(move: Move, opened: int, most: int) -> list[int]:
    return [*(place for place, steps in move.advance if steps), *range(opened, min(opened + move.open, most))]


def _step(
    view: View, round_: int, names: Sequence[tuple[str, int]], places: Sequence[int], branches: list[Branch]
) -> None:
    made = {(note["agent"], note["sample"]): note for note in of_round(view.notes, round_)}
    keys = {ballot.note: ballot.key for ballot in view.votes(round_).ballots}
    for place, name in zip(places, names, strict=True):
        if place == len(branches):
            branches.append(Branch())
        note: Note | None = made.get(name)
        branch = branches[place]
        branch.answers.append(keys.get(note["id"]) if note else None)
        branch.final = branch.latest is not None
        branch.spent += tokens(note["usage"]) if note else 0
