r"""Sets, lists, intervals, equations and inequalities: what is made of several values.

Each reader takes `key`, which gives the key of a part, and returns the key of the whole, or None if the text has not
its form. What the brackets mean: ``{…}`` is a set, all others keep the order; ``[1, 2)`` is an interval. With two
numbers between them, ``(…)`` and ``[…]`` differ, since either may be an interval; with more they are the same list.
"""

import re
from collections.abc import Callable
from operator import itemgetter

from langgraph_tumix.core.formulas import read
from langgraph_tumix.core.notation import is_closed, split
from langgraph_tumix.core.values import Unreadable, apply, write, write_ratio

Key = Callable[[str], str | None]

_MOST_PARTS = 200
_EMPTY_SETS = frozenset({"∅", "{}", "empty set", "the empty set"})
_CONJUNCTION = re.compile(r"\s(?:and|or)\s", re.IGNORECASE)
_JOINED = re.compile(r",?\s+(?:and|or)\s+|\s*[,;]\s*", re.IGNORECASE)
_VALUES = ("number:", "choice:", "date:", "expression:", "set:", "list:", "interval:")
_SYMBOL = re.compile(r"[A-Za-zα-ω](?:_\w|_\{\w+\})?")
_NAMED = re.compile(rf"({_SYMBOL.pattern})\s*=\s*([^=]+)")
_RELATION = re.compile(r"\s*(<=|>=|==|!=|[<>=≤≥≠≈∈])\s*")
_ARROW = re.compile(r"=>|->|<-|<>|:=")
_NAME = re.compile(r"[A-Za-zα-ωΑ-Ω][\w {}']{0,40}(?:\([\w, ]{1,20}\))?|d\w/d\w|\\frac\{d\w\}\{d\w\}")
_UNKNOWNS = frozenset("xyz")
_SAME_SIGN = {">=": "≥", "<=": "≤", "==": "=", "≈": "=", "∈": "=", "!=": "≠"}
_MOST_OPERANDS = 5


def read_bracketed(text: str, key: Key) -> str | None:
    """Return the key of what stands in one pair of brackets, of a union of such, or of the empty set.

    >>> read_bracketed("{b, a}", "text:{}".format), read_bracketed("(b, a)", "text:{}".format)
    ('set:{text:a,text:b}', 'list:(text:b,text:a)')
    """
    if text.lower() in _EMPTY_SETS:
        return "set:{}"
    if "∪" in text:
        keys = _keys(split(text, "∪"), key)
        return _set(keys, "union") if keys else None
    if len(text) < 2 or text[0] not in "([{" or not is_closed(text):
        return None
    brackets = text[0] + text[-1]
    parts = split(text[1:-1], ",;")
    if len(parts) == 1 and brackets == "()":
        return None
    keys = _keys(parts, key)
    if keys is None or brackets not in ("{}", "()", "[]", "[)", "(]"):
        return None
    if brackets == "{}":
        return _set(keys)
    if brackets in ("[)", "(]"):
        return f"interval:{text[0]}{','.join(keys)}{text[-1]}" if len(keys) == 2 else None
    if brackets == "[]" and (len(keys) == 1 or (len(keys) == 2 and all(each.startswith("number:") for each in keys))):
        return f"list:[{','.join(keys)}]"
    return f"list:({','.join(keys)})"


def read_series(text: str, key: Key) -> str | None:
    """Return the key of values in a row without brackets: ``1, 2``, ``A and C``, ``x = 1 or x = 2``, ``x=1, y=2``.

    "and" and "or" make a set, commas alone a list. Named values are put in the order of their names; several values
    of one name are a set, for they are solutions. Words in a row are text.
    """
    is_set = bool(_CONJUNCTION.search(text))
    parts = _JOINED.split(text) if is_set else split(text, ",;")
    if len(parts) < 2:
        return None
    named = [match.groups() for part in parts if (match := _NAMED.fullmatch(part))]
    if len(named) == len(parts):
        is_set = len({name for name, _ in named}) == 1
        parts = [value for _, value in sorted(named, key=itemgetter(0))]
    keys = _values(parts, key)
    if keys is None:
        return None
    return _set(keys) if is_set else f"list:({','.join(keys)})"


def read_either(text: str, key: Key) -> str | None:
    """Return the key of the two values that one ± stands for."""
    keys = _values([text.replace("±", sign) for sign in "+-"], key) if text.count("±") == 1 else None
    return _set(keys) if keys else None


def read_relation(text: str, key: Key) -> str | None:
    """Return the key of an equation or a chain of inequalities; of ``x = 3`` and ``V = a^3`` that of the value.

    x, y and z are taken for unknowns: ``y = 2x`` is an equation. Other names only say what the value is of.
    """
    operands = _RELATION.split(text)
    signs = [_SAME_SIGN.get(sign, sign) for sign in operands[1::2]]
    operands = operands[::2]
    if not 2 <= len(operands) <= _MOST_OPERANDS or not all(operands) or _ARROW.search(text):
        return None
    if set(signs) == {"="} and (value := _value(operands, key)):
        return value
    if _CONJUNCTION.search(text):
        return None
    try:
        if signs == ["="] and _SYMBOL.fullmatch(operands[0]) and operands[0] not in _UNKNOWNS:
            return f"expression:{write(read(operands[1]))}"
        links = {_link(*link) for link in zip(operands, signs, operands[1:], strict=False)}
    except Unreadable:
        return None
    return f"relation:{'&'.join(sorted(links))}"


def _value(operands: list[str], key: Key) -> str | None:
    """Return the key that all sides of an equation share, but for a name on the left."""
    name = operands[0] if _NAME.fullmatch(operands[0]) else None
    keys = _values(operands[1:] if name else operands, key)
    if keys is None or len(set(keys)) > 1 or (name in _UNKNOWNS and keys[0].startswith("expression:")):
        return None
    return keys[0]


def _link(left: str, sign: str, right: str) -> str:
    if sign in (">", "≥"):
        left, sign, right = right, "<" if sign == ">" else "≤", left
    difference = apply("-", read(right), read(left))
    return f"0{sign}{write_ratio(difference, keep_sign=sign in '<≤')}"


def _keys(parts: list[str], key: Key) -> list[str] | None:
    """Return the key of each part; None if one has none. A comma at the end ends nothing."""
    if not parts[-1]:
        parts = parts[:-1]
    keys = [each for part in parts[:_MOST_PARTS] if (each := key(part))]
    return keys if len(keys) == len(parts) else None


def _values(parts: list[str], key: Key) -> list[str] | None:
    keys = _keys(parts, key)
    return keys if keys and all(each.startswith(_VALUES) for each in keys) else None


def _set(keys: list[str], kind: str = "set") -> str:
    return f"{kind}:{{{','.join(sorted(set(keys)))}}}"
