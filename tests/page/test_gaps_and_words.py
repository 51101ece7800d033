"""What the page shows where data are missing, and how it is read by touch."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from page.conftest import settled, violations
from runout.clock import parse_time
from runout.lake import Lake
from server.running import AT, moved, running

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("served")]
Visit = Callable[..., Page]
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
_SMALL_TARGETS = """() => [...document.querySelectorAll('button:not(.figure), select, input, a:not(.skip)')]
  .filter((one) => one.checkVisibility()).map((one) => (one.type === 'checkbox' ? one.closest('label') : one))
  .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 44)
  .map((one) => one.outerHTML.slice(0, 80))"""
_SMALL_PRINT = """() => [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility()
  && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
  && parseFloat(getComputedStyle(one).fontSize) < 12).map((one) => one.outerHTML.slice(0, 80))"""
_OVERFLOWS = (
    "() => [...document.querySelectorAll('.danger p, .danger small')].map((one) => getComputedStyle(one).overflow)"
)
_UNEXPLAINED = """() => [...document.querySelectorAll('.facts dd')]
  .filter((one) => one.textContent.startsWith('n/a') && !one.querySelector('small')).length"""
_NO_LEVEL = """() => {
  runoutState.brief.value = {loading: false, problem: '', status: 200, data: {coin: 'BTC', at: '2025-04-18T23:00Z',
    synthetic: true, record: [], liquidated: null, reported: null, danger: {level: null, chance: null,
      set_at: '2025-04-18T00:00Z', reason: 'No total', measured_scope: '7 coins (ADA BNB), Binance', measured: [
        {event: 'at least $330.0M reported', value: 0.443}, {event: 'at least $630.0M reported', value: 0.18}]}}};
}"""


@pytest.fixture(scope="module")
def holed(market_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake without open interest for a day and a half, and without prices within the day of its last hours."""
    lake = moved(market_lake, tmp_path_factory.mktemp("holed"), 0)
    begin, end = parse_time("2025-04-15"), parse_time("2025-04-16T12:00Z")
    lake._remove(  # pyright: ignore[reportPrivateUsage]
        "open_interest", pl.col("event_time").is_between(begin + 1, end)
    )
    return lake


def test_no_line_is_drawn_over_days_without_rows_and_they_are_hatched(visit: Visit, holed: Lake) -> None:
    with running(holed.root) as address:
        page = visit(f"{address}/?at={AT}&days=7")
        page.wait_for_function(
            "() => runoutChart?.hatching[1].holes.some((one) => one.from > runoutChart.layers.grid.start)"
        )
        begin, end = (parse_time(day) / 1e9 for day in ("2025-04-15", "2025-04-16T12:00Z"))
        (hole,) = page.evaluate(
            f"() => runoutChart.hatching[1].holes.filter((one) => one.from < {end} && one.to > {begin})"
        )
        assert hole["from"] <= begin
        assert hole["to"] >= end
        points = page.evaluate("() => runoutChart.lower[3].series.data()")
        page.close()
    last = max((point for point in points if point["time"] < hole["from"]), key=lambda point: point["time"])
    assert [point["time"] for point in points if point.get("color")] == [last["time"]]
    assert last["color"] == "transparent"


def test_a_total_of_hours_is_a_bar_as_wide_as_its_hours(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    bars, step = page.evaluate("() => [runoutChart.lower[1].series.data(), runoutChart.layers.grid.step]")
    span = page.evaluate("() => runoutState.liquidations.value.data.rows[0].span") / 1e9
    assert span > step
    assert {bar["slots"] for bar in bars[1:]} == {span / step}
    assert bars[0]["slots"] <= span / step  # cut at the begin of the window
    assert len(bars) == page.evaluate("() => runoutState.liquidations.value.data.rows.length")


def test_where_the_page_is_not_live_no_feed_is_green(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    expect(page.locator(".feeds .figure .dot.good, .feeds .figure .dot.late")).to_have_count(0)
    expect(page.locator(".feeds .figure").first).to_contain_text("old at that moment")


def test_without_a_map_a_sentence_says_what_is_missing_and_the_rest_is_evidence(visit: Visit, served: str) -> None:
    page = visit(f"{served}/?at=2025-01-02T00%3A00Z")
    said = page.locator(".legend p")
    expect(said).to_contain_text("No map yet: what it lacks is said under Levels.")
    expect(page.locator(".ramp")).to_have_count(0)
    expect(page.locator("p.busy")).to_have_count(0)
    expect(page.get_by_text("expected", exact=False)).to_have_count(0)
    lack = "No levels yet: the lake has no prices of BTC in the day before this moment. Choose another coin or moment"
    expect(page.locator("aside")).to_contain_text(lack)
    said.get_by_role("button", name="Why").click()
    expect(page.get_by_role("dialog")).to_contain_text("expected intraday perpetual bars of BTC")


def test_without_a_level_the_chances_come_first_and_nothing_is_cut_off(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}", **PHONE))
    page.evaluate(_NO_LEVEL)
    tile = page.locator(".danger")
    expect(tile.locator("p").first).to_contain_text("44.3% chance of at least $330.0M reported, 18.0% of at least")
    expect(tile.locator("p").first.locator("small")).to_contain_text("No market-wide total is published")
    expect(tile).to_contain_text(
        re.compile(r"No total of 24 h yet\. Since 18 Apr 2025, .* UTC: at least \$.* of BTC liquidated")
    )
    assert set(page.evaluate(_OVERFLOWS)) == {"visible"}
    tile.get_by_role("button", name="44.3% chance").tap()
    expect(page.get_by_role("dialog")).to_contain_text("7 coins (ADA BNB), Binance")


def test_what_if_opens_with_the_answer_of_a_fall_by_five_percent(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    expect(page.locator(".slide span").first).to_contain_text("−5.0% to $")
    expect(page.locator(".facts")).to_contain_text("Forced orders")
    assert page.locator(".ticks i").all_inner_texts() == ["−15%", "", "−5%", "0", "+5%", "", "+15%"]
    bare = page.evaluate(_UNEXPLAINED)
    assert bare == 0


def test_on_a_phone_levels_come_before_the_chart_and_everything_can_be_touched_and_read(
    visit: Visit, served: str
) -> None:
    page = settled(visit(f"{served}/?at={AT}", **PHONE))
    table, chart = page.locator("aside table").first.bounding_box(), page.locator(".plot").bounding_box()
    assert table is not None
    assert chart is not None
    assert table["y"] + table["height"] <= chart["y"]
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()
    for name in ("Levels", "What if", "Tape"):
        page.get_by_role("button", name=name, exact=True).tap()
        assert page.evaluate(_SMALL_TARGETS) == []
        assert page.evaluate(_SMALL_PRINT) == []


def test_the_model_of_the_map_is_switched_by_button_and_key_and_says_what_is_drawn(
    visit: Visit, served: str, market_lake: Lake, tmp_path: Path
) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    switch, legend = page.get_by_role("group", name="Model of the map"), page.locator(".legend")
    expect(switch.get_by_role("button", name="Inferred")).to_have_attribute("aria-pressed", "true")
    inferred = legend.locator("span").first.inner_text()
    assert inferred.endswith("of price, inferred")
    switch.get_by_role("button", name="Path only").press("Enter")
    expect(legend.get_by_text("inferred (path)")).to_be_visible()
    expect(
        page.get_by_text("Inferred from the price path only: volume, which adds little, is left out")
    ).to_be_visible()
    assert "model=path" in page.url
    page.keyboard.press("t")
    expect(page.locator("aside")).to_contain_text("no published positions of BTC are here. Start the server with")
    page.keyboard.press("t")
    expect(legend.locator("span").first).to_have_text(inferred)
    assert "model=" not in page.url
    file = tmp_path / "published.csv"
    price = httpx.get(f"{served}/v1/map?at={AT}", timeout=300).json()["price"]
    rows = f"long,2,{price * 0.97}\nshort,1,{price * 1.02}\n"
    file.write_text(f"side,size_base,liquidation_price\n{rows}", encoding="utf-8")
    os.utime(file, (0, 0))
    with running(market_lake.root, positions=file) as address:
        page = settled(visit(f"{address}/?at={AT}&model=measured"))
        expect(page.locator(".legend")).to_contain_text("of price, measured")
        expect(page.get_by_role("row").filter(has_text="Would close")).to_be_visible()
        assert page.locator("aside table").first.locator("tbody tr").count() == 2
        expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("over measured liquidation"))
        assert violations(page) == []


@pytest.fixture(scope="module")
def three_venues(market_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with dearer bars of two further venues, of one of them open interest too."""
    lake = moved(market_lake, tmp_path_factory.mktemp("venues"), 0)
    for kind, venues in {"bars": ("bitget", "bybit"), "open_interest": ("bybit",)}.items():
        own = [one for one in market_lake.series(kind) if one.venues == ("binance",)]
        prices = ("open", "high", "low", "close") if kind == "bars" else ()
        for venue in venues:
            series = [replace(one, series=one.series.replace("binance", venue), venues=(venue,)) for one in own]
            lake.register(series)
            rows = market_lake.scan(kind).filter(pl.col("series").is_in([one.series for one in own]))
            renamed = pl.col("series").str.replace("binance", venue)
            lake.append(kind, rows.with_columns(renamed, *(pl.col(name) * 1.01 for name in prices)).collect())
    return lake


def test_the_venue_is_switched_by_list_key_and_address_and_what_it_lacks_is_said(
    visit: Visit, served: str, three_venues: Lake
) -> None:
    assert settled(visit(f"{served}/?at={AT}")).get_by_label("Venue").count() == 0
    with running(three_venues.root) as address:
        page = settled(visit(f"{address}/?at={AT}"))
        switch, levels, price = page.get_by_label("Venue"), page.locator("aside"), page.locator(".price")
        expect(switch).to_have_value("binance")
        assert switch.locator("option").all_inner_texts() == ["binance", "bitget", "bybit"]
        usual, tape = price.inner_text(), page.locator(".tape tbody").inner_text()
        switch.select_option("bybit")
        expect(price).not_to_have_text(re.compile(f"^({re.escape(usual)}|n/a)?$"))
        settled(page)
        assert "venue=bybit" in page.url
        assert page.evaluate("() => runoutState.tile.value.data.header.venue") == "bybit"
        of = "(name) => runoutState[name].value.data.reproduce"
        for part in ("candles", "interest", "gaps", "clusters", "sweeps"):
            assert "venue=bybit" in page.evaluate(of, part), part
        assert "venue" not in page.evaluate(of, "liquidations")
        assert page.locator(".tape tbody").inner_text() == tape
        expect(page.get_by_role("application")).to_have_attribute(
            "aria-label", re.compile("^Price of BTC on bybit over")
        )
        expect(levels).to_contain_text("the lake has no order books of BTC on bybit near this moment")
        assert violations(page) == []
        page.keyboard.press("v")
        expect(switch).to_have_value("binance")
        expect(price).to_have_text(usual)
        assert "venue" not in page.url
        page.keyboard.press("v")
        expect(levels).to_contain_text("the lake has neither open interest nor liquidations of BTC on bitget")
        page = settled(visit(f"{address}/?at={AT}&venue=okx"))
        said = page.locator(".banners").get_by_text("No intraday bars of BTC on okx are here: binance is shown.")
        expect(said).to_be_visible()
        expect(page.locator(".price")).to_have_text(usual)
        said.get_by_role("button", name="Dismiss").press("Enter")
        expect(said).to_have_count(0)
        assert "venue" not in page.url


def test_heat_is_shaded_on_the_scale_of_its_map_though_the_map_comes_last(visit: Visit, served: str) -> None:
    page = settled(visit(f"{served}/?at={AT}"))
    scale = page.evaluate(
        """() => {
          const part = runoutState.tile.value, {header} = part.data;
          const doubled = {...header, scale_usd: 2 * header.scale_usd};
          runoutState.tile.value = {...part, data: {...part.data, header: doubled}};
          return doubled.scale_usd;
        }"""
    )
    assert page.evaluate("() => runoutChart.layers.scene.heat.shade.full") == pytest.approx(scale * 0.9**2)
