"""Word problems: each is a phrasing, the formula that it comes down to, and why."""

from fractions import Fraction

from langgraph_tumix.offline.expression import decimal
from langgraph_tumix.offline.families.arithmetic import worked
from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem

_KM = r"(?:km|kilomet(?:re|er)s)"
_SPEED = r"(?:km/h|kph|kilomet(?:re|er)s (?:per|an) hour)"
_LITRES = r"lit(?:re|er)s"
_MORE = r"(?: \S+){0,6}"  # what may follow the point of a question: “together”, “does she get back”

_STORIES = (
    (
        rf"an? \w+ (?:travels|drives|runs|goes|rides) (?:at )?(?:a \w+ of )?<v:num> ?{_SPEED} for <t:num> hours?[.,;] "
        rf"how (?:far|many {_KM}){_MORE}",
        "{v} * {t}",
        "Distance is speed times time.",
    ),
    (
        rf"an? \w+ (?:covers|travels|drives|runs|rides) <d:num> ?{_KM} in <t:num> hours?[.,;] "
        rf"what is (?:its|the)(?: average)? speed{_MORE}",
        "{d} / {t}",
        "Speed is distance by time.",
    ),
    (
        rf"how (?:long|many hours) does an? \w+ (?:need|take) for <d:num> ?{_KM} at <v:num> ?{_SPEED}",
        "{d} / {v}",
        "Time is distance by speed.",
    ),
    (
        rf"two \w+ (?:are )?<d:num> ?{_KM} apart,? (?:\w+ ){{0,6}}?towards each other at <u:num>(?: ?{_SPEED})? and "
        rf"<v:num> ?{_SPEED}[.,;] after how many hours do they meet",
        "{d} / ({u} + {v})",
        "They come closer by the sum of their speeds every hour.",
    ),
    (
        r"an? \w+ costs <p:num>(?: \w+)? and an? \w+(?: costs)? <q:num>(?: \w+)?[.;,] "
        rf"how much (?:do|is|are|would) <m:small> \w+ and <n:small> \w+{_MORE}",
        "{m} * {p} + {n} * {q}",
        "Each number times its price, added up.",
    ),
    (
        r"\w+ buys <n:small> \w+ (?:at|for) <p:num>(?: \w+)? each and pays with (?:an? )?<paid:num>(?: \w+){0,3}[.;,] "
        rf"how much (?:change|money){_MORE}",
        "{paid} - {n} * {p}",
        "The change is what was paid, less the price of all.",
    ),
    (
        rf"<a:num> {_LITRES} of an? <p:num> ?% [\w ]{{1,30}}? are mixed with <b:num> {_LITRES} of an? <q:num> ?% "
        rf"[\w ]{{1,30}}?[.;,] what (?:is the concentration|percentage){_MORE}",
        "({a} * {p} + {b} * {q}) / ({a} + {b})",
        "What is dissolved adds up, and so does the volume.",
    ),
    (
        r"one \w+ (?:fills|empties|does) [\w ]{1,20}? in <a:num> hours?,? (?:and )?another in <b:num> hours?[.;,] "
        rf"how (?:long|many hours){_MORE}",
        "{a} * {b} / ({a} + {b})",
        "Together they do 1/a + 1/b of the work in an hour.",
    ),
)


def _register(phrasing: str, formula: str, why: str) -> None:
    @family(phrasing)
    def story(**given: Fraction | int) -> Problem:
        filled = formula.format(**{name: decimal(Fraction(number)) for name, number in given.items()})
        return worked(filled, f"{why} Here: {filled}.")


for _story in _STORIES:
    _register(*_story)
