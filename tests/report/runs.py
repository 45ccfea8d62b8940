"""Runs' folders as an evaluation leaves them, made by running real graphs with a model that errs by a seed."""

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage

from langgraph_tumix import StableMajority, create_tumix
from langgraph_tumix.evaluate.scoring import Scorer
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.testing import ScriptedChatModel
from tests.graph.roles import role_of, solver, toolbox

PRESETS: dict[str, dict[str, Any]] = {
    "tumix": {"agents": "tumix", "max_rounds": 4},
    "tumix-rule": {"agents": "tumix", "stop": StableMajority(), "max_rounds": 4},
    "self-consistency": {"agents": ["CoT"], "samples": 8, "min_rounds": 1, "max_rounds": 1},
    "single": {"agents": ["Base"], "min_rounds": 1, "max_rounds": 1},
}
SMALL: dict[str, dict[str, Any]] = {
    "trio": {"agents": ["CoT", "C", "CS_gs"], "max_rounds": 3},
    "single": {"agents": ["Base"], "min_rounds": 1, "max_rounds": 1},
}
TOPICS = ("arithmetic", "logic", "dates")
RIGHT = {f"box-{number:03}": str(100 + 7 * number) for number in range(1, 1001)}
RATES = {"input_tokens": 0.25e-6, "output_tokens": 2e-6}  # made up: dollars a token


def tasks(n: int) -> list[Task]:
    return [
        Task(
            id=id_,
            question=f"A locked box no. {number} holds some coins. How many are in box {number}?",
            answer=answer,
            topic=TOPICS[number % len(TOPICS)],
        )
        for number, (id_, answer) in enumerate(list(RIGHT.items())[:n], 1)
    ]


class Erring:
    """Answers right more often on easy boxes and with tools, follows the majority, and falls for one wrong answer."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, messages: Sequence[BaseMessage]) -> str:
        text = messages[1].text
        match role_of(messages):
            case "judge":
                shown = Counter(re.findall(r"<<<(\d+)>>>", text))
                return "I compare. " + ("<<<YES>>>" if max(shown.values()) > 0.8 * shown.total() else "<<<NO>>>")
            case "group":
                return "<<<none>>>"
            case "guide":
                return "<<<Check the result by a program.>>>"
        reply = solver(messages)
        if "```" in reply and "exactly one fenced block" not in text:
            return reply
        return re.sub(r"<<<42>>>|(?<=print\()42", lambda found: found[0].replace("42", str(self._guess(text))), reply)

    def _guess(self, text: str) -> int:
        found = re.search(r"box (\d+)\?", text)
        assert found
        number = int(found[1])
        shown = Counter(re.findall(r"<<<(\d+)>>>|prints (\d+)", text))
        if shown and self._random.random() < 0.6:
            return int("".join(shown.most_common(1)[0][0]))
        easy = 0.2 + 0.7 * random.Random(number).random()
        tools = 0.1 * ("To run a program" in text) + 0.08 * ("To search, end your turn" in text)
        if self._random.random() < min(0.97, easy + tools):
            return 100 + 7 * number
        return 100 + 7 * number + self._random.choice((1, 1, 1, 10, 3))


async def make(
    folder: Path,
    n: int = 12,
    presets: Mapping[str, Mapping[str, Any]] = SMALL,
    *,
    repeats: int = 1,
    priced: bool = True,
    seed: int = 0,
) -> Path:
    """Run `n` questions with each preset and leave what an evaluation leaves."""
    asked = tasks(n)
    _begin(folder, asked, list(presets), repeats)
    for name, options in presets.items():
        graph = create_tumix(ScriptedChatModel(responder=Erring(seed)), tools=toolbox(_output), **options)
        for task in asked:
            for repeat in range(repeats):
                result = await _result(graph, task)
                entry = {"preset": name, "task": task.id, "repeat": repeat, **result}
                add(folder, _priced(entry) if priced else entry)
    return folder


def _begin(folder: Path, asked: list[Task], presets: list[str], repeats: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = {"format": 1, "created": "2026-11-23T06:50:00+00:00", "version": "0.1.0", "commit": "0123456789abcdef"}
    about |= {"model": "scripted", "simulated": True, "tasks": "boxes", "presets": presets}
    (folder / "run.json").write_text(json.dumps({**about, "questions": len(asked), "repeats": repeats}))
    lines(folder / "tasks.jsonl", [{"id": t.id, "question": t.question, "topic": t.topic} for t in asked])
    lines(folder / "gold.jsonl", [{"id": t.id, "answer": t.answer, "tests": t.tests} for t in asked])
    lines(folder / "results.jsonl", [])


async def _result(graph: Any, task: Task) -> dict[str, Any]:
    states = graph.astream({"question": task.question}, {"recursion_limit": 100}, stream_mode="values")
    state = [state async for state in states][-1]
    score = asdict(await Scorer().score(task, state["outcome"]))
    return {"outcome": state["outcome"], "notes": state["notes"], "score": score}


def _output(code: str) -> str:
    return code.rpartition("print(")[2].partition(")")[0]


def _priced(entry: Any) -> Any:
    """Put made-up prices on all tokens: the scripted model has none."""
    if isinstance(entry, list):
        return [_priced(part) for part in entry]
    if not isinstance(entry, dict):
        return entry
    if "model_calls" in entry:
        return {**entry, "usd": sum(rate * entry[kind] for kind, rate in RATES.items())}
    return {key: _priced(value) for key, value in entry.items()}


def lines(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")


def add(folder: Path, entry: Mapping[str, Any]) -> None:
    with (folder / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def of(folder: Path, preset: str) -> list[dict[str, Any]]:
    return [result for result in results(folder) if result["preset"] == preset]
