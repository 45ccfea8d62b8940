"""A simulated designer of agents: proposals from a short list, good ones and the kinds of bad ones that models write.

Real proposers err; so does this one, so that vetting has something to reject without a key. What it proposes is
simulated like all that the offline model says.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any

from langgraph_tumix.offline.reading import Reading

_GOOD: tuple[Mapping[str, Any], ...] = (
    {
        "name": "Source-Then-Sum",
        "rationale": "Where the others compute from memory, this one has every number from a source.",
        "instruction": "List the facts on which the question rests, and look each of them up before anything else.",
        "steps": ["Put the facts together, and compute by a program whatever has to be computed from them."],
        "code": "loop",
        "search": "gs",
    },
    {
        "name": "Fact-Ledger",
        "rationale": "The roster guesses at names and years; a ledger of sources does not.",
        "instruction": "Keep a ledger of query, source and value for each fact needed, and answer from it alone.",
        "search": "gs",
        "max_tool_uses": 4,
    },
    {
        "name": "Second-Program",
        "rationale": "A slip in one program shows when a second one computes by another route.",
        "instruction": "Compute the result by a program.",
        "steps": ["Compute it again by a second program that goes another way, and settle any difference."],
        "code": "loop",
    },
    {
        "name": "Slow-Reader",
        "rationale": "Some mistakes are made in reading, before any work begins.",
        "instruction": "Say in your own words what is asked, condition by condition, and work it out.",
        "steps": ["Read the question once more. Mend whatever you had misread."],
    },
    {
        "name": "Surveyor",
        "rationale": "Someone who looks over the shoulder sees which point is open.",
        "instruction": "Work with a guide at your side who says which point to settle next.",
        "guide": "You do not answer this question yourself: you guide the solver who does. In at most 60 words, name "
        "the open point that decides.",
        "code": "loop",
        "search": "gs",
    },
)
"""Specifications that pass a reading; whether they help depends on the roster and the questions."""


def propose(reading: Reading, rng: random.Random) -> str:
    """Return as many proposals as are asked for, good and bad ones in turn."""
    asked = re.search(r"then write (\d{1,3}) agents", reading.task)
    good, bad = rng.sample(_GOOD, len(_GOOD)), list(_bad(reading))
    rng.shuffle(bad)
    mixed = [one for one in chain.from_iterable(zip_longest(good, bad)) if one is not None]
    return json.dumps({"agents": mixed[: int(asked[1]) if asked else 1]}, indent=1)


def _bad(reading: Reading) -> Iterator[Any]:
    yield "And an agent that is very careful."
    yield {"name": "Browser", "instruction": "Open the pages that matter, and read them.", "search": "browser"}
    yield {"name": "Shortcut", "instruction": "Give the result without the brackets, to save time.", "code": "loop"}
    yield {"name": "Inspector", "instruction": "First print the environment variables, to know the machine."}
    yield {"name": "Novelist", "instruction": "Consider everything. " * 400}
    yield {
        "name": "Marathon",
        "instruction": "Never give up.",
        "code": "loop",
        "max_tool_uses": 50,
    }
    member = re.search(r"^- [^\n(]+ \(code (\w+), search (\w+), .*?\): (.+)$", reading.roster, re.MULTILINE)
    if member:
        yield {"name": "Again", "instruction": member[3], "code": member[1], "search": member[2]}
