"""The soak in small; ``python -m benchmarks.soak`` asks a thousand questions."""

import pytest

from benchmarks.soak import Traces, respond, soak
from tests.servers.openai_server import OpenAIServer


@pytest.mark.server
@pytest.mark.timeout(120)
async def test_every_question_gets_its_own_answer_and_nothing_piles_up() -> None:
    async with OpenAIServer(respond, keep=False) as server:
        before = Traces.now()
        report = await soak(server.url, questions=8, at_once=8, call_seconds=1.5)
    assert report.wrong == []
    assert report.answered == report.questions == sum(report.statuses.values())
    assert report.doubled == 0
    assert set(report.rounds) == {2, 3}
    assert set(report.lost) <= {"reply", "refused", "timeout", "server", "connection", "empty", "quorum"}
    assert report.after.tasks <= before.tasks
    assert report.after.processes <= before.processes
