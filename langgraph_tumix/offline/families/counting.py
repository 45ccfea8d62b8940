"""Counting: paths, choices, orders, arrangements of letters, handshakes."""

import math
from collections import Counter

from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require, within

_PATHS = r"(?:how many|number of) (?:different )?(?:shortest |lattice )*paths"


@family(
    rf"{_PATHS} (?:\w+ ){{0,14}}?<a:int>(?: ?[x×] ?| by )<b:int> grid.{{0,120}}",
    rf"{_PATHS} (?:\w+ ){{0,2}}?from \(0, ?0\) to \(<a:int>, ?<b:int>\).{{0,120}}",
)
def paths(a: int, b: int) -> Problem:
    """Shortest paths from corner to corner of a grid of so many squares."""
    require(min(a, b) > 0)
    return Problem(
        method=f"Each path has {a + b} steps, and {a} of them go one way: I choose which.",
        solve=lambda: math.comb(within(2000, a + b), a),
        programs=(
            f"from math import comb\nresult = comb({a} + {b}, {a})",
            f"""
            ways = [1] * ({b} + 1)
            for _ in range({a}):
                for j in range(1, {b} + 1):
                    ways[j] += ways[j - 1]
            result = ways[{b}]
            """,
        ),
        hardness=(a + b) / 8,
        misreadings=(lambda: math.comb(a + b - 2, a - 1), lambda: math.comb(a + b + 1, a)),
    )


_WAYS = r"(?:in )?how many (?:different )?ways"


@family(
    r"<n:int> choose <k:int>",
    r"binomial coefficient \(?<n:int>(?: over |, ?| and | choose )<k:int>\)?",
    rf"{_WAYS} (?:are there )?to (?:choose|pick|select) <k:small>(?: \w+)? (?:from|out of|among) <n:small>(?: \w+)?",
    rf"{_WAYS} can (?:a \w+ of )?<k:small>(?: \w+)? be (?:chosen|picked|selected|formed) (?:from|out of|among) "
    r"<n:small>(?: \w+)?",
)
def choices(n: int, k: int) -> Problem:
    """Choices of k out of n, where order does not matter."""
    require(0 <= k <= n)
    return Problem(
        method=f"I multiply {k} factors from {n} downwards and divide by {k}!.",
        solve=lambda: math.comb(within(2000, n), k),
        programs=(
            f"from math import comb\nresult = comb({n}, {k})",
            f"""
            row = [1]
            for _ in range({n}):
                row = [1, *(a + b for a, b in zip(row, row[1:])), 1]
            result = row[{k}]
            """,
        ),
        hardness=min(k, n - k) * len(str(n)) / 6,
        misreadings=(lambda: math.perm(within(500, n), k),),
    )


_LETTERS = r"(?:the letters of )?(?:the word )?<word:word>"
_ARRANGEMENTS = r"(?:different |distinct )?(?:arrangements|anagrams|permutations)"


@family(
    rf"{_WAYS} can {_LETTERS} be (?:arranged|ordered|written)",
    rf"how many {_ARRANGEMENTS} (?:have|do|does|has) {_LETTERS}(?: have)?",
    rf"(?:how many|number of) {_ARRANGEMENTS} (?:are there )?of {_LETTERS}(?: are there)?",
)
def arrangements(word: str) -> Problem:
    """Different arrangements of the letters of a word; equal letters are not told apart."""
    word = word.upper()
    counts = Counter(word)
    repeated = ", ".join(f"{letter} comes {n} times" for letter, n in counts.items() if n > 1) or "no letter repeats"
    brute = f"from itertools import permutations\nresult = len(set(permutations({word!r})))"
    by_letter = f"""
    from math import comb
    result, left = 1, {len(word)}
    for letter in sorted(set({word!r})):
        result *= comb(left, {word!r}.count(letter))
        left -= {word!r}.count(letter)
    """
    return Problem(
        method=f"{word} has {len(word)} letters; {repeated}: {len(word)}! by the factorials of the repetitions.",
        solve=lambda: math.factorial(len(word)) // math.prod(map(math.factorial, counts.values())),
        programs=(
            f"""
            from collections import Counter
            from math import factorial, prod
            result = factorial({len(word)}) // prod(factorial(n) for n in Counter({word!r}).values())
            """,
            brute if len(word) < 9 else by_letter,
        ),
        hardness=len(word) / 6,
        misreadings=(lambda: math.factorial(len(word)),),
    )


@family(
    r"(?:in )?how many (?:different )?(?:ways|orders) can <n:small> (?:different |distinct )?\w+ "
    r"(?:be (?:arranged|placed|put|ordered|lined up)|stand|sit|line up|queue)(?: \w+){0,6}",
)
def orders(n: int) -> Problem:
    """Orders of n different things in a row."""
    return Problem(
        method=f"{n} for the first place, one fewer for each further one: {n}!.",
        solve=lambda: math.factorial(within(1000, n)),
        programs=(
            f"from math import factorial\nresult = factorial({n})",
            f"result = 1\nfor places in range(2, {n} + 1):\n    result *= places",
        ),
        hardness=n / 8,
        misreadings=(lambda: n * n,),
    )


@family(
    r"(?:(?:at|in) an? \w+,? )?<n:small> (?:people|guests|players|teams|friends) (?:\w+,? ){0,12}?"
    r"(?:with|against|to) (?:everyone|each|every)"
    r"(?: \w+){0,4}[.,;] (?:so )?how many (?:handshakes|games|matches|meetings|glances)(?: \w+){0,6}",
)
def pairs(n: int) -> Problem:
    """Everyone once with everyone: handshakes, matches."""
    return Problem(
        method=f"Each of the {n} meets {n - 1} others, and every pair was counted twice.",
        solve=lambda: n * (n - 1) // 2,
        programs=(
            f"from itertools import combinations\nresult = sum(1 for _ in combinations(range({n}), 2))",
            f"result = {n} * ({n} - 1) // 2",
        ),
        hardness=0.2 + len(str(n)) / 6,
        misreadings=(lambda: n * (n - 1), lambda: n * n // 2),
    )
