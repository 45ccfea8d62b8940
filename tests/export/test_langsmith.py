"""LangSmith: nothing is sent unless its variables are set, and runs are named by agent and round."""

import os
from collections import Counter
from typing import Any

import pytest

from tests.export.langsmith import LangSmith, ask, langsmith

pytestmark = pytest.mark.server


def test_runs_are_named_by_agent_and_round() -> None:
    with langsmith() as server:
        ask(environment(server, LANGSMITH_TRACING="true", LANGSMITH_API_KEY="a-key"))
    runs = server.runs
    names = Counter((run["name"], run["run_type"]) for run in runs.values())
    assert names["tumix", "chain"] == 1
    for number in (1, 2):
        assert names[f"CoT, round {number}", "chain"] == names[f"CoT, round {number}", "llm"] == 1
        assert names[f"C, round {number}", "chain"] == 1
        assert names[f"C, round {number}", "llm"] == 2
        assert above(runs, f"C, round {number}", "llm") >= {f"C, round {number}", "tumix"}
    assert names["judge, round 2", "llm"] == 1
    assert names["python", "tool"] == 2
    for run in runs.values():
        if run["name"] == "C, round 2":
            known = run["extra"]["metadata"]
            assert (known["tumix_agent"], known["tumix_round"], known["tumix_sample"]) == ("C", 2, 0)


def above(runs: dict[str, dict[str, Any]], name: str, kind: str) -> set[str]:
    """Return the names of all runs that one is part of."""
    run = next(run for run in runs.values() if run["name"] == name and run["run_type"] == kind)
    names = set()
    while run.get("parent_run_id"):
        run = runs[run["parent_run_id"]]
        names.add(run["name"])
    return names


@pytest.mark.parametrize("variables", [{}, {"LANGSMITH_API_KEY": "a-key"}], ids=["none", "only a key"])
def test_nothing_is_sent_otherwise(variables: dict[str, str]) -> None:
    with langsmith() as server:
        ask(environment(server, **variables))
    assert not server.asked


def environment(server: LangSmith, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    return {**kept, "LANGSMITH_ENDPOINT": server.address, "LANGSMITH_DISABLE_RUN_COMPRESSION": "true", **variables}
