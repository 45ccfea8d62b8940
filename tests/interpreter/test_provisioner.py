"""The kernel provisioner, used by jupyter_client's own manager as any Jupyter application would."""

import asyncio
import contextlib
import json
import tomllib
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from langgraph_tumix.interpreter.provisioner import Provisioner
from tests.interpreter.levels import interpreter_at
from tests.interpreter.traces import Traces, soon

pytestmark = pytest.mark.kernel

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@contextlib.asynccontextmanager
async def managed(folder: Path, **config: Any) -> AsyncIterator[AsyncKernelManager]:
    """Start a kernel from a specification in a folder."""
    specification = {
        "argv": [],
        "display_name": "Python (sandbox)",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": "tumix", "config": config}},
    }
    (folder / "spec" / "boxed").mkdir(parents=True)
    (folder / "spec" / "boxed" / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
    group = "jupyter_client.kernel_provisioners"
    value = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["entry-points"][group]["tumix"]
    # As an installation would: this checkout may be an older one.
    KernelProvisionerFactory.instance().provisioners["tumix"] = EntryPoint("tumix", value, group)
    specifications = KernelSpecManager(kernel_dirs=[str(folder / "spec")])
    manager = AsyncKernelManager(
        kernel_name="boxed", kernel_spec_manager=specifications, connection_file=str(folder / "connection.json")
    )
    await manager.start_kernel()
    try:
        yield manager
    finally:
        await manager.shutdown_kernel(now=True)


async def output(manager: AsyncKernelManager, code: str) -> str:
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=20)
        texts: list[str] = []
        await client.execute_interactive(code, output_hook=lambda m: texts.append(str(m["content"])), timeout=20)
        return "".join(texts)
    finally:
        client.stop_channels()


async def test_a_kernel_from_a_specification_is_sandboxed(base: Path) -> None:
    interpreter_at("sandbox")
    before = Traces.under(base)
    folder = base / "f"
    async with managed(folder, isolation="sandbox", memory_mb=1030) as manager:
        assert isinstance(manager.provisioner, Provisioner)
        assert "42" in await output(manager, "x = 42; print(x)")
        assert "PermissionError" in await output(manager, "import socket; socket.socket()")
        await manager.interrupt_kernel()
        assert await manager.is_alive()
        assert "42" in await output(manager, "print(x)")
        await manager.restart_kernel(now=True)
        assert "NameError" in await output(manager, "x")
    assert not await manager.is_alive()
    del manager
    assert await soon(lambda: {path.name for path in base.iterdir()} == {"f"})
    assert before.processes == Traces.under(base).processes


async def test_a_kernel_that_dies_is_noticed(base: Path) -> None:
    async with managed(base / "f", isolation="process", memory_mb=1031) as manager:
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=20)
        client.execute("import os; os._exit(7)")
        assert manager.provisioner
        assert await asyncio.wait_for(manager.provisioner.wait(), 5) == 7
        assert not await manager.is_alive()
        client.stop_channels()
