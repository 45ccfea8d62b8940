"""Whole numbers: common divisors and multiples, remainders, digits, Fibonacci numbers, sums of multiples."""

import ast
import math

from langgraph_tumix.offline import expression
from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require, within


@family(
    r"(?:greatest common divisor|highest common factor|gcd|hcf)(?: of)? ?\(?<numbers:ints>\)?",
    r"largest (?:whole )?number that divides (?:both )?<numbers:ints>",
)
def gcd(numbers: list[int]) -> Problem:
    """The greatest common divisor of two or more numbers."""
    return Problem(
        method=f"Euclid, for {numbers}: divide one by the other, keep the remainder, go on until it is 0.",
        solve=lambda: math.gcd(*numbers),
        programs=(
            f"from math import gcd\nresult = gcd(*{numbers})",
            f"""
            result, *rest = {numbers}
            for b in rest:
                while b:
                    result, b = b, result % b
            """,
        ),
        hardness=sum(len(str(n)) for n in numbers) / 12,
    )


@family(
    r"(?:(?:least|lowest|smallest) common multiple|lcm)(?: of)? ?\(?<numbers:ints>\)?",
    r"smallest (?:positive )?(?:whole )?number (?:that is )?divisible by (?:both )?<numbers:ints>",
)
def lcm(numbers: list[int]) -> Problem:
    """The least common multiple of two or more numbers."""
    return Problem(
        method=f"For {numbers}: multiply, and divide by the common divisor, number by number.",
        solve=lambda: math.lcm(*numbers),
        programs=(
            f"from math import lcm\nresult = lcm(*{numbers})",
            f"from math import gcd\nresult = 1\nfor n in {numbers}:\n    result = result // gcd(result, n) * n",
        ),
        hardness=sum(len(str(n)) for n in numbers) / 8,
        misreadings=(lambda: math.prod(numbers),),
    )


_POWER = r"<b:int> ?(?:\^|\*\*|(?:raised )?to the power(?: of)?) ?<e:int>"


@family(
    *(rf"{number} ?(?:mod|modulo|%) ?<m:int>" for number in ("<b:int>", _POWER)),
    *(rf"remainder (?:when|if|of) {number} (?:is )?divided by <m:int>" for number in ("<b:int>", _POWER)),
    rf"last (?:<k:small> )?digits? of {_POWER}",
)
def remainder(b: int, e: int = 1, m: int | None = None, k: int = 1) -> Problem:
    """A number, or a power, modulo another; the last digits of a power."""
    modulus = 10 ** min(k, 100) if m is None else m
    require(modulus > 0 and e >= 0)
    return Problem(
        method=f"I square {b} again and again modulo {modulus} and multiply what the exponent {e} needs.",
        solve=lambda: pow(b, e, modulus),
        programs=(
            f"result = pow({b}, {e}, {modulus})",
            f"""
            result, base, exponent = 1 % {modulus}, {b} % {modulus}, {e}
            while exponent:
                if exponent & 1:
                    result = result * base % {modulus}
                base, exponent = base * base % {modulus}, exponent >> 1
            """,
        ),
        hardness=(0.8 * len(str(e)) if e > 1 else 0) + len(str(b)) * len(str(modulus)) / 12,
    )


@family(
    r"(?P<what>digit sum|sum of (?:all )?(?:the )?(?:decimal )?digits) (?:of|in) <e:expr>",
    r"(?P<what>number) of (?:decimal )?digits (?:of|in) <e:expr>",
    r"how many (?:decimal )?digits (?:does|has) <e:expr>(?: have)?",
)
def digits(e: ast.expr, what: str = "number") -> Problem:
    """The digit sum, or the number of digits, of a whole number: ``2024``, ``30!``, ``2^100``."""
    count = what.lower() == "number"
    start = f"{expression.imports(e)}\nn = abs({expression.python(e)})"

    def solve() -> int:
        text = str(abs(int(expression.evaluate(e))))
        return len(text) if count else sum(map(int, text))

    require(expression.whole(e))
    return Problem(
        method=f"I write out {expression.written(e)} and {'count' if count else 'add'} its digits.",
        solve=solve,
        programs=(
            f"{start}\nresult = {'len(str(n))' if count else 'sum(int(digit) for digit in str(n))'}",
            f"{start}\nresult = 0\nwhile n:\n    n, digit = divmod(n, 10)\n    result += {1 if count else 'digit'}",
        ),
        hardness=expression.hardness(e) + 0.2,
    )


@family(r"<n:ordinal> fibonacci number", r"fibonacci number (?:no\.? |number )?<n:int>")
def fibonacci(n: int) -> Problem:
    """The n-th Fibonacci number; the first two are 1."""

    def solve(n: int = n) -> int:
        a, b = 0, 1
        for _ in range(within(10_000, n)):
            a, b = b, a + b
        return a

    require(n > 0)
    return Problem(
        method=f"1, 1, 2, 3, 5, … I add the last two until I have {n} of them.",
        solve=solve,
        programs=(
            f"a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nresult = a",
            f"""
            def pair(n):  # F(n) and F(n + 1), by doubling
                if n == 0:
                    return 0, 1
                a, b = pair(n // 2)
                c, d = a * (2 * b - a), a * a + b * b
                return (d, c + d) if n % 2 else (c, d)
            result = pair({n})[0]
            """,
        ),
        hardness=n * n / 400,
        misreadings=(lambda: solve(n - 1), lambda: solve(n + 1)),
    )


_MULTIPLES = r"(?:multiples of|divisible by) <a:int>(?: or(?: of| by)? <b:int>)?"


@family(
    rf"sum of (?:all )?(?:the )?{_MULTIPLES} <strict:strict> <n:int>",
    rf"sum of (?:all )?(?:the )?(?:\w+ )?(?:numbers|integers) <strict:strict> <n:int> that are {_MULTIPLES}",
)
def multiples(a: int, n: int, strict: bool, b: int | None = None) -> Problem:
    """The sum of the multiples of one or two numbers below, or up to, a limit."""
    last, b = n - strict, b or a

    def triangle(step: int, last: int) -> int:
        return step * (last // step) * (last // step + 1) // 2

    def solve(last: int = last) -> int:
        return triangle(a, last) + triangle(b, last) - triangle(math.lcm(a, b), last)

    require(min(a, b, last) > 0)
    return Problem(
        method=f"Up to {last} I add the multiples of {a} and those of {b}, less those of both.",
        solve=solve,
        programs=(
            f"result = sum(n for n in range(1, {last} + 1) if n % {a} == 0 or n % {b} == 0)",
            f"result = sum(set(range({a}, {last} + 1, {a})) | set(range({b}, {last} + 1, {b})))",
        ),
        hardness=len(str(last)) / 2.5,
        misreadings=(lambda: solve(last + 1), lambda: solve() + triangle(math.lcm(a, b), last)),
    )
