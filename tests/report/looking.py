"""Playwright, which takes a fifth of a second to import, where it is used."""

from typing import Any


def expect(actual: Any) -> Any:
    """Wait for something to be true of a page or a part of it, as Playwright's own does."""
    from playwright.async_api import expect

    return expect(actual)
