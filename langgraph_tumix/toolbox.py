"""The tools at hand, and each agent equipped with its own before anything runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.interpreter.base import Interpreter
from langgraph_tumix.models.model import Model, resolve
from langgraph_tumix.models.price import Price
from langgraph_tumix.search.base import Search


@dataclass(frozen=True)
class Toolbox:
    """What code and the searches gs and llm are served by; None is not at hand.

    Attributes:
        code: Runs programs.
        gs: A web search service, or whatever takes its place.
        llm: A model's own search; None leaves it to each agent's model, if that is known to have one.

    Raises:
        ConfigError: One of them cannot serve what it should.
    """

    code: Interpreter | None = None
    gs: Search | None = None
    llm: Search | None = None

    def __post_init__(self) -> None:
        for name, method in (("code", "open"), ("gs", "search"), ("llm", "search")):
            server = getattr(self, name)
            if server is not None and not callable(getattr(server, method, None)):
                kind = "an interpreter, such as JupyterInterpreter()" if name == "code" else "a search"
                raise ConfigError(f"Toolbox({name}={server!r}): give {kind}")

    @classmethod
    def default(cls, model: Model) -> "Toolbox":
        """Return what this machine offers: Jupyter kernels, Tavily if its key is set.

        With the offline model, a search of its bundled corpus takes Tavily's place.
        """
        import os

        from langgraph_tumix.interpreter import JupyterInterpreter
        from langgraph_tumix.search import CorpusSearch, TavilySearch

        code = JupyterInterpreter() if os.name == "posix" else None  # on Windows: WSL, or a gateway
        if model.simulated:
            from langgraph_tumix.offline import articles

            return cls(code, CorpusSearch(articles()))
        return cls(code, TavilySearch() if os.environ.get("TAVILY_API_KEY") else None)

    def equip(self, agent: Agent, model: Model) -> Equipped:
        """Give an agent its tools.

        Raises:
            ConfigError: One of them is not at hand; the message says which and how to get it.
        """
        if agent.code != "none" and self.code is None:
            raise ConfigError(
                "it needs code execution, and the toolbox holds none: pass Toolbox(code=...), on Windows with a "
                "GatewayInterpreter"
            )
        return Equipped(agent, model, self.code if agent.code != "none" else None, self._search(agent, model))

    def _search(self, agent: Agent, model: Model) -> Search | None:
        from langgraph_tumix.search import CombinedSearch

        match agent.search:
            case "none":
                return None
            case "gs":
                return self._gs()
            case "llm":
                return self._llm(model)
            case "com":
                return CombinedSearch(self._gs(), self._llm(model))

    def _gs(self) -> Search:
        if self.gs is None:
            raise ConfigError("it needs web search, and there is no Tavily key: set TAVILY_API_KEY")
        return self.gs

    def _llm(self, model: Model) -> Search:
        from langgraph_tumix.search import NativeSearch, native_tool

        if self.llm is not None:
            return self.llm
        tool = native_tool(model.chat)
        if tool is None:
            raise ConfigError(
                f"it needs the model's own search, and {model.name} is not known to have one: "
                "pass Toolbox(llm=NativeSearch({...})) with the provider's tool"
            )
        return NativeSearch(tool, usd_per_query=0.0 if model.simulated else None)


def equip(
    agents: Iterable[Agent], model: Model, toolbox: Toolbox, prices: Mapping[str, Price] | None = None
) -> tuple[list[Equipped], dict[str, str]]:
    """Equip a roster; agents whose tools are not at hand are left out, and why.

    Args:
        agents: The roster wanted.
        model: The model of the agents that name none.
        toolbox: What is at hand.
        prices: The caller's own, for agents with a model of their own.

    Raises:
        ConfigError: No agent is left, or an agent's own model cannot be used.
    """
    equipped: list[Equipped] = []
    left_out: dict[str, str] = {}
    for agent in agents:
        own = model if agent.model is None else resolve(agent.model, prices)
        try:
            equipped.append(toolbox.equip(agent, own))
        except ConfigError as error:
            left_out[agent.name] = str(error)
    if not equipped:
        reasons = "; ".join(sorted(set(left_out.values())))
        raise ConfigError(f"no agent of the roster can run here: {reasons}")
    return equipped, left_out
