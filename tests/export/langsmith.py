"""A stand-in for LangSmith's ingest on this machine, and a program that asks a question beside it."""

import email.parser
import email.policy
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

PROGRAM = """
import asyncio
from langchain_core.tracers.langchain import wait_for_all_tracers
from langgraph_tumix import create_tumix
from tests.graph.roles import play, toolbox
graph = create_tumix(play(), agents=["CoT", "C"], tools=toolbox(), max_rounds=3)
asyncio.run(graph.ainvoke({"question": "What is 6 times 7?"}))
wait_for_all_tracers()
"""


class LangSmith:
    """What was sent: every request's path, and the runs in it by id."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.address = ""

    def take(self, path: str, kind: str, body: bytes) -> None:
        self.asked.append(path)
        if path.endswith("/runs/multipart"):
            self._multipart(kind, body)
        elif path.endswith(("/runs/batch", "/runs")):
            sent = json.loads(body)
            for run in [*sent.get("post", []), *sent.get("patch", [])] if path.endswith("batch") else [sent]:
                self.runs.setdefault(run["id"], {}).update(run)

    def _multipart(self, kind: str, body: bytes) -> None:
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        for part in parser.parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).iter_parts():
            event, id_, *field = str(part.get_param("name", header="content-disposition")).split(".")
            if event in ("post", "patch"):
                said = json.loads(part.get_payload(decode=True) or b"null")  # type: ignore[arg-type]
                run = self.runs.setdefault(id_, {})
                run.update({field[0]: said} if field else said)


@contextmanager
def langsmith() -> Iterator[LangSmith]:
    kept = LangSmith()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.asked.append(self.path)
            self._reply(b"{}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            kept.take(self.path, self.headers["Content-Type"], body)
            self._reply(b"{}")

        do_PATCH = do_POST

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    kept.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(environment: dict[str, str]) -> None:
    """Ask a question in a process of its own, which has nothing but this environment."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
