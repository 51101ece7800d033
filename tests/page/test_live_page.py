"""The page in a real browser: what it shows, by which keys, for whom, and that it asks nobody but its server."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, now_ns, parse_time
from runout.lake import Lake
from server.running import AT, END, events, market, moved, running

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("browser")]
CHROMIUM = shutil.which("chromium")
SECONDS = 1_000
expect.set_options(timeout=60 * SECONDS)  # a busy machine is slow, not wrong
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return market(tmp_path_factory.mktemp("page") / "lake")


@pytest.fixture(scope="module")
def address(lake: Lake) -> Iterator[str]:
    with running(lake.root) as served:
        yield served


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opened(address: str, *, width: int = 1600, height: int = 1000, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60 * SECONDS)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def settled(page: Page) -> Page:
    """Wait until every part has its answer."""
    expect(page.locator(".feeds .figure").first).to_be_visible(timeout=60 * SECONDS)
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=120 * SECONDS)
    expect(page.locator("p.busy")).to_have_count(0)
    return page


def test_the_first_screen_answers_and_asks_nobody_but_its_server(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/?at={AT}")
    settled(page)
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {address.removeprefix("http://")}
    assert [line for line in said if "404" not in line] == []  # no derived state: the bulletin is refused
    expect(page.get_by_role("heading", name="Where, and what it would set off")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Move of the price")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_in_viewport()
    expect(page.get_by_text("Replay. The market as it was known at 18 Apr 2025")).to_be_visible()
    assert page.locator("aside tbody tr").count() > 5
    expect(page.get_by_role("link", name="TradingView, Inc.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(1600, 1000, "dark"), (1600, 1000, "light"), (360, 780, "dark"), (360, 780, "light")],
)
def test_axe_has_nothing_to_say(visit: Callable[..., Page], address: str, width: int, height: int, scheme: str) -> None:
    page = settled(visit(f"{address}/?at={AT}", width=width, height=height, color_scheme=scheme, bypass_csp=True))
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []


def test_the_whole_page_goes_by_keys(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(f"{address}/?at={AT}"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#coin")).to_be_focused()
    page.locator("#coin").blur()
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="1d", exact=True)).to_have_attribute("aria-pressed", "true")
    settled(page)
    page.keyboard.press(",")
    assert page.url.endswith("at=2025-04-18T22%3A00Z")
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".reading")).to_contain_text("close $")
    slider = page.get_by_role("slider", name="Move of the price")
    settled(page)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Forced orders")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", page.locator(".slide span").inner_text())


def test_every_number_opens_its_evidence(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(f"{address}/?at={AT}"))
    page.locator("aside tbody .figure").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("Inferred: modelled, not published by anyone")
    expect(drawer).to_contain_text("test/bars/BTC/binance/300000000000")
    path = drawer.get_by_role("link").get_attribute("href")
    assert json.loads(page.request.get(f"{address}{path}").text())["as_of"] == AT


def test_a_stale_lake_opens_at_its_newest_price_and_says_so(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address))
    expect(page.get_by_text("Not live. The newest price is of 19 Apr 2025")).to_be_visible()
    assert page.locator("aside tbody tr").count() > 5


def test_an_empty_lake_says_so(visit: Callable[..., Page], tmp_path: Path) -> None:
    with running(tmp_path / "none") as address:
        page = visit(address)
        expect(page.get_by_text("This lake holds no prices yet")).to_be_visible()
        page.close()


def test_on_a_phone_the_panels_are_a_sheet(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(f"{address}/?at={AT}", width=390, height=844, has_touch=True, is_mobile=True))
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_hidden()
    page.get_by_role("button", name="Tape").tap()
    expect(page.get_by_role("heading", name="Tape of liquidations")).to_be_visible()
    expect(page.get_by_role("heading", name="Where, and what it would set off")).to_be_hidden()


def test_who_wants_no_motion_gets_none(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"{address}/?at={AT}", reduced_motion="reduce")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("h1").evaluate("one => getComputedStyle(one).animationName") == "none"


def test_a_logarithmic_axis_is_right_to_a_pixel(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(f"{address}/?at={AT}"))
    measured = page.evaluate(
        """() => {
          const Heat = runoutChart.layers.scene.heat.constructor, heat = new Heat();
          const rows = 200, columns = 4, cells = new Uint8Array(rows * columns), other = new Uint8Array(rows * columns);
          const first = 50000, step = 250, bright = 137;
          cells.fill(255, bright * columns, (bright + 1) * columns);
          const header = {rows, columns, first_price_usd: first, step_usd: step, times: [0, 1, 2, 3], scale_usd: 1e6};
          heat.setTile({header, sides: [cells, other], levels: [{rows, bin: 1, cells, canvas: null}]});
          heat.setShade({palette: 'plasma', dark: true, hide: 1, full: 1e6});
          const height = 900, canvas = new OffscreenCanvas(40, height), context = canvas.getContext('2d');
          const low = Math.log(first), high = Math.log(first + rows * step);
          const y = (price) => height * (1 - (Math.log(price) - low) / (high - low));
          heat.draw(context, (seconds) => seconds * 10, y, 4, 40, height);
          const alpha = context.getImageData(20, 0, 1, height).data.filter((_, i) => i % 4 === 3);
          const lit = [...alpha].flatMap((one, row) => one > 127 ? [row] : []);
          return {lit: [lit[0], lit.at(-1) + 1], due: [y(first + (bright + 1) * step), y(first + bright * step)]};
        }"""
    )
    assert measured["lit"] == pytest.approx(measured["due"], abs=1.0)


def test_what_was_not_observed_is_hatched(visit: Callable[..., Page], lake: Lake, tmp_path: Path) -> None:
    holed = moved(lake, tmp_path / "holed", 0)
    begin, end = parse_time("2025-04-16T06:00Z"), parse_time("2025-04-16T18:00Z")
    holed._remove("bars", pl.col("event_time").is_between(begin + 1, end) & (pl.col("span") < 10**13))
    with running(holed.root) as address:
        page = visit(f"{address}/?at={AT}")
        expect(page.locator(".canvas canvas").first).to_be_visible()
        expect(page.locator(".feeds .figure").first).to_be_visible()
        shown = "() => (runoutChart.layers.scene?.gaps ?? []).filter((one) => one.kind === 'bars')"
        page.wait_for_timeout(500)
        gaps = page.evaluate(shown)
        page.close()
    assert [(one["start_time"], one["end_time"]) for one in gaps] == [("2025-04-16T06:00:00Z", "2025-04-16T18:00:00Z")]


def test_live_a_liquidation_is_in_the_tape_at_once_and_a_dead_stream_is_said(
    visit: Callable[..., Page], lake: Lake, tmp_path: Path
) -> None:
    step = 5 * NANOSECONDS_PER_MINUTE
    live = moved(lake, tmp_path / "live", now_ns() // step * step - END)
    with running(live.root, poll_seconds=0.2) as address:
        page = visit(address)
        expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".tape tbody tr").first).to_be_visible()
        before = page.locator(".tape tbody tr").count()
        live.append("liquidations", events(now_ns() - 11 * NANOSECONDS_PER_SECOND, 1, usd=7_654_321.0))
        expect(page.locator(".tape tbody tr").first).to_contain_text("$7.7M", timeout=30 * SECONDS)
        assert page.locator(".tape tbody tr").count() >= min(before, 60)
        page.reload()
        expect(page.locator(".tape tbody tr").first).to_contain_text("$7.7M")
    expect(page.get_by_text("No sign of life from the server")).to_be_visible(timeout=30 * SECONDS)
