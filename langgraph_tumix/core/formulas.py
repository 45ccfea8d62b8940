r"""Formulas in plain or LaTeX notation, read straight into their value.

Why a reader of our own: what agents write is hostile until shown otherwise, and it is read on the event loop. sympy's
parser evaluates its input as Python, and the LaTeX grammar of math-verify takes 5 to 500 ms for a new formula and
minutes for ``\binom{1000000}{500000}``; neither can be stopped from within. Here every step is bounded by
construction, and the tests compare the verdicts with math-verify's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from langgraph_tumix.core.notation import FUNCTIONS, GREEK
from langgraph_tumix.core.values import Unreadable, Value, apply, bounded, simplify, symbol

LONGEST = 1_000
"""Characters; a longer text is not read as a formula."""

_DEEPEST = 30
_TOKEN = re.compile(
    r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4}(?![\d.]))?"  # a number
    r"|\\?[A-Za-z]+|[α-ωΑ-Ω]"  # a name or a command
    r"|\S)"
)
_DIGITS = frozenset("0123456789")
_LETTER = re.compile("[A-Za-zα-ωΑ-Ω]")
_DIFFERENTIAL = re.compile("d[A-Za-zα-ω]")
_COMMA_GROUPS = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}(?:(?:,\d{3})+|(?:'\d{3})+|(?:_\d{3})+|(?:,\d\d)+,\d{3})(?![,']?\d)"
)
_SPACE_GROUPS = re.compile(r"(?<![\d.,/_^])[1-9]\d{0,2}(?: \d{3})+(?![,']?\d|\s*/)")
_DOT_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:(?:\.\d{3})+(?=,\d)|(?:\.\d{3}){2,})(?:,\d+)?(?![\d.,])")
_ZERO_COMMA = re.compile(r"(?<![\d.,])0,(?=\d+(?![\d,]))")
_MIXED = re.compile(r"(?<![\d.^/*_])(\d+) (\d+)/(\d+)(?![\d.])")
_REPEATING = re.compile(r"(?<![\d.])(\d*)\.(\d*)\\overline\s*\{(\d+)\}")
_X_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|"}
_ALIASES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "ln": "log", "lg": "log10"}


def read(text: str) -> Value:
    r"""Return the value of a formula.

    Signs of multiplication may be left out (``2x``), fractions may be mixed (``2 1/2``), digits grouped (``1,234``).
    A number never follows a letter, so ``H2O`` is no formula, and four letters or more are a word, not a product.

    Raises:
        Unreadable: `text` is not a formula, or it is too large to evaluate.

    >>> read(r"\frac12 + 0.1"), read("2 1/2"), read(r"\sqrt{2}^2")
    (Fraction(3, 5), Fraction(5, 2), Fraction(2, 1))
    """
    if len(text) > LONGEST:
        raise Unreadable("too long")
    return simplify(_Reader(_tokens(text)).formula())


def _tokens(text: str) -> list[str]:
    text = _COMMA_GROUPS.sub(lambda match: re.sub("[,'_]", "", match[0]), text)
    text = _DOT_GROUPS.sub(lambda match: match[0].replace(".", "").replace(",", "."), text)
    text = _SPACE_GROUPS.sub(lambda match: match[0].replace(" ", ""), text)
    text = _MIXED.sub(r"(\1+\2/\3)", _ZERO_COMMA.sub("0.", text))
    text = _REPEATING.sub(lambda match: _repeating(*match.groups()), text)
    words = _TOKEN.findall(_X_TEN.sub("*", text).replace("**", "^"))
    return [part for word in words for part in (word if _is_product(word) else [word])]


def _is_product(word: str) -> bool:
    """Whether a word is a product of symbols: no name, and too short for prose."""
    is_name = word in FUNCTIONS or word in GREEK or _DIFFERENTIAL.fullmatch(word)
    return 1 < len(word) <= 3 and word.isalpha() and not is_name


def _repeating(whole: str, once: str, again: str) -> str:
    r"""Write a repeating decimal as a fraction: ``0.1\overline{6}`` is (16 - 1)/90."""
    return f"({int(whole + once + again)}-{int(whole + once or 0)})/{'9' * len(again)}{'0' * len(once)}"


class _Reader:
    """Recursive descent over tokens; the methods are the grammar, the loosest binding first."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._depth = 0
        self._in_bars = False

    def formula(self) -> Value:
        value = self._sum()
        if self._here:
            raise Unreadable(f"unexpected {self._here!r}")
        return value

    @property
    def _here(self) -> str:
        """The token to be read next; empty at the end."""
        return self._tokens[self._at]

    def _take(self, wanted: str = "") -> str:
        word = self._here
        if not word or (wanted and word != wanted):
            raise Unreadable(f"unexpected {word!r}")
        self._at += 1
        return word

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("nested too deeply")
        yield
        self._depth -= 1

    def _sum(self) -> Value:
        value = self._product()
        while self._here in ("+", "-"):
            value = apply(self._take(), value, self._product())
        return value

    def _product(self) -> Value:
        value = self._signed()
        while self._here in ("*", "/") or self._factor_follows():
            if self._here in ("*", "/"):
                value = apply(self._take(), value, self._signed())
            else:
                value = apply("*", value, self._power())
        return value

    def _factor_follows(self) -> bool:
        """Whether a factor without a sign comes next; it cannot be a number: neither 2 3 nor x2 is a product."""
        return self._here[:1].isalpha() or self._here[:1] in ("(", "[", "{", "\\", "" if self._in_bars else "|")

    def _signed(self) -> Value:
        negative = False
        while self._here in ("+", "-"):
            negative ^= self._take() == "-"
        return apply("*", Fraction(-1), self._power()) if negative else self._power()

    def _power(self) -> Value:
        value = self._atom()
        while self._here in ("!", "%", "°"):
            value = apply(self._take(), value)
        if self._here != "^":
            return value
        self._take()
        with self._deeper():
            return apply("^", value, self._signed())

    def _atom(self) -> Value:
        word = self._take()
        with self._deeper():
            if word[0] in _DIGITS or word[0] == "." != word:
                return self._number(word)
            if word in ("(", "[", "{") or (word == "|" and not self._in_bars):
                value = self._rest_of_group(_CLOSING[word])
                return apply("abs", value) if word == "|" else value
            if _LETTER.match(word) or word[0] == "\\" != word:
                return self._named(word.lstrip("\\"), command=word[0] == "\\")
        raise Unreadable(f"unexpected {word!r}")

    def _rest_of_group(self, closing: str) -> Value:
        outer, self._in_bars = self._in_bars, closing == "|"
        value = self._sum()
        self._take(closing)
        self._in_bars = outer
        return value

    def _number(self, word: str) -> Value:
        digits, _, exponent = word.lower().partition("e")
        value = bounded(Fraction(digits) * Fraction(10) ** int(exponent or 0))
        if self._here != "\\frac":
            return value
        fraction = self._atom()
        is_mixed = value.denominator == 1 and isinstance(fraction, Fraction) and 0 < fraction < 1
        return apply("+" if is_mixed else "*", value, fraction)

    def _named(self, name: str, *, command: bool) -> Value:
        if command and name in ("frac", "binom"):
            return apply("/" if name == "frac" else name, self._argument(), self._argument())
        if name in FUNCTIONS:
            return self._call(name)
        name = GREEK.get(name, name)
        if command or not (len(name) == 1 or _DIFFERENTIAL.fullmatch(name)):
            raise Unreadable(f"{name!r} is unknown")
        return symbol(name + self._subscript())

    def _subscript(self) -> str:
        if self._here != "_":
            return ""
        self._take()
        index = self._take()
        if index != "{":
            return f"_{index}"
        index = ""
        while self._here != "}":
            index += self._take()
        self._take()
        return f"_{index}"

    def _argument(self) -> Value:
        r"""Read what a LaTeX command takes: a group, or one character, so that ``\frac12`` is a half."""
        word = self._here
        if len(word) > 1 and set(word) <= _DIGITS:
            self._tokens[self._at] = word[1:]
            return Fraction(word[0])
        return self._atom()

    def _call(self, name: str) -> Value:
        if name == "sqrt":
            return self._root()
        base: tuple[Value, ...] = ()
        if name == "log" and self._here == "_":
            self._take()
            base = (self._argument(),)
        power: Value | None = None
        if self._here == "^":
            self._take()
            power = self._signed()
        if power == -1:  # sin^{-1} is the inverse function, not the reciprocal
            return apply("a" + name, self._operand())
        value = apply(_ALIASES.get(name, name), self._operand(), *base)
        return value if power is None else apply("^", value, power)

    def _root(self) -> Value:
        if self._here != "[":
            return apply("sqrt", self._atom())
        self._take()
        degree = self._rest_of_group("]")
        return apply("sqrt", self._atom(), degree)

    def _operand(self) -> Value:
        """Read what a function is applied to: a group, or the factors up to the next function or sign."""
        if self._here in ("(", "[", "{"):
            return self._atom()
        value = self._power()
        while self._here[:1].isalpha() and self._here not in FUNCTIONS:
            value = apply("*", value, self._power())
        return value
