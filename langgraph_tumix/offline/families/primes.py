"""Primes: the n-th, how many there are, whether a number is one, and what follows from its prime factors."""

import math
from collections.abc import Iterator

from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require, within


def primes(limit: int) -> Iterator[int]:
    """Yield the primes up to `limit`, which is at most 200,000."""
    sieve = bytearray([1]) * (within(200_000, limit) + 1)
    for n in range(2, limit + 1):
        if sieve[n]:
            yield n
            sieve[n * n :: n] = bytes(len(range(n * n, limit + 1, n)))


def factors(n: int) -> dict[int, int]:
    """Return the prime factors of a whole number up to 10^9 with their exponents."""
    found: dict[int, int] = {}
    p, rest = 2, within(10**9, n)
    while p * p <= rest:
        while rest % p == 0:
            found[p] = found.get(p, 0) + 1
            rest //= p
        p += 1
    return found | ({rest: found.get(rest, 0) + 1} if rest > 1 else {})


@family(r"<n:ordinal> prime(?: number)?", r"prime number (?:no\.? |number )?<n:int>")
def nth_prime(n: int) -> Problem:
    """The n-th prime number; the first is 2."""

    def solve(n: int = n) -> int:
        return list(primes(16 + 12 * within(9_000, n)))[n - 1]

    require(n > 0)
    return Problem(
        method=f"I list the primes 2, 3, 5, 7, … and count up to the one at place {n}.",
        solve=solve,
        programs=(
            f"""
            found, n = [], 1
            while len(found) < {n}:
                n += 1
                if all(n % p for p in found if p * p <= n):
                    found.append(n)
            result = n
            """,
            f"""
            limit = 16
            while True:
                sieve = bytearray([1]) * (limit + 1)
                for p in range(2, int(limit**0.5) + 1):
                    sieve[p * p :: p] = bytes(len(range(p * p, limit + 1, p)))
                if sum(sieve) - 2 >= {n}:  # 0 and 1 are no primes
                    break
                limit *= 2
            result = [n for n in range(2, limit + 1) if sieve[n]][{n} - 1]
            """,
        ),
        hardness=n / 20,
        misreadings=(lambda: solve(n + 1), lambda: solve(max(n - 1, 1))),
    )


@family(
    r"how many (?:primes|prime numbers) (?:are |lie |exist )?(?:there )?<strict:strict> <high:int>",
    r"how many (?:primes|prime numbers) (?:are |lie |exist )?(?:there )?between <low:int> and <high:int>",
    r"number of (?:primes|prime numbers) <strict:strict> <high:int>",
    r"number of (?:primes|prime numbers) between <low:int> and <high:int>",
)
def count_primes(high: int, low: int = 0, strict: bool = False) -> Problem:
    """How many primes lie below, up to, or between (both ends included) given numbers."""
    last = high - strict

    def solve() -> int:
        return sum(p >= low for p in primes(last))

    require(0 <= low <= last)
    return Problem(
        method=f"I sieve the numbers from {max(low, 2)} to {last} and count what is left.",
        solve=solve,
        programs=(
            f"""
            is_prime = lambda n: n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))
            result = sum(is_prime(n) for n in range({low}, {last} + 1))
            """,
            f"""
            sieve = [n > 1 for n in range({last} + 1)]
            for p in range(2, len(sieve)):
                if sieve[p]:
                    for multiple in range(p * p, len(sieve), p):
                        sieve[multiple] = False
            result = sum(sieve[{low}:])
            """,
        ),
        hardness=(last - low) / 80,
        misreadings=(lambda: solve() + 1,),
    )


@family(r"is (?:the number )?<n:int> (?:a )?prime(?: number)?", r"whether <n:int> is (?:a )?prime(?: number)?")
def is_prime(n: int) -> Problem:
    """Whether a number is prime."""
    return Problem(
        method=f"I try to divide {n} by the primes up to its square root.",
        solve=lambda: factors(max(n, 0)) == {n: 1},
        programs=(
            f"n = {n}\nresult = 'yes' if n > 1 and all(n % d for d in range(2, int(n**0.5) + 1)) else 'no'",
            f"""
            n, d = {n}, 2
            while d * d <= n and n % d:
                d += 1
            result = "yes" if n > 1 and d * d > n else "no"
            """,
        ),
        hardness=(len(str(n)) - 1) / 2,
    )


_SPLIT = """
n, p, found = {n}, 2, []
while p * p <= n:
    if n % p:
        p += 1
    else:
        found.append(p)
        n //= p
found += [n] * (n > 1)
"""
_SPLIT_BY_SMALLEST = """
smallest = lambda n: next((p for p in range(2, int(n**0.5) + 1) if n % p == 0), n)
n, found = {n}, []
while n > 1:
    found.append(smallest(n))
    n //= found[-1]
"""
_POWERS = 'result = " * ".join(f"{p}^{found.count(p)}" if found.count(p) > 1 else str(p) for p in sorted(set(found)))'


@family(
    r"prime factori[sz]ation of <n:int>",
    r"(?P<which>largest|greatest|smallest|least) prime (?:factor|divisor) of <n:int>",
    r"(?:write|factori[sz]e|factor|split) <n:int>(?: as a product of primes| into primes| into prime factors)?",
)
def factorisation(n: int, which: str = "") -> Problem:
    """The prime factors of a number: all as ``2^3 * 5``, or the largest or the smallest."""
    extreme = {"": None, "largest": max, "greatest": max}.get(which.lower(), min)

    def solve() -> object:
        found = factors(n)
        return extreme(found) if extreme else " * ".join(f"{p}^{e}" if e > 1 else f"{p}" for p, e in found.items())

    wanted = f"result = {extreme.__name__}(found)" if extreme else _POWERS
    require(n > 1)
    return Problem(
        method=f"I divide {n} by 2, 3, 5, 7, … as often as each goes.",
        solve=solve,
        programs=(_SPLIT.format(n=n) + wanted, _SPLIT_BY_SMALLEST.format(n=n) + wanted),
        hardness=len(str(n)) / 3,
    )


@family(
    r"(?P<what>number|sum) of (?:all )?(?:the )?(?:positive )?divisors of <n:int>",
    r"how many (?:positive )?divisors (?:does|has) <n:int>(?: have)?",
)
def divisors(n: int, what: str = "number") -> Problem:
    """How many divisors a number has, or their sum; 1 and the number itself count."""
    count = what.lower() == "number"
    require(n > 0)
    return Problem(
        method=f"I split {n} into prime powers; what they have of divisors multiplies.",
        solve=lambda: math.prod(e + 1 if count else (p ** (e + 1) - 1) // (p - 1) for p, e in factors(n).items()),
        programs=(
            f"result = sum({1 if count else 'd'} for d in range(1, {n} + 1) if {n} % d == 0)",
            f"""
            n, found = {n}, set()
            for d in range(1, int(n**0.5) + 1):
                if n % d == 0:
                    found |= {{d, n // d}}
            result = {"len" if count else "sum"}(found)
            """,
        ),
        hardness=len(str(n)) / 2,
    )
