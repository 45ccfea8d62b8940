"""The conversation with a kernel begins, also when the first attempt goes unheard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from langgraph_tumix.interpreter.client import KernelClient
from langgraph_tumix.interpreter.inside.terms import Connection
from langgraph_tumix.interpreter.launch import new_connection

pytestmark = pytest.mark.kernel


class HardOfHearing:
    """A kernel that heeds its second subscriber, and not its first."""

    def __init__(self, shell: zmq.asyncio.Socket, iopub: zmq.asyncio.Socket, session: Session) -> None:
        self._shell, self._iopub, self._session = shell, iopub, session

    async def serve(self) -> None:
        for event in (b"\x01", b"\x00", b"\x01"):
            assert await self._iopub.recv() == event
        await self._say("iopub_welcome", {"subscription": ""})
        _, parts = self._session.feed_identities(await self._shell.recv_multipart())
        await self._say("status", {"execution_state": "idle"}, parent=self._session.deserialize(parts)["header"])

    async def _say(self, kind: str, content: dict[str, str], **options: Any) -> None:
        await self._iopub.send_multipart(self._session.serialize(self._session.msg(kind, content, **options)))


@contextlib.asynccontextmanager
async def hard_of_hearing(connection: Connection) -> AsyncIterator[HardOfHearing]:
    context = zmq.asyncio.Context()
    shell, iopub = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
    try:
        for socket, channel in ((shell, "shell"), (iopub, "iopub")):
            socket.linger = 0
            socket.bind(f"ipc://{connection['ip']}-{connection[f'{channel}_port']}")
        yield HardOfHearing(shell, iopub, Session(key=str(connection["key"]).encode()))
    finally:
        shell.close()
        iopub.close()
        await asyncio.to_thread(context.term)


async def test_a_kernel_that_says_nothing_is_spoken_to_anew(tmp_path: Path) -> None:
    connection = new_connection(tmp_path)
    async with hard_of_hearing(connection) as kernel:
        with contextlib.closing(KernelClient(connection)) as conversation:
            serving = asyncio.create_task(kernel.serve())
            await conversation.ready()
            await serving
