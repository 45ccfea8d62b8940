"""Expressions, two numbers, rounding, percentages, and linear equations."""

import ast
import math
from fractions import Fraction

from langgraph_tumix.offline import expression
from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require


def worked(formula: str | ast.expr, method: str = "") -> Problem:
    """Return the problem of working out a formula, after `method` has said where it comes from."""
    tree = expression.parse(formula) if isinstance(formula, str) else formula
    method = method or f"I work out {expression.written(tree)} from the inside out."
    imports = expression.imports(tree)
    return Problem(
        method=" ".join([method, *(f"{step}." for step in expression.intermediate(tree))]),
        solve=lambda: expression.evaluate(tree),
        programs=(f"{imports}\nresult = {expression.python(tree)}", f"{imports}\n{expression.stepwise(tree)}"),
        hardness=expression.hardness(tree),
    )


@family(r"<e:expr>")
def value(e: ast.expr) -> Problem:
    """An expression: ``(17 + 4) * 12^3``, ``3 plus 4``, ``12!``."""
    return worked(e)


@family(
    r"(?P<what>sum|total|difference|product|quotient) (?:of|between) <a:expr> and <b:expr>",
    r"(?P<what>ratio) of <a:expr> to <b:expr>",
)
def two(what: str, a: ast.expr, b: ast.expr) -> Problem:
    """Sum, difference, product or ratio of two numbers."""
    op = {"sum": ast.Add, "total": ast.Add, "difference": ast.Sub, "product": ast.Mult}.get(what.lower(), ast.Div)
    if op is ast.Sub and expression.evaluate(a) < expression.evaluate(b):
        a, b = b, a
    return worked(ast.BinOp(a, op(), b), f"The {what.lower()} of the two numbers is asked.")


@family(
    r"<e:expr>,? rounded(?: off)?(?: to (?:the nearest |a )?(?:whole number|integer))?",
    r"<e:expr>,? rounded(?: off)? to <places:small> decimal(?: place)?s?",
    r"round <e:expr> to the nearest (?:whole number|integer)",
    r"round <e:expr> to <places:small> decimal(?: place)?s?",
)
def rounded(e: ast.expr, places: int = 0) -> Problem:
    """Rounding to whole numbers or decimal places; halves go up."""
    scale = 10 ** min(places, 12)
    return Problem(
        method=f"I work out {expression.written(e)} and round to {places} decimal places.",
        solve=lambda: Fraction(math.floor(expression.evaluate(e) * scale + Fraction(1, 2)), scale),
        programs=(
            f"""
            from fractions import Fraction
            from math import factorial, floor
            result = Fraction(floor(({expression.python(e)}) * {scale} + Fraction(1, 2)), {scale})
            """,
        ),
        hardness=expression.hardness(e) + 0.2,
        misreadings=(lambda: Fraction(math.floor(expression.evaluate(e) * scale), scale),),
    )


@family(
    r"<p:num> ?(?:%|percent|per cent) of <whole:num>",
    r"(?:what )?percentage of <whole:num> is <part:num>",
    r"<part:num> is what percentage of <whole:num>",
    r"<whole:num>,? (?P<way>increased|raised|reduced|decreased) by <p:num> ?(?:%|percent|per cent)",
)
def percentage(whole: Fraction, p: Fraction | None = None, part: Fraction | None = None, way: str = "") -> Problem:
    """Percentages: of a number, one number of another, more and less by so many percent."""
    base = expression.decimal(whole)
    if part is not None:
        return worked(f"100 * {expression.decimal(part)} / {base}", "A percentage is the part by the whole, times 100.")
    share = expression.decimal(p or Fraction(0))
    if not way:
        return worked(f"{base} * {share} / 100", f"{share} % is {share} hundredths.")
    sign = "+" if way.lower() in ("increased", "raised") else "-"
    return worked(f"{base} * (100 {sign} {share}) / 100", f"What is left is 100 % {sign} {share} % of {base}.")


@family(
    r"(?:solve )?(?:the equation )?<left:text> ?= ?<right:text>(?:,? for x)?",
    r"(?:which|what) (?:value of |number )?x (?:satisfies|solves|has|is such that) <left:text> ?= ?<right:text>",
    r"for (?:which|what)(?: value of)? x is <left:text> ?= ?<right:text>",
    r"(?:value of )?x,? (?:if|when|in) <left:text> ?= ?<right:text>",
    r"(?:if|when) <left:text> ?= ?<right:text>,? (?:what|find)(?: is| the value of| is the value of)? x",
)
def linear(left: str, right: str) -> Problem:
    """A linear equation in x: ``3x + 5 = 2(x - 4)``."""
    tree = ast.BinOp(expression.parse(left, unknown=True), ast.Sub(), expression.parse(right, unknown=True))
    start = expression.evaluate(tree, Fraction(0))
    slope = expression.evaluate(tree, Fraction(1)) - start
    require(slope != 0)
    require(all(expression.evaluate(tree, Fraction(x)) == start + slope * x for x in (-1, 2, 3, 1_000_003)))
    difference = expression.written(tree, lambda number: f"Fraction('{number}')")
    return Problem(
        method=f"I bring all to one side: {expression.written(tree)} = 0, collect what belongs to x, and divide.",
        solve=lambda: -start / slope,
        programs=(
            f"""
            from fractions import Fraction
            f = lambda x: {difference}
            slope = f(1) - f(0)
            result = -f(0) / slope
            """,
            f"""
            from fractions import Fraction
            f = lambda x: {difference}
            a, b = Fraction(-1), Fraction(1)
            while f(b) != 0:  # regula falsi: exact after one step if the equation is linear
                a, b = b, b - f(b) * (b - a) / (f(b) - f(a))
            result = b
            """,
        ),
        hardness=expression.hardness(tree) + 0.3,
        misreadings=(lambda: start / slope,),
    )
