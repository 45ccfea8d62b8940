"""The nodes of auto-design: one that designs before round 1, one for a person's approval, one for designed agents."""

import asyncio
from dataclasses import replace
from typing import Any

from langgraph.graph import StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.types import Send

from langgraph_tumix.agents.equipped import Equipped
from langgraph_tumix.agents.rosterfile import as_data, from_data
from langgraph_tumix.agents.spec import Agent
from langgraph_tumix.context import TumixContext
from langgraph_tumix.core.ledger import KINDS, Budget
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.usage import Usage, add_usage, used
from langgraph_tumix.design.approve import ask, decide
from langgraph_tumix.design.bench import Probe
from langgraph_tumix.design.designer import Designer
from langgraph_tumix.design.keep import Record, alone, load, save
from langgraph_tumix.design.report import Report, admitted
from langgraph_tumix.design.trials import Trials
from langgraph_tumix.design.vet import Vetting
from langgraph_tumix.design.workshop import Workshop, design
from langgraph_tumix.errors import BudgetExceeded, ConfigError, ModelError
from langgraph_tumix.events import event
from langgraph_tumix.journal import saver
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import Model
from langgraph_tumix.nodes.agent import agent_node
from langgraph_tumix.plan import Plan, seconds_left
from langgraph_tumix.state import Design, TumixInput, TumixOutput, TumixState, Update
from langgraph_tumix.toolbox import Toolbox


class DesignNodes:
    """What the nodes of auto-design share.

    Attributes:
        plan: The graph's plan.
        designer: What to design for.
        proposer: The model that proposes.
        model: The graph's model, on which designed agents run.
        toolbox: What is at hand for them.
    """

    def __init__(self, plan: Plan, designer: Designer, proposer: Model, model: Model, toolbox: Toolbox) -> None:
        self.plan = plan
        self.designer = designer
        self.model = model
        self.toolbox = toolbox
        self.proposer = proposer
        self.trials = Trials()  # until something is kept, so that a design that was cancelled goes on where it was
        self.key = designer.task_key([equipped.agent for equipped in plan.roster])

    def add_to(self, builder: "StateGraph[TumixState, TumixContext, TumixInput, TumixOutput]") -> None:
        """Put the nodes between ``intake`` and ``dispatch``, and beside the agents."""
        builder.add_node("design", self.design)
        builder.add_node("designed", self.answer)
        if self.designer.approve:
            builder.add_node("approve", self.approve)
            builder.add_edge("design", "approve").add_edge("approve", "dispatch")
        else:
            builder.add_edge("design", "dispatch")
        builder.add_conditional_edges("dispatch", self.send, ["designed"]).add_edge("designed", "collect")

    async def design(self, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        """Have agents designed, once for each task; later questions find them again."""
        store, budget = self._store(runtime), self._budget(state, runtime)
        try:
            async with alone(store, self.key, seconds=budget.seconds):
                record = await load(store, self.key)
                if self.designer.approve and (record is None or record["status"] == "waiting"):
                    _check_approvable()
                if record is not None:
                    runtime.stream_writer(event("design", what="found", revision=record["revision"]))
                    return await self._update(state, runtime, record, used())
                return await self._designed(state, runtime, store, budget)
        except TimeoutError:
            return _nothing("another question has agents designed, and this one could not wait for them", used())

    async def _designed(
        self, state: TumixState, runtime: Runtime[TumixContext], store: BaseStore, budget: Budget
    ) -> Update:
        async with self.plan.step(state, runtime, "design") as step:
            workshop = self._workshop(runtime, step.meter)
            try:
                report = await design(replace(self.designer, budget=budget), workshop, state["asked"]["text"])
            except (ModelError, BudgetExceeded) as error:
                # Nothing is kept, so the next question tries again; this one is answered by the roster alone.
                runtime.stream_writer(event("design", what="failed", reason=str(error)))
                return _nothing(f"no agents could be designed: {error}", workshop.meter.ledger.spent)
        waiting = self.designer.approve and admitted(report)
        record = await save(store, self.key, report, "waiting" if waiting else "decided", revision=1)
        self.trials = Trials()
        return await self._update(state, runtime, record, report["usage"])

    async def approve(self, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        """Let a person accept, edit or reject what was designed, unless somebody has by now."""
        store, channel = self._store(runtime), state["design"]
        if channel is None or channel["waiting"] is None:
            return {}
        waiting = Report(**channel["waiting"])  # type: ignore[typeddict-item]
        decisions = ask(waiting)
        async with alone(store, self.key, seconds=None):
            record = await load(store, self.key)
            if record is None or record["status"] == "waiting":
                async with self.plan.step(state, runtime, "approve") as step:
                    workshop = self._workshop(runtime, step.meter)
                    report = await decide(waiting, decisions, self._edits(workshop), self._probes(state))
                record = await save(store, self.key, report, "decided", revision=channel["revision"] + 1)
                return await self._update(state, runtime, record, add_usage(channel["usage"], report["usage"]))
        return await self._update(state, runtime, record, channel["usage"])

    async def answer(self, state: TumixState, runtime: Runtime[TumixContext]) -> Update:
        """Run one designed agent, like any other."""
        agent = from_data(state["designed"])  # type: ignore[typeddict-item]  # what `send` adds
        return await agent_node(self.plan, self.toolbox.equip(agent, self.model))(state, runtime)

    def send(self, state: TumixState) -> list[Send]:
        """Send the round to each designed agent."""
        design = state["design"]
        running = {name for readers in state["turns"] for name in readers["samples"]}
        designed = [agent for agent in (design["agents"] if design else []) if agent["name"] in running]
        return [Send("designed", _round(state) | {"designed": agent}) for agent in designed]

    def _store(self, runtime: Runtime[TumixContext]) -> BaseStore:
        return self.designer.memory if runtime.store is None else runtime.store

    def _budget(self, state: TumixState, runtime: Runtime[TumixContext]) -> Budget:
        """Return what the design may cost: its own caps, and half of the question's where it has none."""
        own, context = self.designer.budget, self.plan.context(runtime)
        question, left = context.budget(self.plan.budget), seconds_left(state, context)
        caps: dict[str, Any] = {kind: _half(getattr(question, kind)) for kind in KINDS}
        caps["seconds"] = None if left is None else max(0.001, left / 2)
        return replace(own, **{kind: cap for kind, cap in caps.items() if cap and getattr(own, kind) is None})

    def _workshop(self, runtime: Runtime[TumixContext], meter: Meter) -> Workshop:
        def tell(what: str, **entries: Any) -> None:
            runtime.stream_writer(event("design", what=what, **entries))

        return Workshop(
            roster=self.plan.roster,
            proposer=self.proposer,
            model=self.model,
            toolbox=self.toolbox,
            meter=meter.account("design"),
            trials=self.trials,
            agent_seconds=self.plan.context(runtime).agent_seconds,
            tell=tell,
            tick=lambda done, total: tell("tried", done=done, total=total),
        )

    def _edits(self, workshop: Workshop) -> Vetting:
        """Return a vetting for edited agents: they may not repeat the roster, and are tried without it."""
        others = [equipped.agent for equipped in self.plan.roster]
        return replace(workshop.vetting(self.designer), roster=(), others=others)

    def _probes(self, state: TumixState) -> list[Probe]:
        return self.designer.split(state["asked"]["text"])[1][: self.designer.probes]

    async def _update(self, state: TumixState, runtime: Runtime[TumixContext], record: Record, usage: Usage) -> Update:
        """Return what the question needs to know of a record: who takes part, with which tools, what to say of it."""
        report, waiting, taking_part = record["report"], record["status"] == "waiting", list[Equipped]()
        warnings = list(report["warnings"])
        if runtime.store is None:
            warnings.append("there is no store: what was designed is kept in this process only")
        for agent in [] if waiting else map(from_data, admitted(report)):
            try:
                taking_part.append(self._equipped(agent))
            except ConfigError as error:
                warnings.append(f"{agent.name!r} is left out: {error}")
        design = Design(
            agents=[as_data(equipped.agent) for equipped in taking_part],
            revision=record["revision"],
            waiting=dict(report) if waiting else None,
            warnings=[f"design: {warning}" for warning in warnings],
            usage=usage,
        )
        tools = await asyncio.to_thread(replace(self.plan, roster=tuple(taking_part)).tools)
        return {"design": design, "tools": state["tools"] | tools}

    def _equipped(self, agent: Agent) -> Equipped:
        if any(equipped.agent.name == agent.name for equipped in self.plan.roster):
            raise ConfigError("an agent of the roster has its name")
        return self.toolbox.equip(agent, self.model)


def _check_approvable() -> None:
    if saver() is None:
        raise ConfigError(
            "Designer(approve=True) asks a person, and a graph without a checkpointer cannot wait for the reply: "
            "give create_tumix(checkpointer=...) one, and a thread_id with each call"
        )


def _half(cap: float | None) -> float | None:
    if cap is None:
        return None
    return max(1, cap // 2) if isinstance(cap, int) else cap / 2


def _nothing(why: str, usage: Usage) -> Update:
    return {"design": Design(agents=[], revision=0, waiting=None, warnings=[why], usage=usage)}


def _round(state: TumixState) -> dict[str, Any]:
    """Return what one agent needs of the channels. It is copied into the checkpoint for each, so no more than that."""
    read = {id_ for readers in state["turns"] for id_ in readers["show"]}
    notes = [note if note["id"] in read else _counted(note) for note in state.get("notes", [])]
    shown = [note | {"evidence": []} for note in notes]
    needed = {"asked", "tools", "round", "turns", "rounds", "design"} & state.keys()
    return {field: state[field] for field in needed} | {"notes": shown}  # type: ignore[literal-required]


def _counted(note: Note) -> Note:
    """Return a note that nobody reads any more, of which only the cost matters."""
    return note | {"text": ""}
