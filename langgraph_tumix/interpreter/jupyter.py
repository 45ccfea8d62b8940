"""The interpreter: Jupyter kernels on this machine, no more of them at a time than it can bear."""

import asyncio
import concurrent.futures
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.interpreter.base import Isolation
from langgraph_tumix.interpreter.client import connected
from langgraph_tumix.interpreter.forked import ForkedKernel
from langgraph_tumix.interpreter.forkserver import ForkServer
from langgraph_tumix.interpreter.inside.terms import Terms
from langgraph_tumix.interpreter.kernel import Kernel
from langgraph_tumix.interpreter.launch import ColdKernel, KernelProcess, launched
from langgraph_tumix.interpreter.lease import Lease, lease
from langgraph_tumix.interpreter.levels import LEVELS, explain
from langgraph_tumix.interpreter.places import Places
from langgraph_tumix.interpreter.serverprocess import Refused
from langgraph_tumix.interpreter.session import JupyterSession

LEAST_MEMORY_MB = 768  # an idle kernel's address space takes 500
LEAST_OUTPUT = 100
LEAST_FILES = 64  # an idle kernel has 40 open
PRELOAD = ("numpy",)
logger = logging.getLogger(__name__)

REMEDY = {
    "sandbox": "Install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap) or allow unprivileged user "
    "namespaces (in a container: a seccomp profile that lets unshare and mount pass), or ask for 'auto'.",
    "confined": "It needs Linux 5.13 with Landlock and seccomp; ask for 'auto'.",
}


class JupyterInterpreter:
    """Runs Python in Jupyter kernels, as isolated and as limited as this machine allows.

    On Linux the kernels are forked from a server that has imported everything already, and each is walled in; see
    `isolation`. The server starts with the first session and ends with the last interpreter of the same options, or
    with this process. One object serves any number of event loops.

    Args:
        isolation: ``auto`` takes the strongest level that can be had; ``sandbox``, ``confined``, ``process`` or
            ``none`` takes that one or raises.
        network: Whether code may use the network.
        folders: Folders that code may read, at the paths that they have here.
        preload: Modules that most code imports, and that are then there at once; those not installed are passed over.
        max_kernels: How many kernels may live at a time in one event loop. Who asks for more waits in line.
        memory_mb: How much address space a kernel may have, in MiB; an idle one takes about 500.
        cpu_seconds: How much processor time a kernel may take in its whole life.
        processes: How many processes code may have beside the kernel, at ``sandbox`` and ``confined``. Each may
            take as much memory as the kernel.
        files: How many files a kernel may have open.
        disk_mb: How much the files that code writes may take, in MiB. At ``sandbox`` writing more fails; at
            ``confined`` and ``process`` it ends the kernel, and no single file gets larger.
        output_chars: How many characters of a cell's output are kept; of more, the beginning and the end.

    Raises:
        ConfigError: A number is too small to work with, a folder does not exist, or there is no such level.

    Example:
        >>> async def example() -> str:
        ...     session = await JupyterInterpreter().open()
        ...     try:
        ...         return (await session.run("print(6 * 7)", seconds=10)).output
        ...     finally:
        ...         await session.aclose()
        >>> asyncio.run(example())
        '42'
    """

    def __init__(
        self,
        *,
        isolation: Literal["auto", "sandbox", "confined", "process", "none"] = "auto",
        network: bool = False,
        folders: Sequence[Path | str] = (),
        preload: Sequence[str] = PRELOAD,
        max_kernels: int = 16,
        memory_mb: int = 2048,
        cpu_seconds: int = 3600,
        processes: int = 0,
        files: int = 256,
        disk_mb: int = 64,
        output_chars: int = 8000,
    ) -> None:
        for name, value, least in (
            ("max_kernels", max_kernels, 1),
            ("memory_mb", memory_mb, LEAST_MEMORY_MB),
            ("cpu_seconds", cpu_seconds, 1),
            ("processes", processes, 0),
            ("files", files, LEAST_FILES),
            ("disk_mb", disk_mb, 1),
            ("output_chars", output_chars, LEAST_OUTPUT),
        ):
            if value < least:
                raise ConfigError(f"{name} must be at least {least}, not {value}")
        if isolation not in ("auto", *LEVELS):
            raise ConfigError(f"isolation must be auto or one of {', '.join(LEVELS)}, not {isolation!r}")
        self._wanted = isolation
        self._terms = Terms(
            level="none" if isolation == "none" else "process",
            preload=tuple(preload),
            folders=tuple(_existing(folder) for folder in folders),
            network=network,
            memory_mb=memory_mb,
            cpu_seconds=cpu_seconds,
            processes=processes,
            files=files,
            disk_mb=disk_mb,
        )
        self._places = Places(max_kernels)
        self._output_chars = output_chars
        self._lease: Lease | None = None
        self._cold = ""  # why kernels start from nothing, if they do

    @property
    def isolation(self) -> Isolation:
        """The isolation in force.

        Asked for before the first session, it waits until everything has been tried, which takes up to a second:
        ``await asyncio.to_thread(lambda: interpreter.isolation)`` does not hold up the event loop.

        Raises:
            ConfigError: The level that was asked for cannot be had.
        """
        if not self._cold:
            try:
                return self.server().ready.result()[0]
            except Refused as refusal:
                self._do_without(refusal)
        about = explain(self._terms)
        why = f"{about.text} Each kernel starts from nothing, as {self._cold}."
        return Isolation(about.level, why, about.mechanisms)

    async def open(self) -> JupyterSession:
        """Open a session, after those that have been waiting for a kernel.

        Raises:
            InterpreterError: No kernel could be had: a library is missing, or it did not start.
        """
        session = JupyterSession(self._kernel, self._output_chars)
        await session.open()
        return session

    @contextlib.asynccontextmanager
    async def _kernel(self) -> AsyncIterator[Kernel]:
        async with self._places.of_this_loop():
            process = await self._process()
            async with launched(process):
                with contextlib.closing(await connected(process.connection)) as client:
                    kernel = Kernel(process, client)
                    await kernel.ready()
                    yield kernel

    async def _process(self) -> KernelProcess:
        if not self._cold:
            server = self.server()
            if not server.ready.done():  # a future that is waited for would keep this event loop
                await asyncio.to_thread(concurrent.futures.wait, [server.ready])
            try:
                server.ready.result()
                return ForkedKernel(server)
            except Refused as refusal:
                self._do_without(refusal)
        return ColdKernel(self._terms)

    def server(self) -> ForkServer:
        """Give the fork server that new kernels come from; it may not be ready yet."""
        if self._lease is None or self._lease.server.dead:
            self._lease = lease(self._wanted, self._terms)
        return self._lease.server

    def _do_without(self, refusal: Refused) -> None:
        """Take it that there is no fork server, if a kernel that starts from nothing is all that was asked for."""
        if self._wanted in ("sandbox", "confined"):
            raise ConfigError(f"isolation {self._wanted!r} cannot be had here ({refusal}). {REMEDY[self._wanted]}")
        self._cold = f"there is no fork server ({refusal})"
        logger.warning("code runs at isolation level %s: %s", self.isolation.level, self.isolation.why)


def _existing(folder: Path | str) -> str:
    path = Path(folder).absolute()
    if not path.is_dir():
        raise ConfigError(f"folders: {str(folder)!r} is not a folder that exists")
    return str(path)
