"""Questions of every family with numbers that nobody has seen, and their true answers, computed here."""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

Case = tuple[str, Any]
Family = Callable[[random.Random], Case]
FAMILIES: dict[str, Family] = {}


def family(make: Family) -> Family:
    FAMILIES[make.__name__] = make
    return make


def said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


def a_date(r: random.Random) -> date:
    return date(r.randint(1600, 2200), r.randint(1, 12), r.randint(1, 28))


def written(day: date, r: random.Random) -> str:
    month = day.strftime("%B")
    return r.choice([f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", day.isoformat()])


@family
def expression(r: random.Random) -> Case:
    a, b, c = r.randint(2, 9999), r.randint(2, 999), r.randint(2, 99)
    return r.choice(
        [
            (f"What is {a:,} * {b} - {c}?", a * b - c),
            (f"Compute ({a} + {b}) * {c}^3.", (a + b) * c**3),
            (f"What is {a} divided by {b}?", Fraction(a, b)),
            (f"What is {a} plus {b} times {c}?", a + b * c),
            (f"What is {c}! / {c - 1}!?", c),
            (f"And what is {b} * {c}?", b * c),
            (f"Hello! Would you compute {a} minus {b}, please?", a - b),
            (f"Now please, tell me: how much is {a} + {b}? Just the number, please.", a + b),
            (f"What is {a}.5 - {b}/{c}?", Fraction(2 * a + 1, 2) - Fraction(b, c)),
            (f"What is the product of {a} and {b}?", a * b),
            (f"What is the difference between {b} and {a}?", abs(a - b)),
        ]
    )


@family
def rounding(r: random.Random) -> Case:
    a, b = r.randint(2, 9999), r.choice([3, 7, 9, 11, 13])
    two = Fraction(math.floor(Fraction(a, b) * 100 + Fraction(1, 2)), 100)
    return r.choice(
        [
            (f"What is {a} / {b} rounded to two decimal places?", two),
            (
                f"What is {a} divided by {b}, rounded to the nearest whole number?",
                math.floor(Fraction(a, b) + Fraction(1, 2)),
            ),
        ]
    )


@family
def percentage(r: random.Random) -> Case:
    p, n = r.randint(1, 99), r.randint(20, 5000)
    return r.choice(
        [
            (f"What is {p}% of {n}?", Fraction(p * n, 100)),
            (f"What percentage of {n} is {p}?", Fraction(100 * p, n)),
            (f"What is {n} reduced by {p} %?", Fraction((100 - p) * n, 100)),
        ]
    )


@family
def equation(r: random.Random) -> Case:
    a, b, c, d = r.randint(2, 30), r.randint(1, 99), r.randint(-9, 1), r.randint(1, 99)
    x = Fraction(d - b, a - c)
    return r.choice(
        [
            (f"Solve {a}x + {b} = {c}x + {d} for x.", x),
            (f"For which x is {a}(x - {b}) = {d}?", Fraction(d, a) + b),
            (f"If {a}x - {b} = {d}, what is x?", Fraction(d + b, a)),
        ]
    )


@family
def power_modulo(r: random.Random) -> Case:
    b, e, m, k = r.randint(2, 999), r.randint(2, 9999), r.randint(3, 99_999), r.randint(2, 6)
    return r.choice(
        [
            (f"What is {b}^{e} mod {m}?", pow(b, e, m)),
            (f"What is the remainder when {b} to the power of {e} is divided by {m}?", pow(b, e, m)),
            (f"What is the remainder when {b * e} is divided by {m}?", b * e % m),
            (f"What are the last {k} digits of {b}^{e}?", pow(b, e, 10**k)),
        ]
    )


@family
def gcd_and_lcm(r: random.Random) -> Case:
    numbers = [r.randint(2, 9999) * r.choice([2, 3, 6]) for _ in range(r.choice([2, 3]))]
    listed = ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
    return r.choice(
        [
            (f"What is the greatest common divisor of {listed}?", math.gcd(*numbers)),
            (f"Find the lcm of {listed}.", math.lcm(*numbers)),
        ]
    )


@family
def primes(r: random.Random) -> Case:
    n, low, high = r.randint(1, 300), r.randint(2, 500), r.randint(600, 3000)
    odd = r.randint(500, 50_000) * 2 + 1
    return r.choice(
        [
            (f"What is prime number {n}?", [p for p in range(2, 2000) if is_prime(p)][n - 1]),
            (f"How many prime numbers are there below {high:,}?", sum(map(is_prime, range(high)))),
            (f"How many primes lie between {low} and {high}?", sum(map(is_prime, range(low, high + 1)))),
            (f"Is {odd} a prime number?", is_prime(odd)),
        ]
    )


@family
def factors(r: random.Random) -> Case:
    n = r.randint(2, 60_000)
    divisors = [d for d in range(1, n + 1) if n % d == 0]
    split = {p: max(e for e in range(1, 17) if n % p**e == 0) for p in divisors if is_prime(p)}
    return r.choice(
        [
            (
                f"What is the prime factorisation of {n}?",
                " * ".join(f"{p}^{e}" if e > 1 else f"{p}" for p, e in split.items()),
            ),
            (f"What is the largest prime factor of {n}?", max(split)),
            (f"How many divisors does {n} have?", len(divisors)),
            (f"What is the sum of the divisors of {n}?", sum(divisors)),
        ]
    )


@family
def digits(r: random.Random) -> Case:
    n, b, e = r.randint(5, 90), r.randint(2, 30), r.randint(2, 90)
    return r.choice(
        [
            (f"What is the digit sum of {n}!?", sum(map(int, str(math.factorial(n))))),
            (f"What is the sum of the digits of {b}^{e}?", sum(map(int, str(b**e)))),
            (f"How many digits does {b}^{e} have?", len(str(b**e))),
        ]
    )


@family
def fibonacci(r: random.Random) -> Case:
    n = r.randint(3, 120)
    row = [1, 1]
    while len(row) < n:
        row.append(row[-1] + row[-2])
    return f"What is the {n}th Fibonacci number?", row[n - 1]


@family
def multiples(r: random.Random) -> Case:
    a, b = r.randint(2, 12), r.randint(2, 12)
    n = a * r.randint(10, 400)  # so that it matters whether the limit itself counts
    both = sum(k for k in range(n) if k % a == 0 or k % b == 0)
    return r.choice(
        [
            (f"Find the sum of all the multiples of {a} or {b} below {n}.", both),
            (f"What is the sum of the natural numbers up to {n} that are divisible by {a}?", sum(range(0, n + 1, a))),
        ]
    )


@family
def counting(r: random.Random) -> Case:
    n, k = r.randint(5, 15), r.randint(1, 5)
    word = "".join(r.choice("aabbcde") for _ in range(r.randint(3, 7)))
    return r.choice(
        [
            (f"How many shortest paths are there from corner to corner of a {n} by {k} grid?", math.comb(n + k, k)),
            (f"In how many ways can a team of {k} be chosen from {n} people?", math.comb(n, k)),
            (f"What is {n} choose {k}?", math.comb(n, k)),
            (f"In how many ways can the letters of the word {word} be arranged?", len(set(permutations(word)))),
            (f"In how many orders can {k} books be placed on a shelf?", len(list(permutations(range(k))))),
            (f"How many distinct arrangements of the letters of {word} are there?", len(set(permutations(word)))),
            (f"{n} people shake hands once with everyone else. How many handshakes are there?", n * (n - 1) // 2),
            (f"At a party {n} guests shake hands, each with everyone once. How many handshakes?", n * (n - 1) // 2),
        ]
    )


@family
def calendar(r: random.Random) -> Case:
    a, b, n = a_date(r), a_date(r), r.randint(1, 2000)
    return r.choice(
        [
            (
                f"How many days are there between {written(min(a, b), r)} and {written(max(a, b), r)}?",
                abs((b - a).days),
            ),
            (f"On which day of the week was {written(a, r)}?", a.strftime("%A")),
            (f"Which date is {n} days after {written(a, r)}?", a + timedelta(days=n)),
            (f"Which date was {n} days before {written(a, r)}?", a - timedelta(days=n)),
            (f"How many years passed between {min(a, b).year} and {max(a, b).year}?", abs(a.year - b.year)),
        ]
    )


@family
def stories(r: random.Random) -> Case:
    a, b, m, n = r.randint(20, 120), r.randint(20, 120), r.randint(2, 9), r.randint(2, 9)
    p, q = Fraction(r.randint(50, 900), 100), Fraction(r.randint(50, 900), 100)
    return r.choice(
        [
            (f"A train travels at {a} km/h for {m}.5 hours. How far does it go?", a * Fraction(2 * m + 1, 2)),
            (
                f"Two trains are {m * 100} km apart and drive towards each other at {a} km/h and {b} km/h. "
                "After how many hours do they meet?",
                Fraction(m * 100, a + b),
            ),
            (
                f"A notebook costs {float(p):.2f} and a pen {float(q):.2f}. "
                f"How much do {m} notebooks and {n} pens cost together?",
                m * p + n * q,
            ),
            (
                f"Mara buys {m} pens at {float(q):.2f} each and pays with a 100 crown note. "
                "How much change does she get back?",
                100 - m * q,
            ),
            (
                f"{m} litres of a 20% salt solution are mixed with {n} litres of a 60% salt solution. "
                "What is the concentration of the mixture in percent?",
                Fraction(20 * m + 60 * n, m + n),
            ),
        ]
    )


ROMAN = {
    1000: ("", "M", "MM", "MMM"),
    100: ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"),
    10: ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
    1: ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
}


@family
def notation(r: random.Random) -> Case:
    n, base = r.randint(1, 3999), r.randint(2, 16)
    roman = "".join(signs[n // worth % 10] for worth, signs in ROMAN.items())
    in_base = "".join("0123456789abcdef"[n // base**k % base] for k in range(12, -1, -1)).lstrip("0")
    return r.choice(
        [
            (f"Write {n} as a Roman numeral.", roman),
            (f"What number is the Roman numeral {roman}?", n),
            (f"Convert {n} to base {base}.", in_base),
            (f"What is {n} in binary?", f"{n:b}"),
            (f"What is the hexadecimal number {n:x} in decimal?", n),
        ]
    )
