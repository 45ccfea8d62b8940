"""Readers of foreign recordings, and what they make of bad input."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay import read_autotts, read_table, read_traces

BRANCHES = [[["No", "3", "7"], 1400, "7"], [["ERR"], 900, "3"]]
AUTOTTS = [{"question": "6 + 1?", "gold_answer": "7", "probe_freq": 500, "each_branch": BRANCHES}]


def trace(**fields: Any) -> dict[str, Any]:
    row = {"dataset": "d", "question_id": 1, "gold": "7", "agent": "A", "sample": 0, "round": None, "answer": "7"}
    return {**row, "correct": True, "tokens": 10, **fields}


def traces(path: Path, *rows: dict[str, Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def test_autotts(tmp_path: Path) -> None:
    path = tmp_path / "Qwen3-8B" / "aime24.json"
    path.parent.mkdir()
    path.write_text(json.dumps(AUTOTTS), "utf-8")
    recording, gold = read_autotts(path)
    (run,) = recording.runs
    assert (run.group, run.question, run.text, run.roster) == ("Qwen3-8B/aime24", "0", "6 + 1?", ("Qwen3-8B",))
    assert [note["usage"]["output_tokens"] for note in run.notes] == [1400, 900]
    assert run.probes["1/Qwen3-8B/0"].answers == ("No", "3", "7")
    assert run.probes["1/Qwen3-8B/0"].every == 500
    assert gold.read() == {("Qwen3-8B/aime24", "0"): frozenset({"7"})}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        '[{"question": "q"}]',
        '[{"probe_freq": 500, "each_branch": [[1, 2]]}]',
        '[{"probe_freq": 500, "each_branch": [[["1"], -5, "7"]]}]',
        '[{"probe_freq": 0.5, "each_branch": []}]',
    ],
)
def test_what_is_no_file_of_autotts(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, "utf-8")
    with pytest.raises(RecordingError):
        read_autotts(path)


def test_traces_are_grouped_filtered_and_told_apart(tmp_path: Path) -> None:
    path = traces(
        tmp_path / "t.jsonl.gz",
        trace(question="six and one?"),
        trace(sample=1, answer="3", correct=False),
        trace(agent="B", answer="seven", probes=["1", "7"], probe_every=500),
        trace(agent="C"),
        trace(question_id=2, answer=None, correct=False, tokens=None),
    )
    recording, gold = read_traces(path, where=lambda row: row["agent"] != "C")
    first, second = recording.runs
    assert (first.roster, first.text, first.metered) == (("A", "B"), "six and one?", True)
    assert [note["status"] for note in second.notes] == ["abstained"]
    assert second.metered is False
    assert first.probes["1/B/0"].answers == ("1", "7")
    assert gold.read()["d", "1"] == frozenset({"7", "seven"})
    by_agent, _ = read_traces(path, group=lambda row: row["agent"])
    assert by_agent.groups == ("A", "B", "C")
    assert {run.text for run in by_agent.runs if run.question == "1"} == {
        "six and one?"
    }  # one question to three agents


def test_a_debate_has_seen_the_round_before(tmp_path: Path) -> None:
    rows = [trace(agent=agent, round=number) for number in (2, 1) for agent in "AB"]
    (run,) = read_traces(traces(tmp_path / "t.jsonl.gz", *rows))[0].runs
    assert [note["saw"] for note in run.notes] == [[], [], ["1/A/0", "1/B/0"], ["1/A/0", "1/B/0"]]


def test_what_is_odd_is_counted(tmp_path: Path) -> None:
    path = traces(
        tmp_path / "t.jsonl.gz",
        trace(tokens=float("nan")),
        trace(sample=1, tokens=-3),
        trace(sample=4),
        trace(agent="B"),
    )
    recording, _ = read_traces(path)
    assert recording.left_out == {
        "token counts that are no number from 0, taken as unknown": 2,
        "samples that are missing in the middle": 2,
    }
    assert recording.runs[0].metered is False


def test_rows_that_are_doubled(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="agent A, sample 0, round 1 is there twice"):
        read_traces(traces(tmp_path / "t.jsonl.gz", trace(), trace(answer="3")))


@pytest.mark.parametrize("row", [{}, {"question_id": 1}, [1], "text"])
def test_rows_that_are_none(tmp_path: Path, row: Any) -> None:
    with pytest.raises(RecordingError):
        read_traces(traces(tmp_path / "t.jsonl.gz", row))


def test_no_rows_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no row"):
        read_traces(traces(tmp_path / "t.jsonl.gz"))
    with pytest.raises(RecordingError, match="cannot be read"):
        read_traces(tmp_path / "none.jsonl")
    broken = tmp_path / "b.jsonl"
    broken.write_text(json.dumps(trace()) + "\n{half", "utf-8")
    with pytest.raises(RecordingError, match="line 2"):
        read_traces(broken)


TABLE = "question,agent,sample,round,answer,correct,tokens\nq1,A,0,1,7,true,100\nq1,B,0,1,,0,\nq2,A,0,1,3,,50\n"


def test_a_plain_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE, "utf-8")
    recording, gold = read_table(path)
    first, second = recording.runs
    assert [note["answer"] for note in first.notes] == ["7", None]
    assert (first.metered, second.metered) == (False, True)
    assert gold.read() == {("", "q1"): frozenset({"7"})}


def test_a_small_table_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"question": "q", "agent": "A", "answer": 7, "correct": true}\n', "utf-8")
    recording, gold = read_table(path)
    assert recording.runs[0].notes[0]["answer"] == "7"
    assert gold.read() == {("", "q"): frozenset({"7"})}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("question,answer\nq,7\n", "no column 'agent'"),
        ("question,agent,answer,correct\nq,A,7,maybe\n", "line 2: correct is 'maybe'"),
        ("question,agent,answer,sample\nq,A,7,first\n", "sample is 'first'"),
        ("question,agent,answer\nq,A,7\nq,A,3\n", "there twice"),
        ("question,agent,answer\n", "no row"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(RecordingError, match=says):
        read_table(path)
