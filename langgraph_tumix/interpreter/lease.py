"""Sharing fork servers: who wants the same of one gets the same one, and the last to let go of it ends it."""

import threading
from weakref import WeakValueDictionary

from langgraph_tumix.interpreter.forkserver import ForkServer
from langgraph_tumix.interpreter.inside.terms import Terms


class Lease:
    """A share in a fork server, which ends with the last of them."""

    def __init__(self, server: ForkServer) -> None:
        self.server = server

    def __del__(self) -> None:
        self.server.close()


_leases: WeakValueDictionary[tuple[str, Terms], Lease] = WeakValueDictionary()
_leasing = threading.Lock()


def lease(wanted: str, terms: Terms) -> Lease:
    """Share the fork server for a level and terms, or start it."""
    with _leasing:
        found = _leases.get((wanted, terms))
        if found is None or found.server.dead:
            found = _leases[wanted, terms] = Lease(ForkServer(wanted, terms))
        return found
