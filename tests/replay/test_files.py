"""Our own recordings: written, read, cut off, broken, of another version."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.usage import used
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay import Recorder, Verdict, gold_path, read_gold, read_recording, write_gold
from langgraph_tumix.testing import note

RUN = ("g", "q1", 0)


def write(path: Path, *, end: bool = True) -> Path:
    recorder = Recorder(path)
    recorder.asked(RUN, "What is 6 · 7?", ("A", "B"))
    recorder.note(RUN, note("A", "42", text="forty-two — 四十二"))
    recorder.note(RUN, note("B", None))
    recorder.note(RUN, note("A", "42", round=2, saw=["1/A/0", "1/B/0"]))
    recorder.verdict(RUN, 2, Verdict(True, used(model_calls=1, usd=0.01)))
    recorder.reply(RUN, "score:1/A/0#0", Reply((0.5,), usage=used(model_calls=1)))
    if end:
        recorder.end(RUN, {"answer": "42"})
    assert recorder.size == path.stat().st_size
    recorder.close()
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    recording, _ = read_recording(write(tmp_path / "runs" / "r.jsonl"))
    (run,) = recording.runs
    assert (run.id, run.text, run.roster) == (RUN, "What is 6 · 7?", ("A", "B"))
    assert [each["id"] for each in run.notes] == ["1/A/0", "1/B/0", "2/A/0"]
    assert run.notes[2]["saw"] == ["1/A/0", "1/B/0"]
    assert run.notes[0]["text"] == "forty-two — 四十二"
    assert run.verdicts[2].stop is True
    assert run.verdicts[2].usage["usd"] == 0.01
    assert run.replies["score:1/A/0#0"].numbers == (0.5,)
    assert recording.left_out == {}


def test_gold_stands_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    write_gold(gold_path(path), {("g", "q1"): frozenset({"forty-two", "42"})})
    assert "forty-two" not in path.read_text("utf-8").replace("forty-two — ", "")
    _, gold = read_recording(path)
    assert gold.read() == {("g", "q1"): frozenset({"forty-two", "42"})}


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_recording_cut_off_anywhere_is_read_and_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = write(tmp_path_factory.mktemp("cut") / "r.jsonl")
    data = path.read_bytes()
    header = data.index(b"\n") + 1
    path.write_bytes(data[: max(header, len(data) - cut % len(data))])
    whole = path.read_bytes().endswith(b"\n")
    recording, _ = read_recording(path)
    assert recording.left_out.get("last line, cut off in writing", 0) == (0 if whole else 1)
    recorder = Recorder(path)
    assert (recorder.mended > 0) is not whole
    recorder.asked(("g", "q2", 0), "Another?", ("A",))
    recorder.end(("g", "q2", 0))
    recorder.close()
    again, _ = read_recording(path)
    assert again.runs[-1].question == "q2"


def test_a_question_that_was_not_brought_to_an_end_is_left_out_and_counted(tmp_path: Path) -> None:
    recording, _ = read_recording(write(tmp_path / "r.jsonl", end=False))
    assert recording.runs == ()
    assert recording.left_out == {"questions that were not brought to an end": 1}


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_a_note_that_is_written_again_is_one_note(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    path.write_text("\n".join([*lines(path), lines(path)[2], ""]), "utf-8")
    recording, _ = read_recording(path)
    assert len(recording.runs[0].notes) == 3
    assert recording.left_out == {"notes that were written again": 1}


def test_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    path.write_text(path.read_text("utf-8").replace('"version": 1', '"version": 99', 1), "utf-8")
    with pytest.raises(RecordingError, match=r"version 99.*record again"):
        read_recording(path)
    with pytest.raises(RecordingError, match="version 99"):
        Recorder(path)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("{not json", "line 3: not JSON"),
        ("[1, 2]", "line 3: not an event"),
        ('{"kind": "dance", "run": ["g", "q1", 0]}', "line 3: unknown kind of event 'dance'"),
        ('{"kind": "note", "run": ["g", "q1", 0]}', "line 3: not an event"),
        ('{"kind": "end"}', "line 3: not an event"),
    ],
)
def test_a_line_that_is_broken_in_the_middle_is_named(tmp_path: Path, broken: str, says: str) -> None:
    path = write(tmp_path / "r.jsonl")
    text = lines(path)
    text.insert(2, broken)
    path.write_text("\n".join([*text, ""]), "utf-8")
    with pytest.raises(RecordingError, match=says):
        read_recording(path)


def test_a_note_that_is_there_twice_and_differs(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    event = json.loads(lines(path)[2])
    event["note"]["answer"] = "43"
    path.write_text("\n".join([*lines(path), json.dumps(event), ""]), "utf-8")
    with pytest.raises(RecordingError, match="twice and differs"):
        read_recording(path)


@pytest.mark.parametrize("content", ["", "hello\n", '{"format": "other"}\n', "[]\n", "\x00\x00\n"])
def test_what_is_no_recording(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(RecordingError, match="no recording"):
        read_recording(path)
    if content:
        with pytest.raises(RecordingError, match="no recording"):
            Recorder(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl")
    with pytest.raises(RecordingError, match="cannot be written"):
        Recorder(tmp_path)
    with pytest.raises(RecordingError, match="no gold"):
        read_gold(tmp_path / "none.jsonl")


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl")
    with pytest.raises(ValueError, match="JSON"):
        recorder.note(RUN, note("A", "1", seconds=float("nan")))
    recorder.close()
    assert lines(tmp_path / "r.jsonl")[1:] == []
