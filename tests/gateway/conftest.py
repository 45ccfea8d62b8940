"""A real Jupyter Kernel Gateway, one for all tests, with a home of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.interpreter.gateway import GatewayInterpreter

TOKEN = "of-the-tests"
START_SECONDS = 40


class RealGateway:
    """A gateway process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def interpreter(self, **options: Any) -> GatewayInterpreter:
        return GatewayInterpreter(self.url, token=TOKEN, **options)

    def kernels(self) -> list[str]:
        request = urllib.request.Request(f"{self.url}/api/kernels", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return [kernel["id"] for kernel in json.load(answer)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    home: Path = tmp_path_factory.mktemp("gateway")
    real = RealGateway(f"http://127.0.0.1:{free_port()}")
    command = [sys.executable, "-m", "kernel_gateway", "--JupyterWebsocketPersonality.list_kernels=True"]
    command += [f"--KernelGatewayApp.port={real.url.rpartition(':')[2]}", "--KernelGatewayApp.port_retries=0"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SECRET": "of the gateway"}
    environment |= {"KG_AUTH_TOKEN": TOKEN, "KG_ENV_PROCESS_WHITELIST": "HOME"}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(real):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield real
    finally:
        process.terminate()
        process.wait(10)


def answers(gateway: RealGateway) -> bool:
    try:
        return gateway.kernels() == []
    except urllib.error.HTTPError:
        raise  # what it answers is wrong
    except OSError:
        return False
