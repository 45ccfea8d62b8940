"""Tasks from files and published shapes; what cannot be read is named, never dropped unsaid."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.datasets import SOURCES, load
from langgraph_tumix.evaluate.tasks import Task, load_file


def written(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_rows(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], Task]] = [
        ({"question": "1+1?"}, Task(id="1", question="1+1?")),
        ({"question": "1+1?", "answer": 2}, Task(id="1", question="1+1?", answer="2")),
        ({"Problem": "P", "Gold": "g", "task_id": 9}, Task(id="9", question="P", answer="g")),
        (
            {"question": "Q", "answer": "B", "choices": ["x", "y"]},
            Task(id="1", question="Q\n\n(A) x\n(B) y", answer="B"),
        ),
        (
            {"question": "Q", "answer": "x", "choices": ["x", "y"]},
            Task(id="1", question="Q\n\n(A) x\n(B) y", answer="A"),
        ),
        (
            {"question": "Q", "answer": 1, "options": '["x", "y"]'},
            Task(id="1", question="Q\n\n(A) x\n(B) y", answer="B"),
        ),
        ({"question": "Q", "answer": 3, "choices": [3, 4]}, Task(id="1", question="Q\n\n(A) 3\n(B) 4", answer="A")),
        ({"question": "Q", "tests": "assert f(1) == 2"}, Task(id="1", question="Q", tests="assert f(1) == 2")),
        ({"question": "Q", "answer": 0}, Task(id="1", question="Q", answer="0")),
        ({"question": "Q", "answer": False}, Task(id="1", question="Q", answer="False")),
    ]
    for row, task in cases:
        assert load_file(written(tmp_path / "t.jsonl", row)).tasks == (task,)


BAD_ROWS = [
    ("{", "line 1: not JSON"),
    ("[1, 2]", "line 1: not an object with a question"),
    ('"text"', "line 1: not an object"),
    ({"answer": "4"}, "line 1: no question"),
    ({"question": "  "}, "line 1: no question"),
    ({"question": 7}, "line 1: no question"),
    ({"question": "Q", "answer": " $$ "}, "line 1: the answer is empty"),
    ({"question": "Q", "choices": ["only"]}, "line 1: 1 choices"),
    ({"question": "Q", "choices": "x or y"}, "line 1: choices is a text"),
    ({"question": "Q", "choices": ["x", "y"], "answer": "z"}, "line 1: the answer 'z' is none of the choices"),
    ({"question": "Q", "choices": ["x", "y"], "answer": "C"}, "line 1: the answer 'C' is none"),
]


@pytest.mark.parametrize(("row", "message"), BAD_ROWS)
def test_a_bad_row_is_named_and_left_out_only_on_demand(tmp_path: Path, row: Any, message: str) -> None:
    path = written(tmp_path / "t.jsonl", row, {"question": "good"})
    with pytest.raises(ConfigError, match="--skip-bad") as raised:
        load_file(path)
    assert message in str(raised.value)
    loaded = load_file(path, skip_bad=True)
    assert [task.question for task in loaded.tasks] == ["good"]
    assert loaded.bad[0].startswith(message)


def test_an_id_that_occurs_twice_is_a_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", {"id": "a", "question": "1"}, {"id": "a", "question": "2"})
    with pytest.raises(ConfigError, match="line 2: the id 'a' occurs before"):
        load_file(path)
    assert len(load_file(path, skip_bad=True).tasks) == 1


def test_many_bad_rows_are_not_all_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="and 95 more"):
        load_file(written(tmp_path / "t.jsonl", *["{"] * 100))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "there is no file"),
        ("t.xlsx", "x", "no .jsonl, .csv or .parquet file"),
        ("empty.jsonl", "", "holds no task"),
        ("header.csv", "question,answer\n", "holds no task"),
        ("t.parquet", "x", "is not a Parquet file"),
        ("wide.csv", "question,answer\na,b,c,d\n", "line 2: more fields than the header"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(str(tmp_path / name))


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [
        {"id": "a", "question": 'With "quotes",\nand a line', "answer": "1"},
        {"id": "b", "question": "ünï", "answer": ""},
    ]
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "question", "answer"])
        writer.writeheader()
        writer.writerows(rows)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    assert load_file(tmp_path / "t.csv").tasks == load_file(tmp_path / "t.parquet").tasks
    assert load_file(tmp_path / "t.csv").tasks[1].answer is None


def test_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("question,answer\n1+1?,2\n", encoding="utf-8-sig")
    assert load_file(tmp_path / "t.csv").tasks[0].question == "1+1?"


SHAPES: dict[str, dict[str, Any]] = {
    "aime24": {"id": 60, "problem": "Find x.", "answer": "204", "solution": "…", "url": "…", "year": "2024"},
    "aime25": {"problem": "Find y.", "answer": "70", "id": "0"},
    "math-500": {
        "problem": "p",
        "solution": "s",
        "answer": "\\frac{1}{2}",
        "subject": "Algebra",
        "level": 2,
        "unique_id": "test/1",
    },
    "gpqa-diamond": {
        "Record ID": "rec1",
        "Question": "Which?",
        "Correct Answer": "right",
        "Incorrect Answer 1": "one",
        "Incorrect Answer 2": "two",
        "Incorrect Answer 3": "three",
        "High-level domain": "Physics",
    },
    "hle": {"id": "h1", "question": "What?", "answer": "42", "image": "", "category": "Math"},
}


def shelved(hub: Path, name: str, row: dict[str, Any]) -> None:
    source = SOURCES[name]
    folder = hub / source.path
    folder.mkdir(parents=True)
    stem = f"{source.configuration or 'data'}-{source.split}"
    (folder / f"{stem}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    if source.configuration:
        (folder / "README.md").write_text(
            f"---\nconfigs:\n- config_name: {source.configuration}\n  data_files:\n"
            f"  - split: {source.split}\n    path: {stem}.jsonl\n---\n",
            encoding="utf-8",
        )


@pytest.mark.parametrize("name", SOURCES)
def test_published_shapes(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    shelved(tmp_path / "hub", name, SHAPES[name])
    (task,) = load(name, hub=tmp_path / "hub").tasks
    assert task.question.startswith(("Find", "p", "Which?", "What?"))
    assert task.answer
    if name == "gpqa-diamond":
        assert f"({task.answer}) right" in task.question


def test_another_shape_is_a_bad_row(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    shelved(tmp_path / "hub", "aime24", {"text": "no problem here"})
    with pytest.raises(ConfigError, match="not the shape of aime24"):
        load("aime24", hub=tmp_path / "hub")


def test_a_set_that_is_not_there_says_what_it_needs(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    with pytest.raises(ConfigError, match="it needs a network"):
        load("aime24", hub=tmp_path / "nowhere")


def test_an_unknown_name_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="one of offline, aime24"):
        load("aime26")
