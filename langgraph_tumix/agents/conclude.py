"""From the end of an agent's run to what its note says."""

import re
from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage

from langgraph_tumix.agents.run import Conclusion, Run
from langgraph_tumix.agents.work import answers, turn_of
from langgraph_tumix.core.answers import Extracted, extract_answer
from langgraph_tumix.core.text import clean
from langgraph_tumix.errors import BudgetExceeded, InterpreterError, ModelError
from langgraph_tumix.models.ending import ending

_DIGEST = re.compile(r"<digest>((?:(?!<digest>).)*)</digest>", re.DOTALL | re.IGNORECASE)


def conclude(run: Run, messages: Sequence[BaseMessage]) -> Conclusion:
    """Read the answer of a finished run from its last message, or from the output of its one program.

    Where answers are checked it is the last message that holds one: a check that ends in nothing leaves it standing.
    """
    replies = [message for message in messages if isinstance(message, AIMessage)]
    if run.equipped.agent.most_checks and not _ends(replies[-1]):
        replies = [reply for reply in replies if answers(reply) and ending(reply) != "length"] or replies
    reply = replies[-1]
    text = clean(reply.text).strip()
    if ending(reply) == "length":  # what stands in it may be a thought on the way
        return Conclusion("no_answer", "length", "the reply was cut off at the output limit", None, text)
    if run.equipped.agent.code == "once":
        return _of_program(run, reply, text)
    end = _conclusion(extract_answer(reply.text, final=True), text)
    return _digested(end) if run.equipped.agent.digest else end


def _ends(reply: AIMessage) -> bool:
    return answers(reply, final=True) and ending(reply) != "length"


def _digested(end: Conclusion) -> Conclusion:
    """Put the digest in the message, if it holds one, in place of it."""
    found = [digest.strip() for digest in _DIGEST.findall(end.text)]
    if not found or not found[-1]:
        return end
    return replace(end, text=f"{found[-1]}\n\n<<<{end.answer or 'unknown'}>>>", whole=end.text)


def failure(error: Exception) -> Conclusion:
    """Say how a run ended that raised."""
    match error:
        case BudgetExceeded():
            return Conclusion("cancelled", "budget", str(error))
        case ModelError(kind="timeout"):
            return Conclusion("timed_out", "timeout", str(error))
        case ModelError():
            return Conclusion("failed", error.kind, str(error))
        case InterpreterError():
            return Conclusion("failed", "interpreter", str(error))
    return Conclusion("failed", "error", f"{type(error).__name__}: {error}"[:500])


def _of_program(run: Run, reply: AIMessage, text: str) -> Conclusion:
    if turn_of(run.equipped.agent, reply).action != "code" or not run.evidence:
        return Conclusion("no_answer", "no_program", "the reply held no program", None, text)
    step = run.evidence[-1]
    if not step["ok"]:
        return Conclusion("abstained", "program", "its program failed", None, f"{text}\n\nOutput:\n{step['output']}")
    printed = [line.strip() for line in step["output"].splitlines() if line.strip()]
    last = printed[-1] if printed else ""
    found = extract_answer(last if "<<<" in last else f"<<<{last}>>>")
    return _conclusion(found, f"{text}\n\nOutput:\n{step['output']}\n\n<<<{found.answer or 'unknown'}>>>")


def _conclusion(found: Extracted, text: str) -> Conclusion:
    if found.answer is not None:
        return Conclusion("ok", "", "", found.answer, text)
    if found.why == "refusal":
        return Conclusion("abstained", "abstained", "says that it cannot tell", None, text)
    return Conclusion("no_answer", "no_answer", found.why or "no answer in the reply", None, text)
