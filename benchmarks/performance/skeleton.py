"""A graph of our shape with nothing in it but the calls: what LangGraph and LangChain cost without us."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from langgraph.channels import DeltaChannel
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from benchmarks.performance.server import Plan
from langgraph_tumix.core.notes import merge_notes, note_id

One = Callable[[dict[str, Any]], Awaitable[Any]]


class State(TypedDict, total=False):
    """The round in work, and what the agents left, kept as ours keeps it."""

    round: int
    notes: Annotated[list[Any], DeltaChannel(merge_notes)]


def skeleton(calls: Plan, one: One, checkpointer: Any = None) -> Any:
    """Return a graph that makes the calls of a question, a node for each agent.

    Args:
        calls: What to call, in rounds of chains.
        one: Makes one call.
        checkpointer: Where its state is kept.
    """

    async def dispatch(state: State) -> State:
        return {"round": state.get("round", 0) + 1}

    async def judge(state: State) -> State:
        return {}

    def agent(place: int) -> Callable[[State], Awaitable[State]]:
        async def answer(state: State) -> State:
            for body in calls.rounds[state["round"] - 1][place]:
                reply = await one(body)
            name = note_id(state["round"], f"{place}", 0)
            return {
                "notes": [{"id": name, "round": state["round"], "agent": f"{place}", "sample": 0, "text": reply.text}]
            }

        return answer

    builder = StateGraph(State)
    builder.add_node("dispatch", dispatch).add_node("judge", judge).add_edge(START, "dispatch")
    for place in range(len(calls.rounds[0])):
        builder.add_node(f"agent {place}", agent(place))
        builder.add_edge("dispatch", f"agent {place}").add_edge(f"agent {place}", "judge")
    builder.add_conditional_edges("judge", lambda state: "dispatch" if state["round"] < len(calls.rounds) else END)
    return builder.compile(checkpointer=checkpointer)
