"""The interpreter whose kernels run elsewhere: on a Jupyter Kernel Gateway, Jupyter Server or Enterprise Gateway."""

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter.base import CellResult, Isolation
from langgraph_tumix.interpreter.jupyter import LEAST_OUTPUT
from langgraph_tumix.interpreter.kernel import START_SECONDS, Kernel
from langgraph_tumix.interpreter.places import Places
from langgraph_tumix.interpreter.session import JupyterSession

if TYPE_CHECKING:
    from langgraph_tumix.interpreter.rest import Gateway

INSTALL = "kernels on a gateway need aiohttp: pip install 'langgraph-tumix[gateway]'"
TOKENS = ("JUPYTER_TOKEN", "KG_AUTH_TOKEN")
LONGEST_CODE = 1_000_000  # characters; gateways do not take messages of any size
TAKE_UP_SECONDS = 10.0  # a gateway may be far away, and busy with starting kernels


class GatewayInterpreter:
    """Runs Python in kernels of a Jupyter gateway.

    Kernels are deleted when their sessions are closed or cancelled. Nothing is open while no session is, so there is
    nothing to close. One object serves any number of event loops.

    Args:
        url: The gateway's address, with its base path if it has one.
        token: What the gateway wants to be shown. By default the environment's ``JUPYTER_TOKEN`` or, without it,
            ``KG_AUTH_TOKEN``; "" for none.
        kernel_name: Which of the gateway's kernel specifications to start.
        max_kernels: How many kernels may live at a time in one event loop. Who asks for more waits in line.
        output_chars: How many characters of a cell's output are kept; of more, the beginning and the end.
        start_seconds: How long a kernel may take until it answers.

    Raises:
        ConfigError: The extra is not installed, the URL or the token cannot be one, or a number is too small to work
            with.

    Example:
        >>> GatewayInterpreter("https://kernels.example.org/team/").isolation.level
        'remote'
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        kernel_name: str = "python3",
        max_kernels: int = 16,
        output_chars: int = 8000,
        start_seconds: float = START_SECONDS,
    ) -> None:
        if importlib.util.find_spec("aiohttp") is None:
            raise ConfigError(INSTALL)
        if max_kernels < 1:
            raise ConfigError(f"max_kernels must be at least 1, not {max_kernels}")
        if output_chars < LEAST_OUTPUT:
            raise ConfigError(f"output_chars must be at least {LEAST_OUTPUT}, not {output_chars}")
        if not start_seconds > 0:
            raise ConfigError(f"start_seconds must be above 0, not {start_seconds!r}")
        self._url = _checked_url(url)
        self._token = _checked_token(token)
        self._kernel_name = kernel_name
        self._places = Places(max_kernels)
        self._output_chars = output_chars
        self._start_seconds = start_seconds

    @property
    def isolation(self) -> Isolation:
        """What can be said from here of the isolation in force."""
        return Isolation(
            "remote",
            f"Code runs in kernels of the Jupyter gateway at {self._url}. What keeps it from that gateway's machines, "
            "files and network, and from other kernels there, is the gateway's to decide; none of it was checked from "
            "here, and a gateway as it comes has nothing of the kind. This machine's files, processes and environment "
            "are out of its reach: text is all that comes back.",
        )

    async def open(self) -> "GatewaySession":
        """Open a session, after those that have been waiting for a kernel.

        Raises:
            InterpreterError: No kernel could be had: the gateway is out of reach, refuses, or is too slow.
        """
        gateway = await asyncio.to_thread(self._gateway)  # loading aiohttp takes a while
        session = GatewaySession(gateway, self._places.of_this_loop(), self._output_chars)
        await session.open()
        return session

    def _gateway(self) -> "Gateway":
        from langgraph_tumix.interpreter.rest import Gateway

        return Gateway(self._url, self._token, self._kernel_name, self._start_seconds)


class GatewaySession(JupyterSession):
    """A `Session` on a gateway's kernel; `GatewayInterpreter` opens it.

    Args:
        gateway: Where kernels come from.
        places: How many more may live.
        output_chars: How many characters of a cell's output are kept.
    """

    def __init__(self, gateway: "Gateway", places: asyncio.Semaphore, output_chars: int) -> None:
        super().__init__(self._new_kernel, output_chars)
        self._gateway = gateway
        self._places = places
        self._lives: set[asyncio.Task[None]] = set()

    async def run(self, code: str, *, seconds: float) -> CellResult:
        """Run one cell as `JupyterSession.run` does; that no kernel could be had in place of a lost one is a result.

        Raises:
            ConfigError: `seconds` is not above 0.
            InterpreterError: The session is closed.
        """
        if len(code) > LONGEST_CODE:
            return CellResult("error", f"not run: the code is longer than {LONGEST_CODE:,} characters", 0.0)
        try:
            return await super().run(code, seconds=seconds)
        except InterpreterError as error:
            if self._closed:
                raise
            return CellResult("died", f"[not run: {error}]", 0.0, state_lost=True)

    async def aclose(self) -> None:
        """End the kernel and wait until the gateway has deleted it. Safe to call twice."""
        await super().aclose()
        if self._lives:
            await asyncio.wait(self._lives)

    @contextlib.asynccontextmanager
    async def _new_kernel(self) -> AsyncIterator[Kernel]:
        from langgraph_tumix.interpreter.remote import RemoteKernel

        await self._places.acquire()
        remote = RemoteKernel(self._gateway)
        life = asyncio.create_task(remote.live())
        self._lives.add(life)
        life.add_done_callback(self._bury)
        try:
            await remote.ready()
            yield Kernel(remote, remote, take_up_seconds=TAKE_UP_SECONDS)
        finally:
            remote.kill()  # not waited for: a gateway may take seconds over it

    def _bury(self, life: asyncio.Task[None]) -> None:
        self._lives.discard(life)
        self._places.release()


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise ConfigError(f"url must be a gateway's address such as http://127.0.0.1:8888, not {url!r}")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ConfigError("url must be the gateway's address alone: give the token as token=..., or in JUPYTER_TOKEN")
    return url.rstrip("/")


def _checked_token(token: str | None) -> str:
    if token is None:
        token = next(filter(None, map(os.environ.get, TOKENS)), "")
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError("token must be printable ASCII: what was given has other characters in it")
    return token
