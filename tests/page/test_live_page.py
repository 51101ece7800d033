"""Longer ways through the page in a real browser: evidence, stale and empty lakes, gaps, a live stream."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from page.conftest import settled
from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, now_ns, parse_time
from runout.lake import Lake
from server.running import AT, END, events, moved, running

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("served")]
Visit = Callable[..., Page]


def test_ranges_and_moments_go_by_keys_and_stay_in_the_address(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="1d", exact=True)).to_have_attribute("aria-pressed", "true")
    settled(page)
    page.keyboard.press(",")
    expect(page).to_have_url(f"{served}/?days=1&at=2025-04-18T22%3A00Z")


def test_every_number_opens_its_evidence(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    page.locator("aside tbody .figure").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("Inferred: modelled, not published by anyone")
    expect(drawer).to_contain_text("test/bars/BTC/binance/300000000000")
    path = drawer.get_by_role("link").get_attribute("href")
    assert json.loads(page.request.get(f"{served}{path}").text())["as_of"] == AT


_AT_ONCE = """() => {
  const timer = setInterval(() => {
    const canvas = document.querySelector('.canvas');
    if (!canvas || !globalThis.runoutState) return;
    clearInterval(timer);
    runoutState.candles.subscribe((part) => {
      if (!part.data) return;
      canvas.focus();
      canvas.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}));
      globalThis.pressed = true;
    });
  }, 1);
}"""
"""Press an arrow key in the chart as soon as it has candles, before it has drawn a frame."""


def test_an_arrow_key_finds_its_candle_before_the_first_frame_and_out_of_view(visit: Visit, served: str) -> None:
    faults: list[str] = []
    page = visit("about:blank", said=faults)
    page.add_init_script(f"({_AT_ONCE})()")
    page.goto(f"{served}/?at={AT}")
    page.wait_for_function("() => globalThis.pressed")
    settled(page)
    page.evaluate("() => runoutChart.chart.timeScale().scrollToPosition(900, false)")
    page.get_by_role("application").press("ArrowLeft")
    expect(page.locator(".reading")).to_contain_text("close $")
    shown = page.evaluate("() => [runoutChart.chart.timeScale().getVisibleLogicalRange(), runoutChart.layers.grid]")
    assert shown[0]["from"] < 335 < shown[0]["to"], shown
    assert [line for line in faults if "404" not in line] == []


def test_a_stale_lake_opens_at_its_newest_price_and_says_so(visit: Visit, served: str) -> None:
    page = settled(visit(served))
    expect(page.get_by_text("Not live. The newest price is of 19 Apr 2025")).to_be_visible()
    assert page.locator("aside tbody tr").count() > 5


def test_who_wants_no_motion_gets_none(visit: Visit, served: str) -> None:
    page = visit(f"{served}/?at={AT}", reduced_motion="reduce")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("h1").evaluate("one => getComputedStyle(one).animationName") == "none"


def test_a_logarithmic_axis_is_right_to_a_pixel(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
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


def test_what_was_not_observed_is_hatched(visit: Visit, market_lake: Lake, tmp_path: Path) -> None:
    holed = moved(market_lake, tmp_path / "holed", 0)
    begin, end = parse_time("2025-04-16T06:00Z"), parse_time("2025-04-16T18:00Z")
    holed._remove("bars", pl.col("event_time").is_between(begin + 1, end) & (pl.col("span") < 10**13))
    with running(holed.root) as address:
        page = visit(f"{address}/?at={AT}")
        expect(page.locator(".canvas canvas").first).to_be_visible()
        expect(page.locator(".feeds .figure").first).to_be_visible()
        shown = "() => (runoutChart.layers.scene?.gaps ?? []).filter((one) => one.kind === 'bars')"
        page.wait_for_function(f"({shown})().length > 0")
        gaps = page.evaluate(shown)
        page.close()
    assert [(one["start_time"], one["end_time"]) for one in gaps] == [("2025-04-16T06:00:00Z", "2025-04-16T18:00:00Z")]


BARS = "runoutState.liquidations.value.data"


def test_live_a_liquidation_and_a_bar_are_seen_at_once_and_a_dead_stream_is_said(
    visit: Visit, market_lake: Lake, tmp_path: Path
) -> None:
    step = 5 * NANOSECONDS_PER_MINUTE
    live = moved(market_lake, tmp_path / "live", now_ns() // step * step - END)
    asked: list[str] = []
    with running(live.root, poll_seconds=0.2) as address:
        page = visit(address, asked=asked)
        expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".tape tbody tr").first).to_be_visible()
        before = page.locator(".tape tbody tr").count()
        first = page.wait_for_function(f"() => {BARS}?.as_of").json_value()
        live.append("liquidations", events(now_ns() - 11 * NANOSECONDS_PER_SECOND, 1, usd=7_654_321.0))
        expect(page.locator(".tape tbody tr").first).to_contain_text("$7.7M")
        assert page.locator(".tape tbody tr").count() >= min(before, 60)
        page.wait_for_function(f"() => {BARS}.as_of !== '{first}'")
        shown = page.evaluate(f"() => {BARS}")  # the last two were asked for anew, the others are as they were
        whole = json.loads(page.request.get(address + shown["reproduce"]).text())
        assert len(whole["rows"]) > 2
        assert [one for one in asked if "/v1/liquidations" in one][-1].endswith(("columns=2", "columns=3"))
        assert (shown["rows"], shown["count"]) == (whole["rows"], whole["count"])
        newest = live.scan("bars").filter(pl.col("span") == step).sort("event_time").tail(1).collect()
        bar = newest.with_columns(pl.col("close") * 1.001, high=pl.col("high") * 1.001, known_time=now_ns())
        live.append("bars", bar)
        page.wait_for_function(f"() => runoutChart.candles.data().at(-1).close === {bar['close'][0]}")
        page.reload()
        expect(page.locator(".tape tbody tr").first).to_contain_text("$7.7M")
    expect(page.get_by_text("No sign of life from the server for")).to_be_visible()
