"""A run served to this machine: to nobody else, live, and without getting in anyone's way."""

import gzip
import http.client
import json
import shutil
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.report import serve
from tests.report.conftest import Opened
from tests.report.looking import expect
from tests.report.runs import add, results

pytestmark = pytest.mark.server


@pytest.fixture
def growing(boxes: Path, tmp_path: Path) -> Path:
    """Return a run of which only the first result is there."""
    folder = Path(shutil.copytree(boxes, tmp_path / "growing"))
    (folder / "results.jsonl").write_text("")
    add(folder, results(boxes)[0])
    return folder


def get(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    host = address.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        body = reply.read()
        return reply.status, dict(reply.headers), gzip.decompress(body) if reply.headers["Content-Encoding"] else body
    finally:
        connection.close()


def test_page_summary_and_details(boxes: Path) -> None:
    with serve(boxes) as address:
        status, headers, page = get(address, "/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b"connect-src 'self'" in page
        status, headers, summary = get(address, "/summary")
        assert json.loads(summary)["about"]["done"] == 60
        assert get(address, "/summary", If_None_Match=headers["ETag"])[0] == 304
        status, _, details = get(address, "/question?id=box-007")
        assert len(json.loads(details)["results"]) == 2
        assert get(address, "/question?id=" + quote("<b>&"))[0] == 404
        assert get(address, "/../run.json")[0] == 404


def test_a_name_that_is_not_this_machine_s_is_refused(boxes: Path) -> None:
    """A foreign page may let its own name lead here; it must not read the run."""
    with serve(boxes) as address:
        assert get(address, "/summary", Host="evil.example")[0] == 403
        port = address.rsplit(":", 1)[1].strip("/")
        assert get(address, "/summary", Host=f"localhost:{port}")[0] == 200


def test_it_listens_on_loopback_alone(boxes: Path) -> None:
    with serve(boxes) as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))  # free: the server has not taken all addresses


def test_news_arrive_and_half_written_lines_wait(boxes: Path, growing: Path) -> None:
    def done() -> int:
        return int(json.loads(get(address, "/summary")[2])["about"]["done"])

    def until(count: int) -> None:
        for _ in range(200):
            if done() == count:
                return
            threading.Event().wait(0.02)
        pytest.fail(f"{done()} results instead of {count}")

    line = json.dumps(results(boxes)[1])
    with serve(growing) as address, (growing / "results.jsonl").open("a") as file:
        assert done() == 1
        file.write(line[:200])
        file.flush()
        assert done() == 1
        file.write(line[200:] + "\n")
        file.flush()
        until(2)
        shutil.rmtree(growing)
        assert done() == 2, "what was seen stays on show"


def test_what_cannot_be_served_is_refused(boxes: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run's folder"), serve(tmp_path):
        pass
    with serve(boxes) as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ConfigError, match="take another one"), serve(boxes, port):
            pass
    with pytest.raises(ConfigError, match="port 99999"), serve(boxes, 99_999):
        pass


def test_nothing_is_left_behind(boxes: Path) -> None:
    before = threading.active_count()
    with serve(boxes) as address:
        get(address, "/")
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        get(address, "/")


@pytest.mark.timeout(180)
async def test_a_run_is_followed_in_the_browser(boxes: Path, growing: Path, opened: Opened) -> None:
    first, *rest = results(boxes)
    running = ExitStack()
    address = running.enter_context(serve(growing))
    with running:
        async with opened(f"{address}#q={first['task']}", complaints=True) as page:
            await expect(page.locator("progress")).to_have_attribute("value", "1")
            assert "live" in await page.inner_text(".eyebrow")
            await page.click(".question .note summary")
            await page.locator(".note[open] .message").wait_for()
            for result in rest[:10]:
                add(growing, result)
            await expect(page.locator("progress")).to_have_attribute("value", "11", timeout=20_000)
            await expect(page.locator(".list li")).to_have_count(11)
            await expect(page.locator(".note[open]")).to_have_count(1)
            for result in rest[10:]:
                add(growing, result)
            await expect(page.locator(".eyebrow")).to_contain_text("complete", timeout=20_000)
            await expect(page.locator("progress")).to_have_count(0)
            await page.locator(".tabs a", has_text="single").wait_for()
            running.close()
            await expect(page.locator("html")).to_have_class("lost", timeout=20_000)
            assert await page.is_visible("#cost .figure svg")
