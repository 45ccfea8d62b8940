"""Notation: Roman numerals, number bases, and the letters of words."""

import re

from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require

_ROMAN = dict(
    zip(("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), strict=True)
)  # fmt: skip
_BASES = {"binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_roman(n: int) -> str:
    """Write a number as a Roman numeral."""
    text = ""
    for sign, worth in _ROMAN.items():
        text, n = text + sign * (n // worth), n % worth
    return text


def in_base(n: int, base: int) -> str:
    """Write a number in a base from 2 to 36, with small letters."""
    text = ""
    while n:
        n, digit = divmod(n, base)
        text = _DIGITS[digit] + text
    return text or "0"


@family(
    r"(?:write |convert )?<n:int> (?:as an?|in|into|to) roman numerals?",
    r"roman numeral (?:for|of) <n:int>",
    r"how is <n:int> written in roman numerals",
)
def into_roman(n: int) -> Problem:
    """A number up to 3999 as a Roman numeral."""
    require(0 < n < 4000)
    return Problem(
        method=f"I take the largest signs from {n} one after the other.",
        solve=lambda: to_roman(n),
        programs=(
            f"""
            n, result = {n}, ""
            for sign, worth in {_ROMAN}.items():
                while n >= worth:
                    result, n = result + sign, n - worth
            """,
            f"""
            result = ""
            for digit, (one, five, ten) in zip(f"{{{n}:04d}}", ("M??", "CDM", "XLC", "IVX")):
                d = int(digit)
                result += one + ten if d == 9 else one + five if d == 4 else five * (d > 4) + one * (d % 5)
            """,
        ),
        hardness=len(to_roman(n)) / 10,
    )


@family(
    r"(?:(?:which|what) (?:number )?(?:is|does) (?:the )?)?roman numeral <numeral:word>"
    r"(?: in decimal| in arabic (?:numerals|digits)| stand for| mean| as a number)?",
    r"value of (?:the )?roman numeral <numeral:word>",
    r"(?:convert )?(?:the roman numeral )?<numeral:word> (?:to|into|in|as) (?:decimal|arabic numerals)",
)
def from_roman(numeral: str) -> Problem:
    """The value of a Roman numeral."""
    numeral = numeral.upper()
    value = sum(_ROMAN[sign] for sign in re.findall("CM|CD|XC|XL|IX|IV|[MDCLXVI]", numeral))
    require(to_roman(value) == numeral)
    return Problem(
        method=f"I add the signs of {numeral}; a smaller one before a larger is taken off.",
        solve=lambda: value,
        programs=(
            f"""
            worth = [dict(I=1, V=5, X=10, L=50, C=100, D=500, M=1000)[sign] for sign in "{numeral}"]
            result = sum(-a if a < b else a for a, b in zip(worth, worth[1:] + [0]))
            """,
            f"""
            import re
            worth = {_ROMAN}
            result = sum(worth[sign] for sign in re.findall("CM|CD|XC|XL|IX|IV|.", "{numeral}"))
            """,
        ),
        hardness=len(numeral) / 10,
    )


_NAMED = "|".join(_BASES)


@family(
    rf"(?:convert |write )?<n:int> (?:in|to|into|as) (?P<base>{_NAMED})(?: notation| number)?",
    r"(?:convert |write )?<n:int> (?:in|to|into) base <base:int>",
    rf"(?P<base>{_NAMED}) (?:form|representation|notation) of <n:int>",
)
def into_base(n: int, base: str | int) -> Problem:
    """A number written in another base, with small letters for digits above 9."""
    b = base if isinstance(base, int) else _BASES[base.lower()]
    require(n >= 0 and 2 <= b <= 36)
    return Problem(
        method=f"I divide {n} by {b} again and again and read the remainders backwards.",
        solve=lambda: in_base(n, b),
        programs=(
            f"""
            n, result = {n}, ""
            while n:
                n, digit = divmod(n, {b})
                result = "{_DIGITS}"[digit] + result
            result = result or "0"
            """,
            f"""
            write = lambda n: (write(n // {b}) if n >= {b} else "") + "{_DIGITS}"[n % {b}]
            result = write({n})
            """,
        ),
        hardness=len(in_base(n, b)) / 12,
    )


@family(
    rf"(?:convert )?(?:the )?(?P<base>{_NAMED}) number (?P<text>[0-9a-z]{{1,60}}) (?:in|to|into) (?:decimal|base 10)",
    r"(?:convert )?(?P<text>[0-9a-z]{1,60}) (?:from|in) base <base:int> (?:in|to|into) (?:decimal|base 10)",
    rf"decimal value of the (?P<base>{_NAMED}) number (?P<text>[0-9a-z]{{1,60}})",
)
def from_base(text: str, base: str | int) -> Problem:
    """The value of a number that is written in another base."""
    b = base if isinstance(base, int) else _BASES[base.lower()]
    value = int(text, b)  # raises ValueError if the digits are not of this base
    return Problem(
        method=f"Digit by digit I multiply by {b} and add.",
        solve=lambda: value,
        programs=(
            f"result = int('{text}', {b})",
            f"result = 0\nfor digit in '{text.lower()}':\n    result = result * {b} + '{_DIGITS}'.index(digit)",
        ),
        hardness=len(text) / 10,
    )


_LETTER = r"[\"'“‘]?(?P<letter>[a-z])[\"'”’]?"
_THE_WORD = r"(?:the )?(?:word )?<word:word>"


@family(
    rf"how (?:many times|often) does (?:the )?(?:letter )?{_LETTER} (?:occur|appear|come up) in {_THE_WORD}",
    rf"how many (?:letters )?{_LETTER}(?:['’]?s)? (?:are (?:there )?)?(?:in|has|does) {_THE_WORD}(?: have| contain)?",
    rf"how many letters (?:has|does|are (?:there )?in) {_THE_WORD}(?: have| contain)?",
    rf"number of letters (?:in|of) {_THE_WORD}",
)
def letters(word: str, letter: str = "") -> Problem:
    """How often a letter comes in a word, or how many letters it has."""
    text, letter = word.lower(), letter.lower()
    return Problem(
        method=f"I spell {word}: {'-'.join(text)}, and count{f' the letter {letter}' if letter else ''}.",
        solve=lambda: text.count(letter) if letter else len(text),
        programs=(
            f"result = {f'{text!r}.count({letter!r})' if letter else f'len({text!r})'}",
            f"result = 0\nfor letter in {text!r}:\n    result += {f'letter == {letter!r}' if letter else 1}",
        ),
        hardness=len(text) / 20,
    )


@family(
    rf"(?:reverse|reversed?(?: of)?) {_THE_WORD}",
    rf"{_THE_WORD} (?:spelt|spelled|written|read|in) (?:backwards?|reverse)",
    rf"(?:spell|write) {_THE_WORD} (?:backwards?|in reverse)",
    rf"(?:which|what) word (?:results|comes out) (?:if|when) {_THE_WORD} is (?:reversed|read backwards)",
)
def backwards(word: str) -> Problem:
    """A word spelt backwards."""
    return Problem(
        method=f"I read {'-'.join(word)} from the end.",
        solve=lambda: word[::-1],
        programs=(f"result = {word!r}[::-1]", f"result = ''\nfor letter in {word!r}:\n    result = letter + result"),
        hardness=len(word) / 12,
    )


@family(rf"is {_THE_WORD} a palindrome")
def palindrome(word: str) -> Problem:
    """Whether a word reads the same backwards."""
    text = word.lower()
    return Problem(
        method=f"I compare {text} with {text[::-1]}.",
        solve=lambda: text == text[::-1],
        programs=(
            f"result = 'yes' if {text!r} == {text!r}[::-1] else 'no'",
            f"w = {text!r}\nresult = 'yes' if all(w[i] == w[-1 - i] for i in range(len(w) // 2)) else 'no'",
        ),
        hardness=len(text) / 20,
    )
