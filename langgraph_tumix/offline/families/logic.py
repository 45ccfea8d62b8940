"""Puzzles in words: who is the tallest, and what follows from “all”, “no” and “some”."""

import re
from collections.abc import Iterable

from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem, require

_OPPOSITE = {
    "shorter": "taller", "younger": "older", "slower": "faster", "lighter": "heavier", "poorer": "richer",
    "smaller": "bigger", "weaker": "stronger", "lower": "higher", "earlier": "later", "cheaper": "dearer",
}  # fmt: skip
_PLACES = {"": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_COMPARISON = r"[a-z]+ is [a-z]+er than [a-z]+"
_COMPARISONS = rf"(?P<story>{_COMPARISON}(?:(?:[.,;](?: and)?| and) {_COMPARISON}){{0,6}})[.,;] "


def _closure(pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    known = frozenset(pairs)
    while more := {(a, d) for a, b in known for c, d in known if b == c} - known:
        known |= more
    return known


_FOLLOW = """
above = set({pairs})
while more := {{(a, d) for a, b in above for c, d in above if b == c}} - above:
    above |= more
assert not any(a == b for a, b in above)
"""
_TRY_ALL = """
from itertools import permutations
names, pairs = {names}, {pairs}
orders = [o for o in permutations(names) if all(o.index(a) < o.index(b) for a, b in pairs)]
"""


@family(
    _COMPARISONS + r"(?:who|which (?:one|of them)) is (?:the )?(?:(?P<place>second|third|fourth|fifth)[ -])?"
    r"(?P<superlative>[a-z]+)est(?: of (?:all|them))?"
)
def ranking(story: str, superlative: str, place: str = "") -> Problem:
    """Who is first, second or last: “Ann is taller than Bob. Cid is shorter than Bob. Who is the second tallest?”."""
    names, pairs, downwards = _ranked(story, superlative.lower() + "er")
    rank = _PLACES[place.lower()]
    above, below = (rank - 1, len(names) - rank) if downwards else (len(names) - rank, rank - 1)

    def solve() -> str:
        known = _closure(pairs)
        for name in names:
            if [sum(b == name for _, b in known), sum(a == name for a, _ in known)] == [above, below]:
                return name
        raise ArithmeticError("what is told does not decide it")

    return Problem(
        method=f"From highest to lowest, what is told says: {_chain(pairs)}.",
        solve=solve,
        programs=(
            _FOLLOW.format(pairs=pairs)
            + f"(result,) = [n for n in {names} if sum(b == n for _, b in above) == {above} "
            f"and sum(a == n for a, _ in above) == {below}]",
            _TRY_ALL.format(names=names, pairs=pairs) + f"(result,) = {{o[{above}] for o in orders}}",
        ),
        hardness=len(pairs) / 6,
        misreadings=tuple(lambda name=name: name for name in names),  # type: ignore[misc]
    )


@family(_COMPARISONS + r"is <a:name> (?P<comparative>[a-z]+er) than <b:name>")
def comparison(story: str, a: str, b: str, comparative: str) -> Problem:
    """Who comes before whom: “Ann is older than Bob, and Bob is older than Cid. Is Cid younger than Ann?”."""
    names, pairs, downwards = _ranked(story, comparative.lower())
    require({a, b} <= set(names))
    a, b = (a, b) if downwards else (b, a)

    def solve() -> bool:
        known = _closure(pairs)
        if ((a, b) in known) == ((b, a) in known):
            raise ArithmeticError("what is told does not decide it")
        return (a, b) in known

    return Problem(
        method=f"From highest to lowest, what is told says: {_chain(pairs)}.",
        solve=solve,
        programs=(
            _FOLLOW.format(pairs=pairs) + f"result = {{True: 'yes', False: 'no'}}[({a!r}, {b!r}) in above]\n"
            f"assert ({a!r}, {b!r}) in above or ({b!r}, {a!r}) in above",
            _TRY_ALL.format(names=names, pairs=pairs)
            + f"(result,) = {{'yes' if o.index({a!r}) < o.index({b!r}) else 'no' for o in orders}}",
        ),
        hardness=len(pairs) / 6,
    )


def _ranked(story: str, asked: str) -> tuple[list[str], list[tuple[str, str]], bool]:
    """Return the names, the pairs (higher, lower), and whether `asked` counts from the top."""
    told = re.findall(r"([a-z]+) is ([a-z]+er) than ([a-z]+)", story.lower())
    require({_OPPOSITE.get(word, word) for _, word, _ in told} == {_OPPOSITE.get(asked, asked)})
    pairs = [(y, x) if word in _OPPOSITE else (x, y) for x, word, y in told]
    pairs = [(x.capitalize(), y.capitalize()) for x, y in pairs]
    return sorted({name for pair in pairs for name in pair}), pairs, asked not in _OPPOSITE


def _chain(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{a} before {b}" for a, b in pairs)


_KIND = r"(?:an? )?[a-z]+"
_PREMISE = rf"(?:(?:all|every|no|some) [a-z]+ (?:are|is) {_KIND}|[a-z]+ is an? [a-z]+)"
_PREMISES = rf"(?P<told>{_PREMISE}(?:[.,;](?: and)? {_PREMISE}){{0,7}})[.,;] (?:so |therefore,? )?"

_BY_RULES = """
implies, excludes = {implies}, {excludes}
def closure(kinds):
    kinds = set(kinds)
    while more := {{b for a, b in implies if a in kinds}} - kinds:
        kinds |= more
    return kinds
impossible = lambda kinds: any({{a, b}} <= closure(kinds) for a, b in excludes)
result = "yes" if any(set({target}) <= closure(given) or impossible(given) for given in {givens}) else "no"
"""
_BY_CASES = """
from itertools import chain, combinations
kinds = {kinds}
cases = map(set, chain.from_iterable(combinations(kinds, n) for n in range(len(kinds) + 1)))
fits = lambda c: all(b in c for a, b in {implies} if a in c) and not any({{a, b}} <= c for a, b in {excludes})
possible = [c for c in cases if fits(c)]
result = "yes" if any(all(set({target}) <= c for c in possible if set(given) <= c) for given in {givens}) else "no"
"""


@family(
    _PREMISES + rf"(?:does it follow that|is it (?:true|certain) that|must it be that) (?P<claim>{_PREMISE})",
    _PREMISES + rf"(?:are|is) (?P<claim>(?:all|every|some) [a-z]+ {_KIND})",
    _PREMISES + r"is (?P<claim>[a-z]+ an? [a-z]+)",
)
def syllogism(told: str, claim: str) -> Problem:
    """What follows: “All florns are bleets. No bleet is a grum. Does it follow that no florns are grums?”.

    “All” does not promise that there are any.
    """
    premises = [_statement(text) for text in re.split(r"[.,;](?: and)? ", told)]
    implies = [(a, b) for how, a, b in premises if how in ("all", "every")]
    excludes = [(a, b) for how, a, b in premises if how == "no"]
    single: dict[str, list[str]] = {}
    for how, name, kind in premises:
        if how == "":
            single.setdefault(name, []).append(kind)
    exist = [*([a, b] for how, a, b in premises if how == "some"), *single.values()]
    how, a, b = _statement(claim)
    # From which kinds together what must follow; nothing is a unicorn, so “no” holds where its case is impossible.
    givens = {"no": [[a, b]], "some": exist, "": [single.get(a, [])]}.get(how, [[a]])
    target = {"no": ["unicorn"], "some": [a, b]}.get(how, [b])
    kinds = sorted({kind for group in (*implies, *excludes, *exist, *givens, target) for kind in group} - {"unicorn"})
    require(len(kinds) <= 10)
    parts = {"implies": implies, "excludes": excludes, "target": target, "givens": givens, "kinds": kinds}

    def follows(given: list[str]) -> bool:
        reached = set(given)
        while more := {y for x, y in implies if x in reached} - reached:
            reached |= more
        return reached.issuperset(target) or any({x, y} <= reached for x, y in excludes)

    return Problem(
        method="I follow the chains: " + ", ".join(f"{x} → {y}" for x, y in implies) + "; and see what excludes what.",
        solve=lambda: any(map(follows, givens)),
        programs=(_BY_RULES.format(**parts), _BY_CASES.format(**parts)),
        hardness=len(premises) / 5,
    )


def _statement(text: str) -> tuple[str, str, str]:
    """Read “all florns are bleets” as (all, florn, bleet), and “Tom is a florn” as ("", tom, florn)."""
    words = [word for word in text.lower().split() if word not in ("is", "are", "a", "an")]
    how = words.pop(0) if words[0] in ("all", "every", "no", "some") else ""
    return how, _singular(words[0]), _singular(words[-1])


def _singular(noun: str) -> str:
    return noun.removesuffix("s") if len(noun) > 3 else noun
