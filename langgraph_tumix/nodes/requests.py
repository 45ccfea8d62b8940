"""Carries out the model calls that an aggregator asks for, on the question's account."""

import asyncio
from dataclasses import replace

from langgraph_tumix.agents.prompt import messages, shared_part, template
from langgraph_tumix.core.replies import read_reply
from langgraph_tumix.core.requests import Reply, Request
from langgraph_tumix.core.text import cut, fence
from langgraph_tumix.core.usage import Usage, add_usage
from langgraph_tumix.core.view import View
from langgraph_tumix.errors import BudgetExceeded, ModelError
from langgraph_tumix.nodes.judge import CUT_SHORT
from langgraph_tumix.plan import Plan, Step, Voice
from langgraph_tumix.state import TumixState


class Errands:
    """The requests of one question, and what came back.

    Attributes:
        replies: By the requests' ids; a call that failed has left one without numbers and answer.
    """

    def __init__(self, plan: Plan, state: TumixState, step: Step) -> None:
        self.replies: dict[str, Reply] = {}
        self._plan, self._state, self._step = plan, state, step
        self._voices: list[Voice] = []
        self._failures: list[str] = []
        self._notes = {note["id"]: note for note in state["notes"]}

    async def run(self, view: View, seconds: float | None) -> list[str]:
        """Ask until the aggregator asks for nothing new, and return what should be known of it.

        Args:
            view: The question's notes at their end.
            seconds: What is left of its time; None is no limit.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._fulfil(view)
        except TimeoutError:
            self._failures.append(CUT_SHORT["deadline"])
        count = sum(not reply.numbers and reply.answer is None for reply in self.replies.values())
        failed = [f"calls of the aggregator failed: {self._failures[0]}"] if self._failures else []
        return failed + ([f"{count} replies to the aggregator hold nothing that it asked for"] if count else [])

    async def _fulfil(self, view: View) -> None:
        """What is asked for at one time is asked side by side."""
        while True:
            wanted = self._plan.aggregator.requests(replace(view, replies=dict(self.replies)))
            new = {request.id: request for request in wanted if request.id not in self.replies}
            if not new:
                return
            async with asyncio.TaskGroup() as group:
                for request in new.values():
                    group.create_task(self._ask(request))

    @property
    def spent(self) -> Usage:
        """What all of them have cost, those that came to nothing included."""
        return add_usage(*(voice.spent for voice in self._voices))

    async def _ask(self, request: Request) -> None:
        voice = self._step.voice(self._plan.judge, f"aggregator {request.id}")
        self._voices.append(voice)
        reply = Reply()
        try:
            said = await voice.ask(messages(self._shown(request), self._task(request), self._state["asked"]["images"]))
            reply = read_reply(request, said.text)
        except (ModelError, BudgetExceeded) as error:
            self._failures.append(str(error))
        self.replies[request.id] = replace(reply, usage=voice.spent)

    def _shown(self, request: Request) -> str:
        """Return the question, and the notes in the order of the request, unsigned."""
        asked, count = self._state["asked"], len(request.notes)
        share = self._plan.judge.notes_limit // max(1, count)
        fenced = [
            fence(f"note {place} of {count}", cut(self._notes[id_]["text"].strip(), share), asked["marker"])
            for place, id_ in enumerate(request.notes, 1)
        ]
        return "\n\n".join([shared_part(asked, [], limit=0, seed=0), "# Notes", *fenced])

    def _task(self, request: Request) -> str:
        answers = [self._notes[id_]["answer"] or "none" for id_ in request.notes]
        listed = fence("answers", "\n".join(_lines(answers)), self._state["asked"]["marker"])
        return template(f"ask_{request.kind}").format(count=len(answers), answers=listed)


def _lines(answers: list[str]) -> list[str]:
    return [f"{place}. {cut(' '.join(answer.split()), 2_000)}" for place, answer in enumerate(answers, 1)]
