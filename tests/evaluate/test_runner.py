"""The runner: killed, short of money, and asked what cannot be asked; nothing is paid twice, nothing is lost."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from langgraph_tumix import Budget, ConfigError, create_tumix
from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.answering import Answering
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.runner import Progress, Runner, jobs
from langgraph_tumix.evaluate.scoring import Scorer
from langgraph_tumix.evaluate.tasks import Task
from langgraph_tumix.models.model import resolve
from langgraph_tumix.report.document import write
from langgraph_tumix.report.run import read_run
from langgraph_tumix.testing import ScriptedChatModel
from tests.evaluate.child import ABOUT, PRESETS, TASKS, evaluate, work
from tests.graph.roles import play
from tests.processes import PROCESSES
from tests.resume.killing import Server

EVERY = {(preset, task.id, 0) for preset in PRESETS for task in TASKS}


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def keys(folder: Path) -> list[tuple[str, str, int]]:
    return [(result["preset"], result["task"], result["repeat"]) for result in results(folder)]


@pytest.mark.server
@pytest.mark.timeout(180)
def test_killed_three_times_it_ends_with_every_question_once_and_pays_once(tmp_path: Path) -> None:
    with Server() as server:
        deaths = []
        for replies in (12, 25, 40):
            process = PROCESSES.Process(target=work, args=(tmp_path, server.url))
            server.stats.alarm.clear()
            server.stats.alarm_at = len(server.stats.calls) + replies
            process.start()
            assert server.stats.alarm.wait(60)
            process.kill()
            process.join()
            deaths.append(time.monotonic())
            if (tmp_path / "results.jsonl").read_bytes():
                read_run(tmp_path)
        process = PROCESSES.Process(target=work, args=(tmp_path, server.url))
        process.start()
        process.join(100)
        assert process.exitcode == 0
    assert sorted(keys(tmp_path)) == sorted(EVERY)
    spent = add_usage(*(result["outcome"]["usage"] for result in results(tmp_path)))
    once = {call.key: call for call in server.stats.calls}
    assert spent["model_calls"] == len(once)
    assert spent["input_tokens"] + spent["output_tokens"] == sum(sum(call.tokens) for call in once.values())
    seen: dict[str, float] = {}
    for call in server.stats.calls:
        if call.key in seen:  # sent again: only what was on its way, or being written down, when the process died
            assert min(abs(death - seen[call.key]) for death in deaths) < 1.0
        seen[call.key] = call.when


@pytest.mark.server
async def test_sums_per_agent_and_round_are_the_server_s_to_the_token(tmp_path: Path) -> None:
    with Server() as server:
        progress = await evaluate(tmp_path, server.url)
    assert (progress.done, progress.suspended) == (len(EVERY), False)
    billed = server.stats.usage
    for part in ("by_agent", "by_round"):
        usages = [usage for result in results(tmp_path) for usage in result["outcome"][part].values()]
        if part == "by_round":  # what grouped equal answers belongs to no round
            usages += [result["outcome"]["by_agent"]["aggregator"] for result in results(tmp_path)]
        total = add_usage(*usages)
        assert total["model_calls"] == billed.calls
        assert (total["input_tokens"], total["output_tokens"]) == (billed.prompt_tokens, billed.completion_tokens)
    run = read_run(tmp_path)
    assert len(run.results) == len(EVERY)
    assert not run.problems
    again = await evaluate(tmp_path, server.url)
    assert (again.done, again.before) == (len(EVERY), len(EVERY)), "the server is gone, and nobody asks it"


@pytest.mark.server
async def test_short_of_money_it_is_suspended_and_later_goes_on_where_it_stood(tmp_path: Path) -> None:
    with Server() as server:
        first = await evaluate(tmp_path, server.url, usd=0.02)
        assert first.suspended
        assert 0 < first.done < len(EVERY)
        assert all(result["outcome"]["status"] != "budget" for result in results(tmp_path))
        billed = server.stats.usage
        assert (billed.prompt_tokens + 4 * billed.completion_tokens) / 1e6 <= 0.02
        calls = billed.calls
        second = await evaluate(tmp_path, server.url, usd=0.02)
        assert second.suspended
        assert server.stats.usage.calls - calls <= 3, "what was spent on questions under way counts"
        last = await evaluate(tmp_path, server.url, usd=5.0)
    assert (last.done, last.suspended) == (len(EVERY), False)
    assert sorted(keys(tmp_path)) == sorted(EVERY)
    spent = add_usage(*(result["outcome"]["usage"] for result in results(tmp_path)))
    assert spent["model_calls"] == server.stats.usage.calls == len({call.key for call in server.stats.calls})


async def run_offline(folder: Path, tasks: list[Task], chat: ScriptedChatModel, scorer: Scorer) -> Progress:
    saver, account, run = InMemorySaver(), Account(), RunFolder(folder)
    graph = create_tumix(
        chat, agents=["Base"], max_rounds=1, min_rounds=1, checkpointer=saver, budget=Budget(within=account)
    )
    about = {**ABOUT, "presets": ["single"]}
    with run.begin(about, tasks) as before:
        runner = Runner(run, Answering({"single": graph}.__getitem__, saver, account, scorer))
        return await runner.run(jobs(tasks, ["single"]), before)


async def test_what_cannot_be_asked_is_a_result_without_a_score(tmp_path: Path) -> None:
    tasks = [Task(id="long", question="x" * 200_001, answer="42"), Task(id="short", question="What?", answer="42")]
    progress = await run_offline(tmp_path, tasks, play(), Scorer())
    assert (progress.done, progress.scored, progress.right) == (2, 1, 1)
    scores = {result["task"]: result["score"] for result in results(tmp_path)}
    assert scores["long"]["correct"] is None
    assert "200,000" in scores["long"]["why"]
    assert "short" in write(tmp_path, None).read_text("utf-8")


async def test_grading_costs_nothing_of_the_answer(tmp_path: Path) -> None:
    grader = ScriptedChatModel(responder=lambda messages: "<<<YES>>>")
    tasks = [Task(id="free", question="What?", answer="forty-two apples")]
    model = play(lambda messages: "<<<some apples, about two dozen>>>")
    progress = await run_offline(tmp_path, tasks, model, Scorer(model=resolve(grader)))
    (result,) = results(tmp_path)
    assert (progress.right, result["score"]["by"]) == (1, "model")
    assert result["outcome"]["usage"]["model_calls"] == 1
    assert result["grading"]["model_calls"] == 1


def begin(folder: Path, **changes: Any) -> None:
    with RunFolder(folder).begin({**ABOUT, **changes}, TASKS):
        pass


@pytest.mark.parametrize("change", [{"model": "another"}, {"repeats": 2}, {"presets": ["one"]}])
def test_a_folder_of_another_evaluation_is_left_alone(tmp_path: Path, change: dict[str, Any]) -> None:
    begin(tmp_path)
    begin(tmp_path, created="tomorrow", version="1")
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(ConfigError, match=next(iter(change))):
        begin(tmp_path, **change)
    with pytest.raises(ConfigError, match="digest"), RunFolder(tmp_path).begin(ABOUT, [*TASKS[:-1], TASKS[0]]):
        pass
    assert (tmp_path / "run.json").read_bytes() == before


def test_two_evaluations_cannot_share_a_folder(tmp_path: Path) -> None:
    with RunFolder(tmp_path).begin(ABOUT, TASKS), pytest.raises(ConfigError, match="in use"):
        begin(tmp_path)


def test_half_a_line_is_cut_off_and_a_broken_one_is_named(tmp_path: Path) -> None:
    row = {"preset": "one", "task": "1", "repeat": 0, "outcome": {}, "score": {}, "grading": {}, "notes": []}
    with RunFolder(tmp_path).begin(ABOUT, TASKS) as found:
        assert found == []
    file = tmp_path / "results.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps(row)[:30], "utf-8")
    run = RunFolder(tmp_path)
    with run.begin(ABOUT, TASKS) as found:
        assert [result["task"] for result in found] == ["1"]
        run.append({**row, "task": "half \ud83d a character"})
    assert [json.loads(line)["task"] for line in file.read_text("utf-8").splitlines()] == [
        "1",
        "half \ud83d a character",
    ]
    file.write_text('{"nonsense": 1}\n', "utf-8")
    with pytest.raises(ConfigError, match="line 1"):
        begin(tmp_path)


@pytest.mark.parametrize("text", ["[]", '{"format": 99}', "{", "null"])
def test_a_folder_of_another_version_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError):
        begin(tmp_path)
