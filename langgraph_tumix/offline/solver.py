"""One turn of a solver: the next program, the next search, or the final message."""

import inspect
import random
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from langgraph_tumix.offline.expression import decimal
from langgraph_tumix.offline.mistakes import buggy, slip
from langgraph_tumix.offline.notes import Result, answer_of, settle
from langgraph_tumix.offline.problem import Problem, key, show
from langgraph_tumix.offline.reading import Reading
from langgraph_tumix.offline.understanding import Known, Missing, Understood, understand

CANNOT = (
    "I cannot answer this. I am a small offline solver that understands arithmetic, number theory, counting, dates, "
    "word problems, notation, simple puzzles, choices among these, and questions about the bundled corpus."
)

_MOST_PROGRAMS = 3  # what has not worked by then will not work
_EASY = 0.3  # hardness below which nobody with a choice writes a program


@dataclass(frozen=True)
class Action:
    """A program to run or a query to search for, after a few words."""

    kind: Literal["code", "query"]
    text: str
    words: str


def solve(reading: Reading, rng: random.Random, error_rate: float) -> Action | str:
    """Return what a solver does next: an action, or its final message."""
    understood = understand(reading.question, tuple(reading.got("search")))
    step = _Turn(reading, understood, rng, error_rate).step()
    if isinstance(step, Action):
        return step
    message = settle(step, reading.notes, rng)
    if reading.one_program:
        return Action("code", f"print({answer_of(message) or 'unknown'!r})", step.words)
    return _digested(message) if "<digest>" in reading.task else message


def _digested(message: str) -> str:
    """Put a digest of the message before its answer."""
    parts = message.split("\n\n")
    points = "\n".join(f"{number}. {_quoted(part)}" for number, part in enumerate(parts[:-1], 1))
    return "\n\n".join([*parts[:-1], f"<digest>\n{points}\n</digest>", parts[-1]])


@dataclass(frozen=True)
class _Turn:
    reading: Reading
    understood: Understood
    rng: random.Random
    error_rate: float

    def step(self) -> Action | Result:
        match self.understood.matter:
            case Problem() as problem:
                return self.compute(problem)
            case Missing() as missing:
                return self.look_up(missing)
            case Known() as known:
                return self.read_off(known)
        return Result(None, "nothing", CANNOT)

    def errs(self, times: float) -> bool:
        """Say whether a mistake happens that is so many times as frequent as the error rate."""
        return self.rng.random() < min(0.9, times * self.error_rate)

    def look_up(self, missing: Missing) -> Action | Result:
        """Search for a fact, first as such and then by the name of its thing. Who cannot search may guess."""
        fact, searched = missing.fact, [turn.said for turn in self.reading.turns if turn.kind == "search"]
        for query in (str(fact), fact.subject):
            if self.reading.may_search and not any(f">{query}<" in said or f"'{query}'" in said for said in searched):
                return Action("query", query, f"I do not know {fact} for certain, so I look it up.")
        if searched:
            return Result(None, "nothing", f"I searched and found nothing that tells {fact}.")
        unknown = f"I do not know {fact}, and I cannot look it up"
        if not missing.direct or fact.attribute.guess is None or not self.errs(1):
            return Result(None, "nothing", f"{unknown}.")
        guess = self.rng.choice(list(self.understood.options) or [str(self.rng.randint(*fact.attribute.guess))])
        return Result(guess, "guessed", f"{unknown}; {guess} is no more than a guess.")

    def read_off(self, known: Known) -> Result:
        """Tell a fact that was found; now and then it is a wrong number of the same text."""
        misread = known.found.others and self.errs(0.15)
        value = self.rng.choice(known.found.others) if misread else known.answer
        words = f"A source that I found says: “{_quoted(known.found.sentence)}” So {known.fact} is {value}."
        return self.chosen(value, "sourced", words)

    def compute(self, problem: Problem) -> Action | Result:
        """Write a program, read its output, or work in words, as the tools allow."""
        if self.reading.one_program:
            return Action("code", self.program(problem), problem.method)
        outputs = self.reading.got("code")
        results = [_tidy(result) for output in outputs if (result := printed(output)) is not None]
        if self.reading.may_code and len(results) < self.programs_wanted(problem, len(outputs)):
            return Action("code", self.program(problem), self.why_a_program(problem, outputs, results))
        if not results:
            return self.in_words(problem)
        value, times = Counter(results).most_common(1)[0]
        agreed = f", and {times} programs agree" if times > 1 else ""
        return self.chosen(value, "computed", f"{self.sources()}The program printed {value}{agreed}.")

    def programs_wanted(self, problem: Problem, tried: int) -> int:
        """Return how many results by program are wanted before the answer is given."""
        advice = self.reading.guidance.lower()
        if tried >= _MOST_PROGRAMS or (tried and "final answer" in advice):
            return 0
        if re.search(r"\b(?:second|another) (?:way|program)\b", advice + self.reading.step):
            return 2
        if self.reading.may_search and problem.hardness < _EASY and "program" not in advice:
            return 0
        return 2 if "do both and compare" in self.reading.task and len(problem.programs) > 1 else 1

    def why_a_program(self, problem: Problem, outputs: list[str], results: list[str]) -> str:
        if not outputs:
            return f"{self.sources()}{problem.method} A program does it without slips."
        if results:
            return f"The program gave {results[-1]}. I check it in another way."
        return "That program did not work. I write it anew."

    def program(self, problem: Problem) -> str:
        """Write a program, the first one with a bug now and then; none that was run already, if there is another."""
        run = "\n".join(turn.said.replace("\\n", "\n") for turn in self.reading.turns)
        programs = [inspect.cleandoc(program) for program in problem.programs]
        program = self.rng.choice([program for program in programs if program not in run] or programs)
        if not self.reading.turns and self.errs(0.3):
            program = buggy(program, self.rng)
        if not self.reading.one_program:
            return f'{program}\nprint("result:", result)'
        letters = {text: letter for letter, option in self.understood.options.items() for text in (option, key(option))}
        letters = {text: letter for text, letter in letters.items() if re.fullmatch(r"[\w .,/*^%:-]{1,80}", text)}
        return f"{program}\nprint({f'{letters}.get(str(result), result)' if letters else 'result'})"

    def in_words(self, problem: Problem) -> Result:
        """Work a problem out by hand. Who goes step by step and looks back errs less."""
        try:
            value = show(problem.solve())
            answer = self.understood.letter(value)
        except (ArithmeticError, ValueError) as trouble:
            return Result(None, "nothing", f"{problem.method} I do not get to a result: {trouble}.")
        if self.errs(problem.hardness * (0.6 if "step by step" in self.reading.task else 1)):
            others = [letter for letter in self.understood.options if letter != answer]
            answer = self.rng.choice(others) if others else slip(value, problem, self.rng)
            value = self.understood.options.get(answer, answer)
        method = "" if "directly" in self.reading.task else f"{problem.method} "
        return Result(answer, "reasoned", f"{self.sources()}{method}That gives {_quoted(value)}.")

    def chosen(self, value: str, how: Literal["computed", "sourced"], words: str) -> Result:
        """Return a value as the result, or its letter if there are choices."""
        try:
            return Result(self.understood.letter(value), how, words)
        except ValueError as trouble:
            return Result(None, "nothing", f"{words} But {trouble}.")

    def sources(self) -> str:
        """Quote what was looked up on the way."""
        told = " ".join(f"“{_quoted(found.sentence)}”" for found in self.understood.facts)
        return f"A source that I found says: {told} " if told else ""


def printed(output: str) -> str | None:
    """Return the result that a program of ours printed; None if it did not get there.

    >>> printed("result: 42"), printed("NameError: name 'reslut' is not defined")
    ('42', None)
    """
    found = re.findall(r"^result: ([^<>`\n]{1,5000})$", output, re.MULTILINE)
    return found[-1].strip() if found else None


def _tidy(result: str) -> str:
    return decimal(Fraction(result)) if re.fullmatch(r"-?\d+/[1-9]\d*", result) else result


def _quoted(text: str) -> str:
    """Cut foreign text short, and take out whatever the protocol gives a meaning to."""
    return re.sub(r"[<>`\[\]]", "", text)[:240]
