"""The command line, as a process: what a person sees, what a program reads, and the exit codes."""

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from langgraph_tumix.cli import _exit_code, main
from langgraph_tumix.outcome import Outcome
from tests.graph.test_wire import reply
from tests.processes import tumix
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.kernel


def as_json(*arguments: str) -> dict[str, Any]:
    """Run it with --json and return what it prints."""
    done = tumix("run", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_run_shows_each_agent_and_says_what_is_simulated() -> None:
    done = tumix("run", "--agents", "CoT,C,CS_gs", "What is the digit sum of 2^100?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "115"
    assert "simulated" in done.stdout
    assert "simulated" in done.stderr
    for word in ("round 1", "round 2", "CoT", "CS_gs", "agreement", "isolation"):
        assert word in done.stderr


@pytest.mark.parametrize(
    ("question", "answer", "tools"),
    [
        ("How many primes are there between 1234 and 4321?", "388", {"code"}),
        ("How high is Mount Vorr in metres?", "2684", {"search"}),
        ("What is the digit sum of the height in metres of Mount Kesseldon?", "13", {"search", "code"}),
    ],
)
def test_programs_outputs_hits_and_notes_can_be_read(question: str, answer: str, tools: set[str]) -> None:
    printed = as_json("--agents", "C,CS_gs,CSG_com", question)
    assert printed["outcome"]["answer"] == answer
    steps = [step for note in printed["notes"] for step in note["evidence"]]
    assert tools <= {step["kind"] for step in steps}
    for step in steps:
        if step["kind"] == "code" and step["ok"]:
            assert "print" in step["input"]
            assert step["output"].strip()
        if step["kind"] == "search" and step["ok"]:
            assert all(source.startswith("corpus:") for source in step["sources"])
    assert all(note["text"] for note in printed["notes"])


def test_with_a_key_and_a_name_the_same_command_asks_a_real_server() -> None:
    with OpenAIServer(lambda request: reply(request, {})) as server:
        done = tumix(
            *("run", "--json", "--model", "openai:some-model", "--agents", "CoT,C,S", "What is it?"),
            OPENAI_API_KEY="sk-local",
            OPENAI_BASE_URL=server.url,
        )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)["outcome"]
    assert (outcome["answer"], outcome["simulated"]) == ("42", False)
    assert outcome["usage"]["model_calls"] == server.stats.requests
    assert outcome["usage"]["usd"] is None, "nobody knows what a server of one's own costs"
    assert "own search" in outcome["left_out"]["S"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-local"}


def test_an_unknown_kind_of_question_gets_an_honest_no() -> None:
    done = tumix("run", "--agents", "CoT,C", "Should I move to the seaside?")
    assert done.returncode == 4
    assert "knows questions of these kinds" in done.stderr
    assert done.stdout.startswith("no answer")


def test_concurrency_of_one_works() -> None:
    assert as_json("--agents", "CoT,C", "--concurrency", "1", "What is 12 * 34?")["outcome"]["answer"] == "408"


def test_under_a_cap_in_dollars_all_fifteen_work() -> None:
    outcome = as_json("--max-cost", "1", "What is the digit sum of the height in metres of Mount Kesseldon?")["outcome"]
    assert (outcome["status"], outcome["agents"], outcome["lost"], outcome["left_out"]) == ("complete", 15, [], {})


def test_a_preset_by_name() -> None:
    usage = as_json("--preset", "sets:2", "What is 12 * 34?")["outcome"]["usage"]
    assert usage["model_calls"] == 6


def test_a_cut_short_run_says_so_by_its_exit_code() -> None:
    done = tumix("run", "--agents", "CoT,C", "--deadline", "0.2", "How many primes are there below 2026?")
    assert done.returncode in (3, 4)
    assert "deadline" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "  "], "the question is empty"),
        (["run", "--model", "openai:gpt-5-mini", "x"], "set OPENAI_API_KEY"),
        (["run", "--model", "nonsense", "x"], "'provider:model'"),
        (["run", "--agents", "Nobody", "x"], "Nobody"),
        (["run", "--agents", "CoT,Nobody", "x"], "Nobody"),
        (["run", "--max-rounds", "0", "x"], "max_rounds"),
        (["run", "--concurrency", "0", "x"], "concurrency"),
        (["run", "--max-cost", "-1", "x"], "usd=-1"),
        (["run", "--max-rounds", "many", "x"], "--max-rounds"),
        (["run", "--nonsense", "x"], "--nonsense"),
        (["run", "--preset", "nobody", "x"], "no preset"),
        (["run", "--preset", "single", "--agents", "C", "x"], "--agents"),
        (["run"], "Missing argument"),
        (["run", "x", "y"], "unexpected extra argument"),
        (["--nonsense"], "--nonsense"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tumix", *arguments])  # a process of its own for each takes a second
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("tumix: ")
    assert says in line
    assert not out


def test_without_a_word_it_says_what_there_is() -> None:
    done = tumix()
    assert done.returncode == 2
    assert "doctor" in done.stdout


def test_doctor_tries_what_it_reports() -> None:
    done = tumix("doctor")
    assert done.returncode == 0, done.stdout
    for word in ("ready", "gave '42'", "isolation", "CSG+_com", "not set", "simulated"):
        assert word in done.stdout


def test_doctor_names_the_missing_key() -> None:
    done = tumix("doctor", "--model", "openai:gpt-5-mini")
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stdout


def test_doctor_says_who_would_be_left_out() -> None:
    done = tumix("doctor", "--model", "openai:gpt-5-mini", OPENAI_API_KEY="sk-none")
    assert done.returncode == 0, done.stdout
    assert "left out: it needs web search" in " ".join(done.stdout.split())


def test_an_interrupt_ends_it_at_once_and_leaves_no_kernel() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "langgraph_tumix.cli", "run", "--agents", "C", "How many primes are there below 2026?"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    process.stderr.readline()  # it has begun
    time.sleep(0.2)  # in the middle of a round, or of its start: an interrupt must not care
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode in (130, 0)


@pytest.mark.parametrize(
    ("status", "answer", "lost", "code"),
    [
        ("complete", "42", 0, 0),
        ("degraded", "42", 1, 0),
        ("degraded", "42", 2, 5),
        ("budget", "42", 2, 3),
        ("deadline", "42", 0, 3),
        ("no_answer", None, 0, 4),
    ],
)
def test_exit_codes(status: str, answer: str | None, lost: int, code: int) -> None:
    losses = [{"agent": str(number), "round": 2, "cause": "timeout"} for number in range(lost)]
    assert _exit_code(Outcome(status=status, answer=answer, lost=losses, decided_in=2, agents=3)) == code
