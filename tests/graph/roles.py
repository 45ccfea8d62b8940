"""A scripted model that plays every role of the graph by the text protocol, so that tests say only what differs."""

from collections.abc import Callable, Sequence

from langchain_core.messages import BaseMessage

from langgraph_tumix import Toolbox
from langgraph_tumix.agents.prompt import template
from langgraph_tumix.search.base import Ask, Found, Hit
from langgraph_tumix.testing import FakeInterpreter, ScriptedChatModel

Role = str
GUIDES = tuple(template(name)[:60] for name in ("csg_guide", "csg_plus_guide"))


def role_of(messages: Sequence[BaseMessage]) -> Role:
    """Tell who is asked: judge, group, guide or solver."""
    text = messages[1].text if len(messages) > 1 else messages[0].text
    if "You are the judge of this work" in text:
        return "judge"
    if "Which of them say the same thing" in text:
        return "group"
    return "guide" if any(guide in text for guide in GUIDES) else "solver"


def solver(messages: Sequence[BaseMessage]) -> str:
    """Use each tool that is offered once, then answer."""
    told = "\n".join(message.text for message in messages[1:])
    done = sum("[[output of your program" in m.text or "[[search results" in m.text for m in messages)
    programs = "To run a program" in told
    searches = "To search, end your turn" in told
    if "exactly one fenced block" in told:
        return "Plan.\n\n```python\nprint(42)\n```"
    if searches and done == 0:
        return "I look it up. <search>the question</search>"
    if programs and done <= int(searches):
        return "I compute.\n\n```python\nprint(6 * 7)\n```"
    return "So it is <<<42>>>."


def play(
    solve: Callable[[Sequence[BaseMessage]], str | Exception] = solver,
    *,
    verdict: str = "All agree. <<<YES>>>",
    grouping: str = "<<<none>>>",
    latency: float = 0.0,
) -> ScriptedChatModel:
    """Return a model whose solvers do what `solve` says."""

    def respond(messages: Sequence[BaseMessage]) -> str | Exception:
        match role_of(messages):
            case "judge":
                return verdict
            case "group":
                return grouping
            case "guide":
                return "<<<Check the result by a program.>>>"
        return solve(messages)

    return ScriptedChatModel(responder=respond, latency=latency)


class FakeSearch:
    """A search with one source."""

    name = "a fake"
    usd_per_query: float | None = 0.0

    def __init__(self) -> None:
        self.queries: list[str] = []

    async def search(self, query: str, ask: Ask) -> Found:
        """Return the source."""
        self.queries.append(query)
        return Found(query, (Hit("Title", "corpus:source", "The passage says 42."),))


def toolbox(output: Callable[[str], str] = lambda code: "42") -> Toolbox:
    """Return fakes for all tools."""
    return Toolbox(code=FakeInterpreter(output), gs=FakeSearch(), llm=FakeSearch())
