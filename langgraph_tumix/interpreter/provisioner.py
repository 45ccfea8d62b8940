"""Sandboxed kernels for every Jupyter application: a kernel provisioner, chosen by a kernel specification.

In ``kernel.json``::

    {"argv": [], "display_name": "Python (sandbox)", "language": "python",
     "metadata": {"kernel_provisioner": {"provisioner_name": "tumix", "config": {"isolation": "sandbox"}}}}
"""

import asyncio
import concurrent.futures
import contextlib
import signal
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Integer, List, Unicode

from langgraph_tumix.interpreter.forked import ForkedKernel
from langgraph_tumix.interpreter.inside.terms import Connection
from langgraph_tumix.interpreter.jupyter import JupyterInterpreter
from langgraph_tumix.interpreter.launch import new_connection, new_directory, remove


class Provisioner(KernelProvisionerBase):
    """Forks kernels for Jupyter as `JupyterInterpreter` does for agents; the options are the same.

    What they show is bounded as it is for agents: of long text the middle is cut out, and a picture, a page or an
    object of more than `LONGEST_RICH` or `LONGEST_OBJECT` characters (see `program.messages`) is left out.
    """

    isolation = Unicode("auto", help="auto, sandbox, confined, process or none").tag(config=True)
    network = Bool(False, help="whether code may use the network").tag(config=True)
    folders = List(Unicode(), help="folders that code may read").tag(config=True)
    memory_mb = Integer(2048, help="address space, in MiB").tag(config=True)
    processes = Integer(0, help="how many processes code may start").tag(config=True)
    disk_mb = Integer(64, help="what files that code writes may take, in MiB").tag(config=True)

    _kernel: ForkedKernel | None = None
    _home: tuple[Path, Connection] | None = None
    _interpreter: JupyterInterpreter | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel whose end nobody has taken note of."""
        return self._kernel is not None

    async def poll(self) -> int | None:
        """Give None while the kernel runs, else its exit code."""
        if self._kernel is None:
            return 0
        return self._kernel.ended.result() if self._kernel.ended.done() else None

    async def wait(self) -> int | None:
        """Wait for the end, and give the exit code."""
        if self._kernel is None:
            return 0
        kernel = self._kernel
        await asyncio.wait({kernel.gone})
        self._kernel = None
        return kernel.ended.result() if kernel.ended.done() else 1

    async def send_signal(self, signum: int) -> None:
        """Interrupt or end the kernel; other signals mean nothing to it."""
        if self._kernel and signum == signal.SIGINT:
            self._kernel.interrupt()
        elif self._kernel and signum in (signal.SIGTERM, signal.SIGKILL):
            self._kernel.kill()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """End the kernel."""
        await self.send_signal(signal.SIGTERM)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have the fork server ready; a kernel that is restarted keeps its address.

        Raises:
            ConfigError: An option cannot be met.
        """
        options = ("isolation", "network", "folders", "memory_mb", "processes", "disk_mb")
        self._interpreter = JupyterInterpreter(**{name: getattr(self, name) for name in options})
        await asyncio.to_thread(lambda: cast("JupyterInterpreter", self._interpreter).isolation)
        if self._home is None:
            directory = await asyncio.to_thread(new_directory)
            self._home = directory, new_connection(directory)
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel.

        Raises:
            InterpreterError: None could be had.
        """
        assert self._interpreter and self._home, "pre_launch comes first"  # noqa: S101, PT018
        server = self._interpreter.server()
        await asyncio.to_thread(concurrent.futures.wait, [server.ready])
        self._kernel = ForkedKernel(server, self._home)
        await self._kernel.began
        connection = dict(self._home[1])
        self.connection_info = cast("KernelConnectionInfo", {**connection, "key": str(connection["key"]).encode()})
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what the kernel left, unless it comes back."""
        if self._home and not restart:
            home, self._home = self._home, None
            with contextlib.suppress(OSError):
                await asyncio.to_thread(remove, home[0])
