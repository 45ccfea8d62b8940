"""Programs that speak before they are asked."""

import threading

from tests.hostile.inside import Targets, kernel, send
from tests.hostile.program import hostile


@hostile(speaks=False)
def next_cell_answered(at: Targets) -> str | None:
    """Answer the next cell before it is sent, by the name that it will have."""
    first, _, number = kernel().get_parent()["header"]["msg_id"].rpartition("_")
    for ahead in range(1, 4):
        name = f"{first}_{int(number) + ahead}" if number.isdigit() else f"{first}{number}{ahead}"
        parent = {**kernel().get_parent()["header"], "msg_id": name}
        send("status", {"execution_state": "busy"}, parent=parent)
        send("stream", {"name": "stdout", "text": "FORGED"}, parent=parent)
        send("status", {"execution_state": "idle"}, parent=parent)
    return None


@hostile(speaks=False)
def idle_again_and_again(at: Targets) -> str | None:
    """Say a hundred times that the cell is done, and let its words follow."""
    for _ in range(100):
        send("status", {"execution_state": "idle"})
        send("stream", {"name": "stdout", "text": "FORGED"})
    return None


@hostile(speaks=False)
def two_who_speak(at: Targets) -> str | None:
    """Have many threads send at a time, so that parts of messages mix."""

    def speak() -> None:
        for _ in range(200):
            send("stream", {"name": "stdout", "text": "x" * 100})

    threads = [threading.Thread(target=speak, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return None
