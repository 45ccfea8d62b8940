"""Making what a cell printed, showed or raised into clean text of a bounded size.

What comes out is visible text as a terminal would show it: without escapes, with progress bars as they ended.
"""

from collections.abc import Mapping
from typing import cast

from langgraph_tumix.core.text import visible

LONGEST_LINE = 1 << 14  # characters of an unfinished line that are held back
LONGEST_PIECE = 1 << 15  # characters that are looked at in one go, which takes some milliseconds at the worst
TEXTS = ("text/markdown", "text/plain", "text/latex")  # the first of them is shown, the others say the same


def shown(text: str) -> str:
    r"""Give text as a terminal would leave it, without what only a terminal understands.

    >>> shown("\x1b[31mred\x1b[0m\r\n 10%\r 99%\r100%\n")
    'red\n100%\n'
    """
    text = visible(text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    return text


def _last_state(line: str) -> str:
    """Give what is left of a line that was written over, as progress bars do."""
    return next((state for state in reversed(line.split("\r")) if state), "")


def describe(data: Mapping[str, object]) -> str:
    r"""Give what a model is shown of an object in several forms: its text, and the names of the richer forms.

    Args:
        data: The forms by media type, as Jupyter sends them; None for one that was too large to be sent.

    >>> describe({"text/plain": "<Figure>", "image/png": "iVBORw0KGgoAAAAN"})
    '<Figure>\n[image/png, 12 B, not shown]'
    """
    lines = [data[kind] for kind in TEXTS if kind in data][:1]
    lines += [f"[{kind[:80]}, {_size(kind, form)}, not shown]" for kind, form in data.items() if kind not in TEXTS]
    return "\n".join(cast("list[str]", lines))


def _size(kind: str, form: object) -> str:
    if form is None:
        return "too large to send"
    size = len(str(form))
    if kind.startswith("image/") and kind != "image/svg+xml":
        size = size * 3 // 4  # it is base64
    return f"{size / 1000:,.0f} kB" if size >= 1000 else f"{size} B"


def shorten(text: str, limit: int) -> str:
    r"""Cut the middle out of text of more than `limit` characters, and say how much.

    >>> shorten("0123456789", 6)
    '012\n[... 4 characters cut ...]\n789'
    """
    output = Output(limit)
    output.write(text)
    return output.text()


class Output:
    """The output of one cell: its beginning and its end, however much it was in between.

    Args:
        limit: How many characters are kept, half of them from each end.

    Attributes:
        received: How many characters were written, before cleaning.
        parts: In how many pieces.
    """

    def __init__(self, limit: int) -> None:
        self.received = 0
        self.parts = 0
        self._half = max(1, limit // 2)
        self._longest = max(LONGEST_PIECE, 4 * limit)
        self._head = ""
        self._tail = ""
        self._cut = 0
        self._line = ""  # the last line as it came, as long as more of it may come

    def write(self, text: str) -> None:
        """Add text; a line may come in pieces. In a long piece only both ends are looked at."""
        self.received += len(text)
        self.parts += 1
        if (beyond := len(text) - self._longest) > 0:
            end = self._longest // 2
            self._write(text[:end])
            self._leave_out(beyond)
            text = text[end + beyond :]
        self._write(text)

    def write_block(self, text: str) -> None:
        """Add text that begins and ends a line."""
        last = shown(self._line) or self._tail or self._head
        self.write(("" if not last or last.endswith("\n") else "\n") + text.rstrip("\n") + "\n")

    def text(self) -> str:
        """Give what was kept, and where the cut is, how many characters it took."""
        self._end_line()
        cut = f"\n[... {self._cut:,} characters cut ...]\n" if self._cut else ""
        return self._head + cut + self._tail

    def _write(self, text: str) -> None:
        whole, newline, rest = (self._line + text).rpartition("\n")
        self._keep(shown(whole + newline))
        overwritten = rest.rfind("\r", 0, -1)
        if overwritten >= 0 and shown(rest[overwritten:]):
            rest = rest[overwritten:]
        self._line = rest
        if len(rest) > LONGEST_LINE:
            self._end_line()

    def _end_line(self) -> None:
        self._keep(shown(self._line))
        self._line = ""

    def _leave_out(self, characters: int) -> None:
        self._end_line()
        self._cut += characters

    def _keep(self, text: str) -> None:
        room = self._half - len(self._head)
        if not self._tail and not self._cut and room > 0:
            self._head += text[:room]
            text = text[room:]
        tail = self._tail + text
        self._tail = tail[-self._half :]
        self._cut += len(tail) - len(self._tail)
