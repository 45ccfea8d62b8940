"""Arithmetic as people write it: read into a tree, worked out exactly within bounds, and written as Python."""

import ast
import math
import re
from collections.abc import Callable
from fractions import Fraction

MOST_BITS = 14_000
"""Size of the numbers that are worked out here: Python prints no more than 4,300 digits."""

_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_SPELT = (
    (r"(?:raised )?to the power(?: of)?", "**"),
    (r"multiplied by|times", "*"),
    (r"divided by", "/"),
    (r"plus", "+"),
    (r"minus", "-"),
    (r"squared", "**2"),
    (r"cubed", "**3"),
    (r"[×·]|(?<=\d)\s*x\s*(?=\d)", "*"),
    (r"[÷]", "/"),
    (r"\^", "**"),
    (r"[−–]", "-"),
    (r"(?<=\d),(?=\d{3})", ""),
    (r"(\d+)\s*!|factorial of (\d+)", r"factorial(\1\2)"),
    (r"(?<=[\dx)])\s*(?=[x(])", "*"),
)


def parse(text: str, *, unknown: bool = False) -> ast.expr:
    """Read an arithmetic expression; with `unknown`, ``x`` may stand for a number.

    Raises:
        ValueError: It is none.
    """
    if len(text) > 300:
        raise ValueError("too long for an expression")
    text = text.strip().lower()
    for spelt, sign in _SPELT:
        text = re.sub(spelt, sign, text)
    if not re.fullmatch(r"(?:[\d\s.+*/()x-]|factorial)+", text):
        raise ValueError("not arithmetic")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError("not arithmetic") from None
    _check(tree, unknown)
    return tree


def _check(node: ast.expr, unknown: bool) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id="x") if unknown:
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, unknown)
        case ast.Call(func=ast.Name(id="factorial"), args=[argument], keywords=[]):
            _check(argument, unknown)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            _check(left, unknown)
            _check(right, unknown)
        case _:
            raise ValueError("not arithmetic")


def evaluate(node: ast.expr, x: Fraction = Fraction(0)) -> Fraction:
    """Work out a tree exactly.

    Raises:
        ArithmeticError: It has no value (a division by zero), or one of more than `MOST_BITS` bits.
        ValueError: A power or factorial is not one of whole numbers.
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return Fraction(str(number))
        case ast.UnaryOp(op=op, operand=operand):
            return -evaluate(operand, x) if isinstance(op, ast.USub) else evaluate(operand, x)
        case ast.Call(args=[argument]):
            return _bounded(_factorial(evaluate(argument, x)))
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_apply(op, evaluate(left, x), evaluate(right, x)))
        case _:
            return x


def _apply(op: ast.operator, a: Fraction, b: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
    if b.denominator != 1:
        raise ValueError("a root is not exact")
    if abs(b) * max(a.numerator.bit_length(), a.denominator.bit_length()) > 2 * MOST_BITS:
        raise OverflowError("too long for pen and paper")
    return Fraction(a ** int(b))


def _factorial(n: Fraction) -> Fraction:
    if n.denominator != 1 or n < 0:
        raise ValueError("a factorial needs a whole number")
    return Fraction(math.factorial(min(int(n), 2000)))  # 2000! is beyond `MOST_BITS`, and so is what is larger


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise OverflowError("too long for pen and paper")
    return value


def decimal(value: Fraction) -> str:
    """Write a number as a whole number or a decimal fraction if it is one, else as a ratio.

    >>> decimal(Fraction(-1, 8)), decimal(Fraction(1, 3))
    ('-0.125', '1/3')
    """
    rest, places = value.denominator, 0
    while places < 12 and 10**places % rest:
        places += 1
    if 10**places % rest:
        return str(value)
    digits = str(abs(value.numerator) * 10**places // rest).zfill(places + 1)
    whole, tail = (digits[:-places], digits[-places:]) if places else (digits, "")
    return ("-" if value < 0 else "") + (f"{whole}.{tail}" if tail else whole)


def whole(tree: ast.expr) -> bool:
    """Whether only whole numbers can come up: no division, decimal or power of a negative exponent."""
    for node in ast.walk(tree):
        match node:
            case ast.Div() | ast.Constant(value=float()):
                return False
            case ast.BinOp(op=ast.Pow(), right=exponent) if not isinstance(exponent, ast.Constant):
                return False
    return True


def fold(tree: ast.expr, step: Callable[[str, ast.expr], str], leaf: Callable[[str], str] = str) -> str:
    """Write a tree from the inside out.

    Args:
        tree: The expression.
        step: Gets each operation, its operands written already, and the operation's tree; returns what stands for it.
        leaf: Writes a number, or a factorial.
    """
    match tree:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=number)):
            return f"(-{leaf(str(number))})"
        case ast.UnaryOp(op=op, operand=operand):
            inner = fold(operand, step, leaf)
            return step(f"-{inner}", tree) if isinstance(op, ast.USub) else inner
        case ast.Call(args=[argument]):
            return step(leaf(f"factorial({fold(argument, step)})"), tree)
        case ast.BinOp(left=left, op=op, right=right):
            return step(f"{fold(left, step, leaf)} {_SIGNS[type(op)]} {fold(right, step, leaf)}", tree)
        case ast.Constant(value=number):
            return leaf(str(number))
        case _:
            return "x"


def written(tree: ast.expr, leaf: Callable[[str], str] = str) -> str:
    """Write a tree in one line, with brackets round every operation but the last."""
    text = fold(tree, lambda text, node: text if isinstance(node, ast.Call) else f"({text})", leaf)
    return text[1:-1] if isinstance(tree, ast.BinOp) else text


def python(tree: ast.expr) -> str:
    """Write a tree as one exact Python expression; it needs what `imports` brings."""
    return written(tree, _python_leaf(tree))


def stepwise(tree: ast.expr) -> str:
    """Write a tree as a Python program of one operation a line that leaves its value in ``result``."""
    lines: list[str] = []

    def step(operation: str, _: ast.expr) -> str:
        lines.append(f"step{len(lines) + 1} = {operation}")
        return f"step{len(lines)}"

    value = fold(tree, step, _python_leaf(tree))
    return "\n".join([*lines, f"result = {value}"])


def _python_leaf(tree: ast.expr) -> Callable[[str], str]:
    return str if whole(tree) else lambda text: f"Fraction('{text}')" if "." in text else f"Fraction({text})"


def imports(tree: ast.expr) -> str:
    """Return the imports that `python` and `stepwise` need."""
    factorial = any(isinstance(node, ast.Call) for node in ast.walk(tree))
    lines = ["from math import factorial"] if factorial else []
    return "\n".join(lines if whole(tree) else ["from fractions import Fraction", *lines])


def intermediate(tree: ast.expr) -> list[str]:
    """Return the steps of working a tree out by hand, with their values, but for the last; none if it is too long."""
    steps: list[str] = []

    def step(operation: str, node: ast.expr) -> str:
        value = decimal(evaluate(node))
        steps.append(f"{operation} = {value}")
        return value if not value.startswith("-") else f"({value})"

    try:
        fold(tree, step)
    except (ArithmeticError, ValueError):
        return []
    return [text for text in steps[:-1] if len(text) < 120]


def hardness(tree: ast.expr) -> float:
    """Return how easily a tree goes wrong by hand: by the digits that have to be handled."""
    total = 0.0
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
                total += max(_digits(left), _digits(right)) / 15
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
                total += _digits(left) * _digits(right) / 8
            case ast.BinOp() | ast.Call():
                total += _digits(node) ** 2 / 8
    return total


def _digits(node: ast.expr) -> int:
    try:
        return len(decimal(evaluate(node)).replace(".", "").strip("-0"))
    except (ArithmeticError, ValueError):
        return 100
