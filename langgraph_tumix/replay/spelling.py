"""Strategies as text, for the command line: written as the Python that builds them, and read without running any.

``name = allocator, stop rule, aggregator``, in any order, each part left out if its default will do::

    ASC = Batches(1, 64), BetaLead(0.95), Majority('independent')
    judge or four = LLMJudge() | FixedRounds(4)
    race = Race(quorum=16)
"""

import ast
import difflib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from langgraph_tumix.core.aggregate import Aggregator
from langgraph_tumix.core.allocate import Allocator
from langgraph_tumix.core.control import Controller
from langgraph_tumix.core.stop import AllOf, AnyOf, StopRule
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import ConfigError

MODULES = (
    "stop",
    "stopping.votes",
    "stopping.limits",
    "stopping.trend",
    "allocate",
    "allocating.waves",
    "allocating.notes",
    "allocating.rounds",
    "controllers.cmc",
    "controllers.parallel_probe",
    "controllers.race",
    "aggregate",
    "aggregating.weights",
    "aggregating.patterns",
    "aggregating.calls",
    "aggregating.tournament",
    "aggregating.checks",
)
KINDS = {"allocate": (Allocator, Controller), "stop": (StopRule,), "aggregate": (Aggregator,)}


@lru_cache(maxsize=1)
def known() -> Mapping[str, type]:
    """Return all stop rules, allocators, controllers and aggregators that can be named."""
    found: dict[str, type] = {}
    for module in MODULES:
        for name, value in vars(importlib.import_module(f"langgraph_tumix.core.{module}")).items():
            bases = (StopRule, Allocator, Controller, Aggregator)
            if inspect.isclass(value) and issubclass(value, bases) and not inspect.isabstract(value):
                found[name] = value
    return found


def read_strategy(text: str) -> Strategy:
    """Read a strategy from text.

    Raises:
        ConfigError: The text is no strategy; it says which part, and what is known.

    >>> read_strategy("race = Race(quorum=8)").allocate.quorum
    8
    >>> read_strategy("LLMJudge() | FixedRounds(4)").stop
    AnyOf(rules=(LLMJudge(), FixedRounds(rounds=4)))
    """
    name, equals, body = text.partition("=")
    if not equals or not _is_name(name):
        name, body = text, text
    try:
        tree = ast.parse(body.strip(), mode="eval").body
    except SyntaxError as error:
        raise ConfigError(
            f"strategy {text!r}: not readable ({error.msg}); write Batches(1, 64), BetaLead(0.95)"
        ) from None
    parts: Sequence[ast.expr] = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    chosen: dict[str, Any] = {}
    for part in parts:
        value = _value(part, text)
        kind = next((kind for kind, bases in KINDS.items() if isinstance(value, bases)), None)
        if kind is None or kind in chosen:
            what = "is no stop rule, allocator or aggregator" if kind is None else f"is a second part to {kind}"
            raise ConfigError(f"strategy {text!r}: {ast.unparse(part)} {what}")
        chosen[kind] = value
    return Strategy(name.strip(), **chosen)


def spelled(strategy: Strategy) -> str:
    """Write a strategy as `read_strategy` reads it, its name and the parts that are defaults left out.

    >>> spelled(read_strategy("ASC = Batches(1, 64), Never()"))
    'Batches(size=1, most=64)'
    """
    plain = Strategy("")
    parts = [(strategy.allocate, plain.allocate), (strategy.stop, plain.stop), (strategy.aggregate, plain.aggregate)]
    told = [repr(part) for part, default in parts if part != default]
    return ", ".join(told) or repr(plain.stop)


def _is_name(text: str) -> bool:
    """Whether what stands before the first = names the strategy, and is not part of an argument."""
    return bool(text.strip()) and not set(text) & set("()[]{},|&'\"")


def _value(node: ast.expr, text: str) -> Any:
    """Build what an expression says. Only known classes are called, with values that are written out."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return _built(name, [_value(arg, text) for arg in args], keywords, text)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return AnyOf((_rule(left, text), _rule(right, text)))
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return AllOf((_rule(left, text), _rule(right, text)))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(part, text) for part in parts)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_value(key, text): _value(value, text) for key, value in zip(keys, values, strict=True) if key}
    try:
        return ast.literal_eval(node)
    except ValueError:
        what = f"{ast.unparse(node)!r} is neither a value nor a known part"
        raise ConfigError(f"strategy {text!r}: {what}; known are {', '.join(known())}") from None


def _rule(node: ast.expr, text: str) -> StopRule:
    value = _value(node, text)
    if not isinstance(value, StopRule):
        raise ConfigError(f"strategy {text!r}: | and & combine stop rules, {ast.unparse(node)} is none")
    return value


def _built(name: str, args: Sequence[Any], keywords: Sequence[ast.keyword], text: str) -> Any:
    if name not in known():
        close = difflib.get_close_matches(name, known(), 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known())}"
        raise ConfigError(f"strategy {text!r}: there is no {name}: {hint}")
    named = {keyword.arg or "**": _value(keyword.value, text) for keyword in keywords}
    signature = inspect.signature(known()[name])
    try:
        return known()[name](*args, **named)
    except TypeError as error:
        raise ConfigError(f"strategy {text!r}: {error}; it is {name}{signature}") from None
