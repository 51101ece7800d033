"""A browser for the page, where the machine has one."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 120_000
"""Milliseconds that a condition is waited for: a busy machine is slow, not wrong."""
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield opened
        opened.close()


def opened(
    browser: Browser, address: str, *, width: int = 1600, height: int = 1000, asked: list[str] | None = None,
    said: list[str] | None = None, **options: Any,
) -> Page:  # fmt: skip
    """Open an address in a window of its own; ``asked`` and ``said`` collect what it does."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if asked is not None:
        page.on("request", lambda request: asked.append(request.url))
    if said is not None:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    return page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address as :func:`opened` does, and close its windows in the end."""
    pages: list[Page] = []

    def open_one(address: str, **options: Any) -> Page:
        pages.append(opened(browser, address, **options))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()


def settled(page: Page) -> Page:
    """Wait until every part has its answer."""
    expect(page.locator(".feeds .figure").first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator("p.busy")).to_have_count(0)
    return page


def violations(page: Page) -> list[tuple[str, list[object]]]:
    """Return what axe finds: its rule, and the first elements that break it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({resultTypes: ['violations']})")["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
