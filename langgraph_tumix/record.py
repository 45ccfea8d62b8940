"""Recording: what happens to each question is handed to a sink, round by round.

What the channels hold at the end of a round is written, so that notes which a person has edited are recorded as the
judge saw them, and a run that is resumed writes again just what it had written.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from langgraph_tumix.core.notes import Note, of_round
from langgraph_tumix.core.requests import Reply
from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.state import TumixState

if TYPE_CHECKING:
    from langgraph_tumix.replay.recording import Verdict

logger = logging.getLogger(__name__)

Key = tuple[str, str, int]
"""Group, question and repeat. A live run has no group, and each asking has an id of its own."""


@runtime_checkable
class Sink(Protocol):
    """Takes what happens to questions, as `replay.Recorder` does. It may block: it is called from threads."""

    def asked(self, run: Key, text: str, roster: tuple[str, ...]) -> None:
        """Take that a question was asked, and of whom."""

    def note(self, run: Key, note: Note) -> None:
        """Take a note."""

    def verdict(self, run: Key, round_: int, verdict: "Verdict") -> None:
        """Take what the judge said."""

    def reply(self, run: Key, request: str, reply: Reply) -> None:
        """Take what a request came back with."""

    def end(self, run: Key, outcome: Mapping[str, Any] | None = None) -> None:
        """Take that a question is done."""


def sink_of(record: "str | os.PathLike[str] | Sink | None") -> Sink | None:
    """Return the sink that `create_tumix(record=...)` names.

    Raises:
        ConfigError: It is neither a path nor a sink.
        RecordingError: The file is there and no recording, or cannot be written.
    """
    if record is None or isinstance(record, Sink):
        return record
    if not isinstance(record, str | os.PathLike):
        raise ConfigError(f"record is a {type(record).__name__}: give the path of a file, or a replay.Recorder")
    from langgraph_tumix.replay.files import Recorder

    return Recorder(os.fspath(record))


async def round_recorded(sink: Sink | None, state: TumixState, roster: tuple[str, ...]) -> None:
    """Record the notes of the round that has ended, and with the first of them that the question was asked."""
    run, round_ = _key(state), state["round"]

    def write(sink: Sink) -> None:
        if round_ == 1:
            sink.asked(run, state["asked"]["text"], roster)
        for note in of_round(state["notes"], round_):
            sink.note(run, note)

    await _written(sink, write)


async def verdict_recorded(sink: Sink | None, state: TumixState, stop: bool, usage: Usage) -> None:
    """Record what the judge said of the round that has ended."""

    def write(sink: Sink) -> None:
        from langgraph_tumix.replay.recording import Verdict

        sink.verdict(_key(state), state["round"], Verdict(stop, usage))

    await _written(sink, write)


async def end_recorded(
    sink: Sink | None, state: TumixState, replies: Mapping[str, Reply], outcome: Mapping[str, Any]
) -> None:
    """Record what the aggregator's requests came back with, and that the question is done."""

    def write(sink: Sink) -> None:
        for request, reply in replies.items():
            sink.reply(_key(state), request, reply)
        sink.end(_key(state), outcome)

    await _written(sink, write)


def _key(state: TumixState) -> Key:
    return "", state["asked"]["id"], 0


async def _written(sink: Sink | None, write: Callable[[Sink], None]) -> None:
    if sink is None:
        return
    try:
        await asyncio.to_thread(write, sink)
    except Exception as error:  # noqa: BLE001 - a sink may be anyone's, and the answer does not need it
        logger.warning("the recording cannot be written: %r", error)
