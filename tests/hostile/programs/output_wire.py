"""Programs whose weapon is how they say it: below the messages, and in what messages may carry."""

import contextlib
import os
import socket
from typing import Any

from tests.hostile.inside import MIB, Targets, kernel, send, send_raw, show
from tests.hostile.program import hostile


@hostile(speaks=False, alone=True)
def message_of_many_parts(at: Targets) -> str | None:
    """Send a message of 500 parts, each of a size that is allowed."""
    part = b"x" * (3 * MIB // 2)
    kernel().iopub_thread.send_multipart([b"topic", *[part] * 500], copy=False)
    return None


@hostile(speaks=False, alone=True)
def message_of_empty_parts(at: Targets) -> str | None:
    """Send a message of a million parts, with nothing in them."""
    kernel().iopub_thread.send_multipart([b"topic", *[b""] * 1_000_000])
    return None


@hostile(speaks=False, alone=True)
def garbage_on_the_wire(at: Targets) -> str | None:
    """Write what is no message at all into every connection to the host."""
    for garbage in (b"\x02" + (1 << 62).to_bytes(8, "big"), b"\x06" + b"\xff" * 8, b"\xff" * 64, os.urandom(4096)):
        for descriptor in range(3, 256):
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
                connection.settimeout(0.05)
                connection.send(garbage)
    return None


@hostile(speaks=False, alone=True)
def flood_on_the_wire(at: Targets) -> str | None:
    """Write frames into the connections to the host that belong to a message without an end."""
    connections = []
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError):
            connections.append(socket.socket(fileno=os.dup(descriptor)))
            connections[-1].settimeout(0.01)
    frames = (b"\x01\xff" + b"x" * 255) * 4000  # with more to come
    while True:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.send(frames)


@hostile(speaks=False)
def unsigned_messages(at: Targets) -> str | None:
    """Send messages without a signature, and with a wrong one."""
    for signature in (b"", b"0" * 64, b"\xff" * 64):
        for _ in range(4):
            parts = [b"topic", b"<IDS|MSG>", signature, b"{}", b"{}", b"{}", b'{"text": "FORGED"}']
            kernel().iopub_thread.send_multipart(parts)
    return None


@hostile(speaks=False)
def messages_cut_short(at: Targets) -> str | None:
    """Send messages with parts missing, doubled and in the wrong order."""
    for parts in ([], [b"<IDS|MSG>"], [b""] * 5, [b"<IDS|MSG>"] * 9, [b"x", b"<IDS|MSG>", b""], [b"<IDS|MSG>", b"{}"]):
        kernel().iopub_thread.send_multipart(parts or [b""])
    return None


@hostile(speaks=False, alone=True)
def one_huge_metadata(at: Targets) -> str | None:
    """Show something small with 50 MiB of remarks about it."""
    show({"text/plain": "small"}, metadata={"text/plain": {"remark": "x" * 50 * MIB}})
    return None


@hostile(speaks=False, alone=True)
def slow_to_clean(at: Targets) -> str | None:
    """Print what takes whoever cleans it the longest: sequences that are begun and never ended."""
    for piece in ("\x1b]", "\x1b[", "\x1b[0;", "\x1bP\x1b", "\r", "\r\x1b[K", "\x9b\x9d", "a\b", "\u202e"):
        print(piece * (MIB // len(piece)))
    return None


@hostile(speaks=False)
def active_content(at: Targets) -> str | None:
    """Show what a browser would run."""
    show({"text/html": "<script>FORGED</script>", "application/javascript": "FORGED"})
    show({"application/vnd.jupyter.widget-view+json": '{"model_id": "FORGED"}', "image/svg+xml": "<svg>FORGED</svg>"})
    return None


@hostile(speaks=False)
def picture_that_is_none(at: Targets) -> str | None:
    """Show pictures that are none, of kinds that do not exist, named like files of the host's."""
    for kind in ("image/png", "image/../../../work", f"image{at.work}/results.txt", "image/x\n[the kernel died]"):
        for data in ("not base64 at all \ud83d\ude00", "", "A" * 7, "/etc/passwd"):
            show({kind: data})
    return None


@hostile(speaks=False)
def values_of_wrong_types(at: Targets) -> str | None:
    """Send correctly signed messages in which every value is of another type than it says."""
    wrong: list[Any] = [None, True, -1, 1e308, "x" * 1000, [[]], {"a": {"b": []}}]
    for value in wrong:
        send("stream", {"name": value, "text": value})
        send("execute_result", {"data": value, "metadata": value, "execution_count": value})
        send("error", {"ename": value, "evalue": value, "traceback": value})
    send_raw(b'{"msg_type": "stream"}', b"{}", b"{}", b'{"text": NaN}')
    return None
