"""A check of a solver's work: the question worked out once more by hand, and compared."""

import random

from langgraph_tumix.offline.notes import answer_of
from langgraph_tumix.offline.problem import Problem, key, show
from langgraph_tumix.offline.reading import Reading
from langgraph_tumix.offline.understanding import Known, Understood, understand


def check(reading: Reading, rng: random.Random, error_rate: float) -> str:
    """Return the verdict on the last answer; whoever cannot work the question out lets it stand."""
    own = _worked_out(understand(reading.question, (reading.progress,)))
    given = answer_of(reading.progress)
    right = own is None or (given is not None and key(own) == key(given))
    right ^= rng.random() < error_rate / 4  # a check errs as well, less often than the work
    decides = "DONE: all" in reading.task
    if right:
        return f"I find nothing wrong with it.\n\n<<<{'DONE' if decides else 'YES'}>>>"
    return f"I do not get to this answer. Work it out anew.\n\n<<<{'PIVOT' if decides else 'NO'}>>>"


def _worked_out(understood: Understood) -> str | None:
    match understood.matter:
        case Problem() as problem:
            try:
                return understood.letter(show(problem.solve()))
            except (ArithmeticError, ValueError):
                return None
        case Known() as known:
            return known.answer
    return None
