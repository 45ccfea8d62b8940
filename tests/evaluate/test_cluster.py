"""A real Ray cluster of two worker processes on this machine: one is killed, money runs out, and nothing is lost."""

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.core.usage import add_usage
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.replay.files import read_recording
from langgraph_tumix.report.run import read_run
from tests.evaluate.cluster_child import PRESET, TASKS, evaluate, work
from tests.processes import PROCESSES
from tests.resume.killing import Call, Server

IN_WORK = 2 * 6
"""Questions that a worker has at one time, times the agents of a layer; each waits for one reply."""

pytestmark = [
    pytest.mark.server,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("ray") is None, reason="needs ray"),  # importing it takes two seconds
]


def started(folder: Path, url: str, usd: float) -> tuple[Any, Connection, list[int]]:
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(folder, url, usd, sender))
    process.start()
    sender.close()  # so that the end of the process is the end of the pipe
    assert receiver.poll(240), "the cluster does not come up"
    return process, receiver, receiver.recv()


def sent_again(calls: list[Call]) -> Iterator[tuple[Call, Call]]:
    """Give each reply that was asked for twice, and the second."""
    first: dict[str, Call] = {}
    for call in calls:
        if call is not first.setdefault(call.key, call):
            yield first[call.key], call


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_worker_s_questions_are_done_by_another_and_paid_once(in_memory: Path) -> None:
    before = set(Path(tempfile.gettempdir()).glob("tumix-ray-*"))
    with Server() as server:
        server.stats.alarm_at = 40
        process, report, pids = started(in_memory, server.url, 5.0)
        assert server.stats.alarm.wait(60)
        os.kill(pids[0], signal.SIGKILL)
        assert report.poll(120), "the evaluation does not come to an end"
        end = report.recv()
        process.join(30)
        billed = server.stats.usage
    assert process.exitcode == 0
    assert (end["done"], end["suspended"], len(end["pids"])) == (len(TASKS), False, 3)
    assert sorted(result["task"] for result in results(in_memory)) == [task.id for task in TASKS]
    spent = add_usage(*(result["outcome"]["usage"] for result in results(in_memory)))
    once = {call.key: call for call in server.stats.calls}
    assert spent["model_calls"] == len(once)
    assert spent["input_tokens"] + spent["output_tokens"] == sum(sum(call.tokens) for call in once.values())
    again = list(sent_again(server.stats.calls))
    assert len(again) <= IN_WORK, "only what was on its way, or being written down, when the worker died"
    for one, other in again:
        between = [call for call in server.stats.calls if one.when < call.when < other.when]
        assert not [call for call in between if call.continues == one.asked], "something had come of it"
    assert (billed.prompt_tokens + 4 * billed.completion_tokens) / 1e6 <= end["spent"]["usd"] + 1e-9
    assert not read_run(in_memory).problems
    recording, gold = read_recording(RunFolder(in_memory).recording(PRESET))
    assert sorted(run.text for run in recording.runs) == sorted(task.question for task in TASKS)
    assert {run.id[:2] for run in recording.runs} <= set(gold.read())
    assert not any(map(alive, end["pids"]))
    assert set(Path(tempfile.gettempdir()).glob("tumix-ray-*")) <= before


async def test_the_cap_holds_over_all_workers_and_one_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap = 0.13
    with Server() as server:
        process, report, _ = started(tmp_path, server.url, cap)
        assert report.poll(120)
        end = report.recv()
        process.join(30)
        billed = server.stats.usage
        assert end["suspended"]
        assert 0 < end["done"] < len(TASKS)
        dollars = (billed.prompt_tokens + 4 * billed.completion_tokens) / 1e6
        assert dollars == pytest.approx(end["spent"]["usd"])
        assert dollars <= cap
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        last = await evaluate(tmp_path, 5.0, 0)
    assert last["done"] == len(TASKS)
    assert {result["preset"] for result in results(tmp_path)} == {PRESET}
    spent = add_usage(*(result["outcome"]["usage"] for result in results(tmp_path)))
    assert spent["model_calls"] == server.stats.usage.calls == len({call.key for call in server.stats.calls})
