"""The page in a real browser: what its first screen answers, by which keys, on which screens, and whom it asks.

A desk and a phone are opened once each, for what only reads them. Keys and a what-if move what is in view: the walk by
keys has a page of its own.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from page.conftest import opened, settled, violations
from server.running import AT

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("served")]


class Desk(NamedTuple):
    """A page, whom it asked, and what it wrote to its console."""

    page: Page
    asked: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def desk(browser: Browser, served: str) -> Iterator[Desk]:
    asked, said = [], []
    page = opened(browser, f"{served}/?at={AT}", color_scheme="dark", asked=asked, said=said)
    yield Desk(settled(page), asked, said)
    page.context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser, served: str) -> Iterator[Page]:
    options = {"width": 390, "height": 844, "color_scheme": "light", "has_touch": True, "is_mobile": True}
    page = opened(browser, f"{served}/?at={AT}", **options)
    yield settled(page)
    page.context.close()


def test_the_first_screen_answers_and_asks_nobody_but_its_server(desk: Desk, served: str) -> None:
    page, asked, _ = desk
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {served.removeprefix("http://")}
    expect(page.get_by_text("SYNTHETIC MARKET", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Where, and what it would set off")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Move of the price")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_in_viewport()
    expect(page.get_by_text("Replay. The market as it was known at 18 Apr 2025")).to_be_visible()
    assert page.locator("aside tbody tr").count() > 5
    expect(page.get_by_role("link", name="TradingView, Inc.")).to_be_visible()


def test_nothing_is_written_to_the_console(desk: Desk) -> None:
    assert [line for line in desk.said if "404" not in line] == []  # no derived state: the bulletin is refused


def test_axe_finds_nothing_at_a_desk_in_the_dark(desk: Desk) -> None:
    assert desk.page.evaluate("() => document.documentElement.scrollWidth") == 1600
    assert violations(desk.page) == []


def test_the_whole_page_goes_by_keys(visit: Callable[..., Page], served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#coin")).to_be_focused()
    page.locator("#coin").blur()
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".reading")).to_contain_text("close $")
    slider = page.get_by_role("slider", name="Move of the price")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Forced orders")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", page.locator(".slide span").first.inner_text())
    page.keyboard.press("Space")  # on a slider: not the replay's
    expect(page.get_by_role("button", name="Replay", exact=True)).to_have_attribute("aria-pressed", "false")


def test_on_a_phone_the_panels_are_a_sheet(phone: Page) -> None:
    expect(phone.get_by_text("SYNTHETIC MARKET", exact=True)).to_be_in_viewport()
    for name, title in (("Tape", "Tape of liquidations"), ("Levels", "Where, and what it would set off")):
        phone.get_by_role("button", name=name, exact=True).tap()
        expect(phone.get_by_role("heading", name=title)).to_be_visible()
        expect(phone.locator("aside h2:visible")).to_have_count(1)


def test_axe_finds_nothing_on_a_phone_in_the_light(phone: Page) -> None:
    assert phone.evaluate("() => document.documentElement.scrollWidth") == 390
    assert violations(phone) == []


@pytest.mark.study
@pytest.mark.parametrize(("width", "scheme"), [(1600, "light"), (390, "dark"), (360, "light"), (1100, "dark")])
def test_axe_finds_nothing_elsewhere(visit: Callable[..., Page], served: str, width: int, scheme: str) -> None:
    page = settled(visit(f"{served}/?at={AT}", width=width, height=844, color_scheme=scheme))
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    assert violations(page) == []
