"""A strategy: a stop rule, an allocator or a controller, and an aggregator together."""

from dataclasses import dataclass, field

from langgraph_tumix.core.aggregate import Aggregator, Majority
from langgraph_tumix.core.allocate import Allocator, Everyone
from langgraph_tumix.core.control import Controller
from langgraph_tumix.core.stop import Never, StopRule


@dataclass(frozen=True)
class Strategy:
    """How a question's compute is spent, and how the answer is chosen.

    The same object runs in the live graph and in a replay: it sees a `View` and nothing else.

    Attributes:
        name: What tables call it.
        allocate: Who runs next; a `Controller` steers branches in depth as well, and chooses the answer itself.
        stop: When to stop before the allocator has no more to ask.
        aggregate: How notes become the answer.

    >>> from langgraph_tumix.core.allocate import Batches
    >>> from langgraph_tumix.core.stopping.votes import BetaLead
    >>> Strategy("ASC", Batches(1, 64), BetaLead(), Majority("independent")).stop
    BetaLead(shared=False, confidence=0.95, least=2)
    """

    name: str
    allocate: Allocator | Controller = field(default_factory=Everyone)
    stop: StopRule = field(default_factory=Never)
    aggregate: Aggregator = field(default_factory=Majority)
