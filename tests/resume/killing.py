"""Kills a run at a chosen moment, resumes it in a new process, and compares what the server has counted.

A moment is a number of replies that the server has sent, and a pause after it: so it means the same on any machine.
"""

import contextlib
import hashlib
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from tests.graph.roles import play, solver
from tests.processes import PROCESSES
from tests.resume.child import ROUNDS, Job, work
from tests.servers.openai_server import OpenAIServer, OpenAIStats, Reply, Request

KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass(frozen=True)
class Call:
    """A reply that was sent to its end.

    Attributes:
        key: The same for the same request.
        asked: The same for the same messages.
        continues: What was asked before the last reply that these messages hold; empty if they hold none.
        run: Whose call it is: an agent in a round, or the judge after it.
        when: Seconds on the monotonic clock.
        tokens: Prompt and completion tokens, as billed.
    """

    key: str
    asked: str
    continues: str
    run: str
    when: float
    tokens: tuple[int, int]


@dataclass
class Bills(OpenAIStats):
    """Statistics that keep each bill, and raise a flag at a chosen one."""

    calls: list[Call] = field(default_factory=list)
    alarm_at: int = -1
    alarm: threading.Event = field(default_factory=threading.Event)

    def bill(self, request: Request, reply: Reply) -> None:
        """Count a reply."""
        before = self.usage.prompt_tokens, self.usage.completion_tokens
        super().bill(request, reply)
        tokens = self.usage.prompt_tokens - before[0], self.usage.completion_tokens - before[1]
        texts = [message["text"] for message in request.messages]
        replies = [place for place, message in enumerate(request.messages) if message["role"] == "assistant"]
        continues = _hashed(texts[: replies[-1]]) if replies else ""
        key = hashlib.sha256(request.raw).hexdigest()
        self.calls.append(Call(key, _hashed(texts), continues, _run_of(request), time.monotonic(), tokens))
        if len(self.calls) == self.alarm_at:
            self.alarm.set()


def _hashed(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()


def _run_of(request: Request) -> str:
    opening = request.messages[1]["text"]
    agent = re.findall(r"^\(agent (.*)\)$", opening, re.MULTILINE)
    after = re.search(r"^# Notes of round (\d+)$", opening, re.MULTILINE)
    return f"{'guide' if 'Progress so far' in opening else ''}{agent or 'judge'} after {after and after[1]}"


def respond(request: Request) -> Reply:
    """Play every role; what an agent answers and how long it takes depends on its prompt and nothing else."""
    messages: list[BaseMessage] = [KINDS[message["role"]](message["text"]) for message in request.messages]
    chance = random.Random(f"{_run_of(request)} {len(messages)}")
    verdict = "<<<YES>>>" if f"Round {ROUNDS} of at most" in messages[-1].text else "<<<NO>>>"
    said = play(lambda asked: _varied(solver(asked), chance), verdict=verdict).responder(messages)
    assert isinstance(said, str)
    return Reply(said, latency=chance.uniform(0.01, 0.12))


def _varied(reply: str, chance: random.Random) -> str:
    return reply.replace("<<<42>>>", f"<<<{chance.choice(['42', '42', '41', '40'])}>>>")


class Server(OpenAIServer):
    """The model, in a thread of this process."""

    stats: Bills

    def __init__(self) -> None:
        super().__init__(respond, keep=False)
        self.stats = Bills()


@dataclass(frozen=True)
class Point:
    """When to kill: after so many replies, and a pause in seconds."""

    replies: int
    pause: float


@dataclass(frozen=True)
class Resumed:
    """What came of a run that was killed and resumed.

    Attributes:
        result: As `tests.resume.child` reports it.
        kills: How often it was killed.
        calls: All replies that the server has sent to their end.
        repeated: Those among them that were sent again.
        ages: How many seconds before the kill each of those had been sent; below 0, it was on its way.
    """

    result: dict[str, Any]
    kills: int
    calls: list[Call]
    repeated: list[Call]
    ages: list[float]

    @property
    def once(self) -> list[Call]:
        """Every reply once."""
        return list({call.key: call for call in self.calls}.values())


def uninterrupted(saver: str, *, kernels: bool = False) -> Resumed:
    """Run the question without killing anything."""
    return killed_and_resumed(saver, [], kernels=kernels)


def killed_and_resumed(saver: str, points: list[Point], *, kernels: bool = False) -> Resumed:
    """Kill a run at each of `points` (the later ones are counted from the resumption), then let it end."""
    with Server() as server:
        job = Job(saver, server.url, kernels)
        killed = [_kill(job, server.stats, point) for point in points]
        with _process(job) as (process, report):
            assert report.poll(120), "the resumed run does not come to an end"
            result = report.recv()
            process.join(30)
    deaths = [when for when in killed if when is not None]
    first: dict[str, Call] = {}
    again = [(first[call.key], call) for call in server.stats.calls if call is not first.setdefault(call.key, call)]
    ages = [max(death for death in deaths if death < second.when) - call.when for call, second in again]
    return Resumed(result, len(deaths), server.stats.calls, [call for call, _ in again], ages)


def faults(run: Resumed, reference: Resumed) -> list[str]:
    """Say what a run that was killed did otherwise than one that was not."""
    outcome, expected = run.result["outcome"], reference.result["outcome"]
    pairs = {"notes": (run.result["notes"], reference.result["notes"])}
    pairs |= {name: (outcome[name], expected[name]) for name in ("answer", "votes", "status")}
    pairs |= {
        kind: (outcome["usage"][kind], expected["usage"][kind])
        for kind in ("model_calls", "tool_calls", "input_tokens", "output_tokens")
    }
    billed = sum(call.tokens[0] + call.tokens[1] for call in run.once)
    pairs["tokens"] = (outcome["usage"]["input_tokens"] + outcome["usage"]["output_tokens"], billed)
    found = [f"{name}: {got} instead of {wanted}" for name, (got, wanted) in pairs.items() if got != wanted]
    return found + [
        f"{call.run} was asked again though it had gone on" for call in run.repeated if _followed(call, run)
    ]


def _followed(call: Call, run: Resumed) -> bool:
    """Whether something came of a reply before it was asked for again."""
    again = max(other.when for other in run.calls if other.key == call.key)
    return any(other.run == call.run and call.when < other.when < again for other in run.calls)


@contextlib.contextmanager
def _process(job: Job) -> Iterator[tuple[Any, Connection]]:
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(job, sender))
    process.start()
    sender.close()
    try:
        yield process, receiver
    finally:
        process.kill()
        process.join()
        process.close()
        receiver.close()


def _kill(job: Job, bills: Bills, point: Point) -> float | None:
    """Start a run and kill it; return when, or None if it ended before."""
    bills.alarm.clear()
    bills.alarm_at = len(bills.calls) + point.replies
    with _process(job) as (process, report):
        while point.replies and not bills.alarm.wait(0.02):
            if not process.is_alive() or report.poll():
                return None
        time.sleep(point.pause)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return time.monotonic()
