"""The page in a real browser: what its first screen answers, by which keys, on which screens, and whom it asks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from page.conftest import settled, violations
from server.running import AT

pytestmark = pytest.mark.xdist_group("served")
Visit = Callable[..., Page]


def test_the_first_screen_answers_and_asks_nobody_but_its_server(visit: Visit, served: str) -> None:
    asked, said = [], []
    page = settled(visit(f"{served}/?at={AT}", asked=asked, said=said))
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {served.removeprefix("http://")}
    assert [line for line in said if "404" not in line] == []  # no derived state: the bulletin is refused
    expect(page.get_by_text("SYNTHETIC MARKET", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Where, and what it would set off")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Move of the price")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_in_viewport()
    expect(page.get_by_text("Replay. The market as it was known at 18 Apr 2025")).to_be_visible()
    assert page.locator("aside tbody tr").count() > 5
    expect(page.get_by_role("link", name="TradingView, Inc.")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1600, 1000), (390, 844)])
def test_axe_finds_nothing_dark_or_light(visit: Visit, served: str, width: int, height: int) -> None:
    page = settled(visit(f"{served}/?at={AT}", width=width, height=height, color_scheme="dark"))
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert violations(page) == []


def test_the_whole_page_goes_by_keys(visit: Visit, served: str) -> None:
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
    expect(slider).to_have_attribute("aria-valuetext", page.locator(".slide span").inner_text())
    page.keyboard.press("Space")  # on a slider: not the replay's
    expect(page.get_by_role("button", name="Replay", exact=True)).to_have_attribute("aria-pressed", "false")


def test_on_a_phone_the_panels_are_a_sheet(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}", width=390, height=844, has_touch=True, is_mobile=True))
    expect(page.get_by_text("SYNTHETIC MARKET", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_hidden()
    page.get_by_role("button", name="Tape").tap()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_visible()
    expect(page.get_by_role("heading", name="Where, and what it would set off")).to_be_hidden()
