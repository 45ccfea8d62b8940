"""The guide: a second role that reads along and advises the solver before each turn, as long as there are tools."""

import time

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime

from langgraph_tumix.agents.run import Run
from langgraph_tumix.agents.work import TRANSCRIPT_LIMIT, AgentState, transcript
from langgraph_tumix.core.answers import extract_answer
from langgraph_tumix.core.text import cut, fence

GUIDANCE_LIMIT = 12_000
"""Characters of a guide's advice that the solver is shown."""


async def guide(state: AgentState, runtime: Runtime[Run]) -> dict[str, object]:
    """Advise the solver on its next turn."""
    run, pending = runtime.context, state["pending"]
    done = transcript(state)
    progress = fence("progress", cut(done, TRANSCRIPT_LIMIT), run.question["marker"]) if done else "Nothing yet."
    own = f"{run.equipped.agent.guide}\n\n# Progress so far\n\n{progress}\n\nTool uses left: {state['left']}."
    started = time.monotonic()
    reply = await run.ask(run.prompt(state["shared"], own))
    guidance = run.unmarked(extract_answer(reply.text).answer or reply.text.strip(), GUIDANCE_LIMIT)
    run.record("guide", "", guidance, ok=True, seconds=time.monotonic() - started)
    return {"pending": [*pending[:-1], _advised(pending[-1], guidance)]}


def _advised(message: AnyMessage, guidance: str) -> AnyMessage:
    text = f"\n\n# Guidance\n\n{guidance}"
    content = message.content
    content = content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    return message.model_copy(update={"content": content})
