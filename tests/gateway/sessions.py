"""Sessions on a fake gateway."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from langgraph_tumix.interpreter import GatewayInterpreter, Session
from tests.gateway.fake import FakeGateway


@contextlib.asynccontextmanager
async def opened(fake: FakeGateway, **options: float) -> AsyncIterator[Session]:
    session = await GatewayInterpreter(fake.url, token="", **options).open()  # type: ignore[arg-type]
    try:
        yield session
    finally:
        await session.aclose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for is in the fake's hands
            await asyncio.sleep(0.01)
