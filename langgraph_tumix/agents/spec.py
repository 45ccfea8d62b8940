"""What an agent is: an instruction, the tools it may use, and the loop that follows from them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from langgraph_tumix.errors import ConfigError

Code = Literal["none", "once", "loop"]
SearchKind = Literal["none", "gs", "llm", "com"]
Check = Literal["none", "recheck", "wait", "verify", "pivot"]
Style = Literal["text", "code", "search", "dual", "guided"]

MOST_CHECKS = 8

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+\-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One way of answering. Data only: how it runs follows from what it may use.

    Attributes:
        name: Letters, digits, space and ``_.+-``, at most 40; it is the node's name in the graph.
        instruction: What sets this agent apart, in words to the model. How to call tools, how to answer and how to
            read notes is added by the harness.
        code: ``none``; ``once``: its one program is run and prints the answer; ``loop``: programs in a session that
            keeps state.
        search: ``none``; ``gs``: a web search service (Tavily); ``llm``: the model's own search; ``com``: both.
        guide: The instruction of a second role that advises before each turn; empty for none.
        tools: LangChain tools of your own. The model calls them natively, and then code and search as well.
        steps: Further instructions, each given once the one before is done, which a turn without an action says. Tool
            uses are shared over all steps; the answer of the last one counts. So plans are made, work is verified,
            and debates are held.
        check: What follows an answer before it counts; nothing announces it. ``recheck``: asked to go through the
            question once more (TTI, arXiv 2506.07976); ``wait``: told to think anew (budget forcing, arXiv 2501.19393);
            ``verify``: a call of its own judges the work, and what it calls wrong is corrected (SETS, arXiv
            2501.19306); ``pivot``: such a call weighs each condition and what is left of the budget, and ends the work
            or has it begun anew from a summary (BATS, arXiv 2511.17006), for agents with tools and nothing but them.
        checks: How often; ``verify`` and ``pivot`` end with the first that passes.
        digest: Other agents read a digest that it makes of its work, not its final message (Sticker-TTS).
        model: The model of this agent, if not the graph's.
        max_tool_uses: Tool uses in one round; turns that lead nowhere count. Then one last turn for each step or check
            that is left must do without.

    Raises:
        ConfigError: A field does not hold what is said above.

    >>> Agent(name="Sceptic", instruction="Look for the flaw first.", code="loop").style
    'code'
    """

    name: str
    instruction: str
    code: Code = "none"
    search: SearchKind = "none"
    guide: str = ""
    tools: tuple[BaseTool, ...] = ()
    steps: tuple[str, ...] = ()
    check: Check = "none"
    checks: int = 1
    digest: bool = False
    model: str | BaseChatModel | None = None
    max_tool_uses: int = 5

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"agent name {self.name!r}: use up to 40 letters, digits, spaces and _.+-, a letter or digit first"
            )
        if not isinstance(self.instruction, str) or not self.instruction.strip():
            raise ConfigError(f"agent {self.name!r} has no instruction: say in a sentence how it should work")
        if not isinstance(self.guide, str):
            raise ConfigError(f"agent {self.name!r}: guide is {self.guide!r}, give an instruction, or '' for none")
        _one_of(self, "code", ("none", "once", "loop"))
        _one_of(self, "search", ("none", "gs", "llm", "com"))
        for name in ("tools", "steps"):
            if isinstance(getattr(self, name), str) or not isinstance(getattr(self, name), Iterable):
                raise ConfigError(f"agent {self.name!r}: {name} is {getattr(self, name)!r}, give a list")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        strange = [tool for tool in self.tools if not isinstance(tool, BaseTool)]
        if strange:
            raise ConfigError(
                f"agent {self.name!r}: {strange[0]!r} is not a LangChain tool; decorate the function with @tool"
            )
        if not all(isinstance(step, str) and step.strip() for step in self.steps):
            raise ConfigError(f"agent {self.name!r}: steps is a list of further instructions, none of them empty")
        if not isinstance(self.max_tool_uses, int) or self.max_tool_uses < 1:
            raise ConfigError(f"agent {self.name!r}: max_tool_uses is {self.max_tool_uses!r}, give at least 1")
        _one_of(self, "check", ("none", "recheck", "wait", "verify", "pivot"))
        if not 1 <= self.checks <= MOST_CHECKS:
            raise ConfigError(f"agent {self.name!r}: checks is {self.checks}, give 1 to {MOST_CHECKS}")
        if self.check == "pivot" and (not self.loops or self.steps or self.guide):
            raise ConfigError(
                f"agent {self.name!r}: check='pivot' weighs the tool uses that are left and steers the work itself; "
                "give it code='loop' or a search, and neither steps nor a guide"
            )
        further = self.search != "none" or self.guide or self.tools or self.steps or self.most_checks or self.digest
        if self.code == "once" and further:
            raise ConfigError(f"agent {self.name!r}: code='once' is one program and nothing else; use code='loop'")
        if self.guide and not self.loops:
            raise ConfigError(f"agent {self.name!r} has a guide but nothing to steer: give it code='loop' or a search")

    @property
    def loops(self) -> bool:
        """Whether it takes several turns, with tools between them."""
        return self.code == "loop" or self.search != "none" or bool(self.tools)

    @property
    def most_checks(self) -> int:
        """How often its answer is checked at most."""
        return 0 if self.check == "none" else self.checks

    @property
    def most_model_calls(self) -> int:
        """Model calls in one round at most: turns, checks, guidance, and the model's own searches."""
        further = len(self.steps) + self.most_checks
        judged = self.most_checks if self.check in ("verify", "pivot") else 0
        if not self.loops:
            return 1 + further + judged
        guided = self.max_tool_uses + further if self.guide else 0
        searching = self.max_tool_uses if self.search in ("llm", "com") else 0
        return self.max_tool_uses + 1 + further + judged + guided + searching

    @property
    def style(self) -> Style:
        """Its style, as the paper sorts them."""
        if self.guide:
            return "guided"
        if self.code != "none" and self.search != "none":
            return "dual"
        if self.code != "none":
            return "code"
        return "search" if self.search != "none" or self.tools else "text"


def _one_of(agent: Agent, field: str, allowed: tuple[str, ...]) -> None:
    value = getattr(agent, field)
    if value not in allowed:
        raise ConfigError(f"agent {agent.name!r}: {field}={value!r} is not one of {', '.join(allowed)}")
