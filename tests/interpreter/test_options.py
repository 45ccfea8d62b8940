"""What can be asked for, what cannot be had, and what is said of it."""

import contextlib
import gc
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from langgraph_tumix.errors import ConfigError, InterpreterError
from langgraph_tumix.interpreter import GatewayInterpreter, JupyterInterpreter
from langgraph_tumix.interpreter.client import connected
from langgraph_tumix.interpreter.inside.terms import Terms
from langgraph_tumix.interpreter.kernel import Kernel
from langgraph_tumix.interpreter.launch import LONGEST_FAILURE, ColdKernel, _failure, launched
from langgraph_tumix.interpreter.levels import HELD, readable
from tests.interpreter.levels import ALL, answers, interpreter_at
from tests.interpreter.traces import Traces, soon

pytestmark = pytest.mark.kernel


async def test_a_kernel_that_cannot_start_says_why(base: Path) -> None:
    before = Traces.under(base)
    why = pytest.raises(InterpreterError, match=r"ended at its start \(exit code (1\): .*Error|127\)|-6\))")
    async with launched(ColdKernel(Terms(memory_mb=64))) as process:
        with contextlib.closing(await connected(process.connection)) as client, why:
            await Kernel(process, client).ready()
    assert Traces.under(base) == before


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda path: path.write_text("\x1b[2JMemoryError"), "MemoryError"),
        (lambda path: path.write_text("x" * 1_000_000), "x" * LONGEST_FAILURE),
        (lambda path: path.symlink_to("/dev/zero"), ""),
        (os.mkfifo, ""),
        (os.mkdir, ""),
        (lambda path: None, ""),
    ],
)
def test_what_code_puts_where_a_kernel_says_why_it_ended(
    tmp_path: Path, place: Callable[[Path], object], said: str
) -> None:
    place(tmp_path / "failure")
    assert _failure(tmp_path) == said


async def test_a_long_path_for_temporary_files_is_not_used(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = base / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert await answers(JupyterInterpreter()) == "42"


async def test_a_directory_that_cannot_be_made_is_an_interpreter_error(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(base / "missing"))
    with pytest.raises(InterpreterError, match="no kernel could be started"):
        await JupyterInterpreter().open()


@pytest.mark.parametrize("library", ["ipykernel", "jupyter_client.session"])
async def test_a_missing_library_is_named(base: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    before = Traces.under(base)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InterpreterError, match="pip install ipykernel jupyter-client"):
        await JupyterInterpreter().open()
    gc.collect()
    assert await soon(lambda: Traces.under(base) == before)


def test_importing_the_package_imports_no_jupyter() -> None:
    script = "import sys, langgraph_tumix.interpreter; print({'zmq', 'jupyter_client', 'ipykernel'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "options",
    [
        *({"max_kernels": 0}, {"memory_mb": 100}, {"output_chars": 1}, {"cpu_seconds": 0}, {"processes": -1}),
        *({"files": 0}, {"disk_mb": 0}),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} must be at least"):
        JupyterInterpreter(**options)  # type: ignore[arg-type]


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "missing", str(tmp_path / "file")):
        with pytest.raises(ConfigError, match=f"folders: '{folder}' is not a folder that exists"):
            JupyterInterpreter(folders=[folder])


def test_what_lies_beside_python_is_not_readable() -> None:
    paths = [Path(path) for path in readable(network=True)]
    for secret in (Path(sys.prefix, "pip.conf"), Path(sys.prefix, ".env"), Path(sys.base_prefix, "etc"), Path.cwd()):
        assert not any(secret.is_relative_to(path) for path in paths) or secret.is_relative_to("/usr")


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be auto or one of sandbox, confined, process, none, not 'jail'"):
        JupyterInterpreter(isolation="jail")  # type: ignore[arg-type]


def test_without_its_extra_the_gateway_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigError, match=r"pip install 'langgraph-tumix\[gateway\]'"):
        GatewayInterpreter("http://127.0.0.1:8888")


@pytest.mark.parametrize("level", ALL)
def test_the_isolation_is_told_as_it_is(level: str) -> None:
    isolation = interpreter_at(level, memory_mb=1024).isolation
    assert isolation.level == ("process" if level == "cold" else level)
    assert "1024 MiB" in isolation.why
    assert ("the host's own environment and the keys in it included" in isolation.why) == (level in ("process", "cold"))
    assert set(isolation.verified) >= HELD[isolation.level] or level == "cold"  # type: ignore[index]


def test_what_cannot_be_had_is_refused_if_demanded_and_named_if_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ConfigError, match=r"isolation 'sandbox' cannot be had here .*apt-get install bubblewrap"):
        _ = JupyterInterpreter(isolation="sandbox", memory_mb=1028).isolation
    isolation = JupyterInterpreter(memory_mb=1028).isolation
    assert isolation.level == "process"
    assert "starts from nothing, as there is no fork server" in isolation.why


def test_the_level_in_force_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="langgraph_tumix"):
        isolation = JupyterInterpreter(memory_mb=1032).isolation
    assert f"code runs at isolation level {isolation.level}: {isolation.why}" in caplog.text


async def test_where_forking_is_not_safe_kernels_start_from_nothing(
    base: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    interpreter = JupyterInterpreter(memory_mb=1033)
    with caplog.at_level(logging.WARNING, logger="langgraph_tumix"):
        assert await answers(interpreter) == "42"
    assert interpreter.isolation.level == "process"
    assert "as there is no fork server (processes are forked safely on Linux only)" in interpreter.isolation.why
    assert "code runs at isolation level process: " in caplog.text
    with pytest.raises(ConfigError, match=r"isolation 'confined' cannot be had here .*; ask for 'auto'"):
        await JupyterInterpreter(isolation="confined", memory_mb=1033).open()


NO_NAMESPACES = """
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.interpreter import JupyterInterpreter
isolation = JupyterInterpreter().isolation
print(isolation.level, "Not to be had here: sandbox by" in isolation.why)
try: JupyterInterpreter(isolation="sandbox").isolation
except ConfigError as error: print("refused" if "allow unprivileged user namespaces" in str(error) else error)
"""


def test_without_user_namespaces_a_weaker_level_is_taken_and_named() -> None:
    limit = "echo 0 > /proc/sys/user/max_user_namespaces"  # of this namespace and those within
    if subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", limit], capture_output=True).returncode:
        pytest.skip("there is no namespace to forbid namespaces in")
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{limit}; exec "$0" -c "$1"']
    done = subprocess.run([*command, sys.executable, NO_NAMESPACES], capture_output=True, text=True)
    level, *rest = done.stdout.split()
    assert level in ("confined", "process"), done.stderr
    assert rest == ["True", "refused"]


@pytest.mark.parametrize("bwrap", ["", "exit 1", "echo too old >&2; exit 1", "sleep 0.1"])
async def test_the_sandbox_does_without_bubblewrap(base: Path, bwrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter_at("sandbox")
    if bwrap:
        (base / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n", encoding="ascii")
        (base / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(base) + ":/bin" * bool(bwrap))
    interpreter = JupyterInterpreter(isolation="sandbox", memory_mb=1029)
    assert await answers(interpreter) == "42"
    assert interpreter.isolation.mechanisms[0] == "namespaces of our own"
    assert "too old" not in bwrap or "too old" in interpreter.isolation.why


def test_levels_hold_for_an_unprivileged_user() -> None:
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("there is no other user to become")
    script = """
import asyncio, sys
from langgraph_tumix.interpreter import JupyterInterpreter
async def main():
    for level in ("sandbox", "confined", "process"):
        session = await JupyterInterpreter(isolation=level).open()
        print(level, (await session.run("import numpy; print(6 * 7)", seconds=20)).output)
        await session.aclose()
asyncio.run(main())
"""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", script]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": "/"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
    unreadable = ("Permission denied", "No module named 'langgraph_tumix'")  # the checkout may be its owner's alone
    if any(sign in done.stderr for sign in (*unreadable, "cannot be had here")):
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.stdout == "sandbox 42\nconfined 42\nprocess 42\n", done.stderr
