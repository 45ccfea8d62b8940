r"""Values of formulas: exact while they are rational, else sampled at two fixed points; every step is bounded.

Formulas with equal samples are taken to be equal. At one point all symbols are positive, at the other all are negative,
so ``\sqrt{x^2}`` is ``|x|`` and not ``x``. Samples carry 40 digits of which 18 are compared, so neither a chance
agreement nor a rounding at the edge is to be expected.
"""

import math
import operator
import zlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

_MOST_BITS = 8_192  # of an exact value: numerator and denominator
_LARGEST_POWER = 50_000  # of 2, for a sample
_LARGEST_ANGLE = 1_000_000  # an angle is reduced first, and that costs digits
_LARGEST_FACTORIAL = 1_000
_DIGITS = 40
_COMPARED = 18
_NEGLIGIBLE = 1e-25
_LARGEST_DENOMINATOR = 10_000

Sample = Any  # mpmath's real or complex number, which has no type
Samples = tuple[Sample, ...]
Value = Fraction | Samples


class Unreadable(ValueError):
    """Not a formula, or one that is too large to evaluate."""


def symbol(name: str) -> Samples:
    """Return the samples of a symbol, fixed by its name; π, e and i are what they are everywhere."""
    context = _context()
    constants = {"π": +context.pi, "e": +context.e, "i": context.j}
    if name in constants:
        return (constants[name],) * 2
    return tuple(sign * (0.5 + context.mpf(zlib.crc32(f"{name}{sign}".encode())) / 2**32) for sign in (1, -1))


def apply(function: str, *arguments: Value) -> Value:
    """Apply an operator or a function, given by its name.

    Raises:
        Unreadable: The result is too large, or the function is not defined there.

    >>> apply("^", Fraction(2), Fraction(-1)), write(apply("sqrt", Fraction(2)))
    (Fraction(1, 2), '≈1.41421356237309505')
    """
    try:
        rational = [argument for argument in arguments if isinstance(argument, Fraction)]
        if len(rational) == len(arguments) and (exact := _exact(function, rational)) is not None:
            return bounded(exact)
        points = zip(*(_samples(argument) for argument in arguments), strict=True)
        return tuple(_chop(_approximate()[function](*point)) for point in points)
    except (ArithmeticError, ValueError, TypeError) as error:  # TypeError: complex numbers have no order
        raise Unreadable(f"{function} cannot be evaluated here") from error


def bounded(value: Fraction) -> Fraction:
    """Return `value`, if it has no more than about 2,400 digits.

    Raises:
        Unreadable: It has more.
    """
    if value.numerator.bit_length() + value.denominator.bit_length() > _MOST_BITS:
        raise Unreadable("the number is too large")
    return value


def is_constant(value: Value) -> bool:
    """Whether the value is the same whatever the symbols stand for."""
    return isinstance(value, Fraction) or abs(value[0] - value[1]) <= _NEGLIGIBLE * abs(value[0])


def simplify(value: Value) -> Value:
    r"""Return the samples of a rational constant as that rational: ``\sqrt{4}`` is 2, ``\sin(\pi/6)`` is 1/2."""
    if isinstance(value, Fraction) or not is_constant(value) or value[0].imag or abs(value[0]) > 10**12:
        return value
    mantissa, exponent = value[0].real.man_exp
    exact = Fraction(-mantissa if value[0] < 0 else mantissa) * Fraction(2) ** max(exponent, -1_000)
    near = exact.limit_denominator(_LARGEST_DENOMINATOR)
    return near if abs(exact - near) <= _NEGLIGIBLE * abs(near) else value


def write(value: Value) -> str:
    """Write a value such that equal values are written alike.

    >>> write(Fraction(-1, 2)), write(symbol("π"))
    ('-1/2', '≈3.14159265358979324')
    """
    if isinstance(value, Fraction):
        return str(value)
    return "≈" + _write(value[0]) if is_constant(value) else ";".join(map(_write, value))


def write_ratio(value: Value, *, keep_sign: bool) -> str:
    """Write a value such that its multiples are written alike, or only its positive multiples.

    >>> write_ratio(apply("*", symbol("x"), Fraction(-2)), keep_sign=False) == write_ratio(symbol("x"), keep_sign=False)
    True
    """
    first, second = _samples(value)
    if not first:
        raise Unreadable("zero has no ratio")
    scale = abs(first) if keep_sign else first
    return ";".join(_write(_chop(sample / scale)) for sample in (first, second))


def _write(sample: Sample) -> str:
    real, imaginary = (_context().nstr(part, _COMPARED) for part in (sample.real, sample.imag))
    return f"{real}+{imaginary}i" if sample.imag else real


@lru_cache(maxsize=1)
def _context() -> Any:
    from mpmath import MPContext

    context = MPContext()  # our own, so that nobody else's precision changes
    context.dps = _DIGITS
    return context


def _samples(value: Value) -> Samples:
    if isinstance(value, Fraction):
        return (_context().mpf(value.numerator) / value.denominator,) * 2
    return value


def _chop(sample: Sample) -> Sample:
    """Drop the part of a complex number that is nothing but rounding."""
    if not _context().isfinite(sample):
        raise ArithmeticError("not finite")
    noise = _NEGLIGIBLE * abs(sample)
    if abs(sample.imag) <= noise:
        return sample.real
    return sample if abs(sample.real) > noise else sample.imag * _context().j


def _exact(function: str, arguments: list[Fraction]) -> Fraction | None:
    match function, arguments:
        case "+" | "-" | "*" | "/", [left, right]:
            return Fraction(_ARITHMETIC[function](left, right))
        case "^", [base, exponent] if exponent.denominator == 1:
            size = max(base.numerator.bit_length(), base.denominator.bit_length()) if abs(base) != 1 else 0
            if size * abs(exponent) > _MOST_BITS:
                raise Unreadable("the power is too large")
            return Fraction(base ** (exponent.numerator if size else exponent.numerator % 2))
        case "!", [number] if number.denominator == 1 and 0 <= number <= _LARGEST_FACTORIAL:
            return Fraction(math.factorial(number.numerator))
        case "binom", [whole, part] if whole.denominator == part.denominator == 1 and 0 <= part <= whole:
            if whole > _LARGEST_FACTORIAL:
                raise Unreadable("the binomial is too large")
            return Fraction(math.comb(whole.numerator, part.numerator))
        case "%", [number]:
            return number / 100
        case "abs", [number]:
            return abs(number)
    return None


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@lru_cache(maxsize=1)
def _approximate() -> Mapping[str, Callable[..., Sample]]:
    """Return the functions on samples."""
    context = _context()
    of_angles = ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")
    others = ("asin", "acos", "atan", "log", "log10")
    return {
        **_ARITHMETIC,
        **{name: _rounded(_within(_LARGEST_ANGLE, getattr(context, name))) for name in of_angles},
        **{name: _rounded(getattr(context, name)) for name in others},
        "+": _add,
        "-": lambda left, right: _add(left, -right),
        "^": _power,
        "sqrt": _root,
        "exp": _within(_LARGEST_POWER // 2, context.exp),
        "!": _within(_LARGEST_FACTORIAL, context.factorial),
        "binom": _within(_LARGEST_FACTORIAL, context.binomial),
        "%": lambda number: number / 100,
        "°": lambda number: number * context.pi / 180,
        "abs": abs,
    }


def _within(limit: int, function: Callable[..., Sample]) -> Callable[..., Sample]:
    """Refuse arguments that would take `function` long."""

    def guarded(*arguments: Sample) -> Sample:
        if any(abs(argument) > limit for argument in arguments):
            raise Unreadable("the argument is too large")
        return function(*arguments)

    return guarded


def _rounded(function: Callable[..., Sample]) -> Callable[..., Sample]:
    """Make a zero of `function` a zero and a pole a pole: sin(π) is not 1e-41, nor is tan(π/2) 1e40."""

    def rounded(*arguments: Sample) -> Sample:
        result = function(*arguments)
        if abs(result) * _NEGLIGIBLE > 1:
            raise Unreadable("a pole")
        return 0 * result if abs(result) < _NEGLIGIBLE < _NEGLIGIBLE**0.5 < abs(arguments[0]) else result

    return rounded


def _add(left: Sample, right: Sample) -> Sample:
    total = left + right
    return 0 * total if abs(total) <= _NEGLIGIBLE * abs(left) else total


def _power(base: Sample, exponent: Sample) -> Sample:
    if base and abs(exponent) * max(1, abs(_context().mag(base))) > _LARGEST_POWER:
        raise Unreadable("the power is too large")
    return _context().power(base, exponent)


def _root(number: Sample, degree: Sample = 2) -> Sample:
    """Return the real root of a negative number where there is one, else the principal root."""
    if degree != int(degree.real) or not 1 <= degree <= 100:
        raise Unreadable("not a root")
    if not number.imag and number.real < 0 and degree % 2 == 1:
        return -_context().root(-number, int(degree))
    return _context().root(number, int(degree))
