"""What a kernel sends is bounded, and its tracebacks say what helps.

This is a courtesy to honest code: code that means harm can undo what Python can undo, so the client never relies on it.
"""

# mypy: disable-error-code="no-untyped-call"

import importlib.util
import itertools
from typing import Any

from jupyter_client.session import Session

LARGEST_MESSAGE = 3 << 18  # bytes; the client hangs up on a kernel that sends more
LONGEST_TEXT = 1 << 17  # characters of one field of a message
SHORT_TEXT = 1 << 13  # the same where all fields together were too much
LONGEST_RICH = 1 << 19  # the same for an image, a page or the like
LONGEST_OBJECT = 1 << 15  # the same for what is not text, and takes longer to unpack
TEXTS = ("text/plain", "text/markdown", "text/latex")
CELL_FRAME = "  Cell In["
LIBRARY_FRAME = "  File "
HINT = "An exception has occurred, use %tb"  # of SystemExit, for a person at a keyboard
FRAMES_AT_EACH_END = 3
PACKAGES = ("numpy", "scipy", "sympy", "mpmath", "pandas", "matplotlib", "networkx", "statsmodels", "sklearn")

closed_doors = ""  # what code here may not do, for an error message; the fork server knows


def bounded(text: str, longest: int = LONGEST_TEXT) -> str:
    """Give text that a message can carry: valid Unicode, the middle cut out where it is too long."""
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}{text[-half:]}\n[{len(text) - 2 * half:,} more characters were cut out of the middle]"
    return text.encode("utf-8", "backslashreplace").decode()


def trimmed(frames: list[str]) -> list[str]:
    """Give a traceback without the frames of libraries, and of many frames in a row the first and last."""
    kept = [frame for frame in frames if not _is_noise(frame)]
    lines: list[str] = []
    for of_cell, group in itertools.groupby(kept, lambda frame: frame.startswith(CELL_FRAME)):
        run = list(group)
        if of_cell and len(run) > 2 * FRAMES_AT_EACH_END:
            cut = f"  [... {len(run) - 2 * FRAMES_AT_EACH_END} frames cut ...]\n"
            run = [*run[:FRAMES_AT_EACH_END], cut, *run[-FRAMES_AT_EACH_END:]]
        lines += run
    return lines


def _is_noise(frame: str) -> bool:
    last_line = frame.rstrip().rpartition("\n")[2]  # of a frame with a syntax error it is the message
    return frame.startswith(HINT) or (frame.startswith(LIBRARY_FRAME) and last_line.startswith(" "))


def bounded_content(
    content: dict[str, Any], *, longest: int = LONGEST_TEXT, richest: int = LONGEST_RICH
) -> dict[str, Any]:
    """Bound every part of a message's content that can grow with what a cell does."""
    slim = {name: bounded(value, longest) if isinstance(value, str) else value for name, value in content.items()}
    if isinstance(frames := content.get("traceback"), list):
        text = bounded("".join(trimmed([str(frame) for frame in frames])), longest)
        slim["traceback"] = [text + hint(str(content.get("ename")), str(content.get("evalue")))]
    if isinstance(data := content.get("data"), dict):
        slim["data"] = {kind: _bounded_rich(kind, value, longest, richest) for kind, value in data.items()}
    return slim


def hint(name: str, value: str) -> str:
    """Give what a model should know about an error beyond its message."""
    if name == "ModuleNotFoundError":
        there = [package for package in PACKAGES if importlib.util.find_spec(package) is not None]
        return f"(Packages that are there: {', '.join(there) or 'the standard library only'}.)"
    return closed_doors if name == "PermissionError" or "Read-only file system" in value else ""


def _bounded_rich(kind: str, value: object, longest: int, richest: int) -> object:
    if isinstance(value, str):
        return bounded(value, longest) if kind in TEXTS else (value if len(value) <= richest else None)
    return value if len(repr(value)) <= min(richest, LONGEST_OBJECT) else None


class BoundedSession(Session):
    """Messages that stay below the size at which the client hangs up."""

    def serialize(self, msg: dict[str, Any], ident: list[bytes] | bytes | None = None) -> list[bytes]:
        """Pack and sign a message, its content bounded."""
        if not isinstance(content := msg.get("content"), dict):
            return super().serialize(msg, ident)
        parts = super().serialize({**msg, "content": bounded_content(content)}, ident)
        if sum(map(len, parts)) > LARGEST_MESSAGE:
            slim = bounded_content(content, longest=SHORT_TEXT, richest=0)
            parts = super().serialize({**msg, "content": slim}, ident)
        return parts
