"""One word of a guide: what its solver should do next."""

import re
from textwrap import shorten

from langgraph_tumix.offline.problem import Problem
from langgraph_tumix.offline.reading import Reading
from langgraph_tumix.offline.solver import printed
from langgraph_tumix.offline.understanding import Known, Missing, understand


def guide(reading: Reading) -> str:
    """Return the guidance for the solver's next turn, which holds no answer."""
    advice = _advice(reading)
    return f"I look at what is known and what is open.\n\n<<<{advice}>>>"


def _advice(reading: Reading) -> str:
    progress = reading.progress
    match understand(reading.question, (progress,)).matter:
        case Missing(fact) if progress.count(f"{fact.subject}</search>") < 2:
            return f"A fact is open: search for {fact}. The source must name {fact.subject} itself."
        case Missing(fact):
            return f"Two searches did not tell {fact}. Say so, and give the final answer unknown."
        case Known():
            return "A source tells what is asked. See that it speaks of the very thing, then give the final answer."
        case Problem() as problem:
            return _advice_on(problem, progress, thorough="cheap check by another way" in reading.task)
    return "Neither a search nor a program helps with this kind of question. Say so, and give the final answer unknown."


def _advice_on(problem: Problem, progress: str, *, thorough: bool) -> str:
    programs = len(re.findall(r"^```python", progress, re.MULTILINE))
    if printed(progress) is None:
        if programs >= 3:
            return "The programs do not work. Work it out in words, and give the final answer."
        method = shorten(problem.method, 240, placeholder=" …")
        return f"This is a matter of exact computation. Write a program for it: {method} Print the result."
    if thorough and programs < 2:
        return "There is one result, which nothing confirms. Check it by a second program that computes in another way."
    return "The result is computed. See that it is what was asked, then give the final answer."
