"""`record=`: what a live graph leaves on disk is what its channels held."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix import ConfigError, create_tumix
from langgraph_tumix.core.stop import FixedRounds, LLMJudge
from langgraph_tumix.core.strategy import Strategy
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.record import Sink
from langgraph_tumix.replay import Recorder, read_recording, replay, write_gold
from tests.graph.roles import play, toolbox

QUESTION = "What is it?"


async def run(record: Any, **options: Any) -> dict[str, Any]:
    options = {"agents": ["CoT", "C", "S"], "max_rounds": 3, "tools": toolbox(), **options}
    graph = create_tumix(options.pop("model", None) or play(), record=record, **options)
    return [state async for state in graph.astream({"question": QUESTION}, stream_mode="values")][-1]


async def test_a_recording_holds_what_the_channels_held(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "live.jsonl"
    state = await run(path)
    recording, _ = read_recording(path)
    (one,) = recording.runs
    assert recording.left_out == {}
    assert (one.text, one.roster) == (QUESTION, ("CoT", "C", "S"))
    assert list(one.notes) == state["notes"]
    assert one.notes[-1]["saw"] == [note["id"] for note in state["notes"] if note["round"] == 1]
    assert {round_: verdict.stop for round_, verdict in one.verdicts.items()} == {2: True}
    assert one.verdicts[2].usage == state["rounds"][1]["usage"]
    assert json.loads(path.read_text("utf-8").splitlines()[-1])["outcome"] == json.loads(json.dumps(state["outcome"]))


async def test_what_was_recorded_is_replayed_with_gold_that_names_the_question(tmp_path: Path) -> None:
    path, gold = tmp_path / "live.jsonl", tmp_path / "gold.jsonl"
    states = await asyncio.gather(*(run(path, seed=seed) for seed in range(4)))
    write_gold(gold, {("", QUESTION): frozenset({"42"})})
    recording, right = read_recording(path, gold=gold)
    assert len(recording.runs) == 4
    board = replay(recording, [Strategy("TUMIX", stop=FixedRounds(2) & LLMJudge())], gold=right)
    (row,) = board.rows
    assert (row.validity, row.questions, row.accuracy.value) == ("exact", 4, 1.0)
    assert row.calls == sum(state["outcome"]["usage"]["model_calls"] for state in states) / 4


async def test_a_judge_who_could_not_be_asked_has_said_nothing(tmp_path: Path) -> None:
    await run(tmp_path / "r.jsonl", model=play(verdict=""))
    (one,) = read_recording(tmp_path / "r.jsonl")[0].runs
    assert one.verdicts == {}


async def test_a_sink_that_fails_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Full(Recorder):
        def _write(self, event: Any) -> None:
            if event.get("kind"):
                raise OSError("no space left")
            super()._write(event)

    sink = Full(tmp_path / "r.jsonl")
    assert isinstance(sink, Sink)
    with caplog.at_level(logging.WARNING):
        assert (await run(sink))["answer"] == "42"
    assert "no space left" in caplog.text


def test_what_cannot_be_recorded_in_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("Whose woods these are\n")
    with pytest.raises(RecordingError, match="no recording"):
        create_tumix("offline", agents=["CoT"], record=tmp_path / "poem.txt")
    with pytest.raises(RecordingError, match="cannot be written"):
        create_tumix("offline", agents=["CoT"], record=tmp_path)
    with pytest.raises(ConfigError, match="record is a int"):
        create_tumix("offline", agents=["CoT"], record=7)  # type: ignore[arg-type]
