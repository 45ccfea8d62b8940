"""A run to look at, and a real browser to look with."""

import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from langgraph_tumix.report import write
from tests.report.runs import make

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opened = Callable[..., "AbstractAsyncContextManager[Page]"]


@pytest.fixture(scope="session")
async def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run: 30 questions, two presets."""
    return await make(tmp_path_factory.mktemp("runs") / "boxes", 30)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator["Browser"]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def opened(chromium: "Browser") -> Opened:
    """Return a context that opens an address, and sees in the end that nothing was complained of or sent for."""

    @asynccontextmanager
    async def open_(address: str, *, complaints: bool = False, **options: Any) -> AsyncIterator["Page"]:
        context = await chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        page = await context.new_page()
        page.set_default_timeout(20_000)
        heard: list[str] = []
        asked: list[str] = []

        def listen(message: "ConsoleMessage") -> None:
            if message.type in ("error", "warning"):
                heard.append(message.text)

        page.on("console", listen)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        try:
            await page.goto(address)
            await page.wait_for_selector("h1")
            yield page
            assert await page.evaluate("window.hit") is None, "a text of the run has become a program"
            assert complaints or not heard, heard
            foreign = [url for url in asked if not url.startswith((address.split("#", maxsplit=1)[0], "data:"))]
            assert complaints or not foreign, foreign
        finally:
            await context.close()

    return open_


def address(folder: Path, hash_: str = "") -> str:
    """Write a run's page and return where it is."""
    return write(folder).as_uri() + hash_


async def cells(page: "Page", selector: str) -> dict[str, dict[str, str]]:
    """Return a table by the names of its rows and columns."""
    read = await page.eval_on_selector_all(
        f"{selector} tr",
        "rows => rows.map(row => [...row.children].map(cell => cell.innerText.replaceAll('\\u00a0', ' ')))",
    )
    head = [re.sub(r"\s*[↓]?$", "", re.sub(r"\s+", " ", name)) for name in read[0]]
    return {row[0]: dict(zip(head, row, strict=True)) for row in read[1:]}
