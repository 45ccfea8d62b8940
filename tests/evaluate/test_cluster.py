"""A real Ray cluster of two worker processes: one is killed, money runs out, and nothing is lost or paid twice."""

import asyncio
import json
import os
import signal
import tempfile
import time
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
from tests.resume.killing import Server

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


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_is_killed_then_money_runs_out_and_one_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, cap = set(Path(tempfile.gettempdir()).glob("tumix-ray-*")), 0.19
    with Server() as server:
        server.stats.alarm_at = 20
        process, report, pids = started(tmp_path, server.url, cap)
        assert server.stats.alarm.wait(60)
        os.kill(pids[0], signal.SIGKILL)
        death = time.monotonic()
        assert report.poll(120), "the evaluation does not come to an end"
        end = report.recv()
        process.join(30)
        assert process.exitcode == 0
        assert end["suspended"]
        assert len(end["pids"]) in (2, 3)  # the money may be at its end before another worker stands in its place
        assert end["done"] < len(TASKS)
        # What was on its way when the worker died is on the account, as the server may bill it.
        assert dollars(server) <= end["spent"]["usd"] + 1e-9
        assert end["spent"]["usd"] <= cap
        assert not any(map(alive, end["pids"]))
        assert set(Path(tempfile.gettempdir()).glob("tumix-ray-*")) <= before
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        last = asyncio.run(evaluate(tmp_path, 5.0, 0))
    assert last["done"] == len(TASKS)
    assert sorted(result["task"] for result in results(tmp_path)) == [task.id for task in TASKS]
    spent = add_usage(*(result["outcome"]["usage"] for result in results(tmp_path)))
    once = {call.key: call for call in server.stats.calls}
    assert spent["model_calls"] == len(once)
    assert spent["input_tokens"] + spent["output_tokens"] == sum(sum(call.tokens) for call in once.values())
    first: dict[str, float] = {}
    for call in server.stats.calls:
        if call.key in first:  # sent again: only what was on its way, or being written down, when the worker died
            assert abs(first[call.key] - death) < 1.0
        first.setdefault(call.key, call.when)
    assert not read_run(tmp_path).problems
    recording, gold = read_recording(RunFolder(tmp_path).recording(PRESET))
    assert sorted(run.text for run in recording.runs) == sorted(task.question for task in TASKS)
    assert {run.id[:2] for run in recording.runs} <= set(gold.read())


def dollars(server: Server) -> float:
    billed = server.stats.usage
    return (billed.prompt_tokens + 4 * billed.completion_tokens) / 1e6
