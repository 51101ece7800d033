"""The heat of a map as a widget of a notebook, in a browser that does with it what a notebook does."""

import base64
import json
import sys
from collections.abc import Callable

import polars as pl
import pytest
from playwright.sync_api import Browser, Page

from page.conftest import browser
from runout.api.answers import MapAnswer
from server.conftest import local_map, near

__all__ = ["browser", "local_map", "near"]  # fixtures
pytestmark = pytest.mark.xdist_group("served")
Show = Callable[..., Page]
HOST = """async ([esm, tile]) => {
  const {default: widget} = await import(URL.createObjectURL(new Blob([esm], {type: "text/javascript"})));
  const bytes = Uint8Array.from(atob(tile), (one) => one.charCodeAt(0));
  const traits = {tile: new DataView(bytes.buffer)};
  const el = document.body.appendChild(document.createElement("div"));
  globalThis.end = widget.render({model: {get: (name) => traits[name], on() {}, off() {}}, el});
}"""
_COLOURS = """() => {
  const canvas = document.querySelector("canvas");
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width - 80, canvas.height - 30);
  const ground = getComputedStyle(canvas.parentElement).backgroundColor;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 60) seen.add(data.slice(i, i + 3).join());
  return [seen.size, ground];
}"""


@pytest.fixture
def show(browser: Browser, local_map: MapAnswer) -> Show:
    widget = local_map.widget()

    def shown(*, theme: str | None = None, width: int = 900) -> Page:
        page = browser.new_context(viewport={"width": width, "height": 560}, offline=True).new_page()
        if theme is not None:
            page.evaluate("theme => (document.body.dataset.jpThemeLight = theme)", theme)
        page.evaluate(HOST, [widget._esm, base64.b64encode(widget.tile).decode()])
        return page

    return shown


def test_a_map_is_drawn_as_its_notebook_is_light_or_dark_and_says_what_it_is(show: Show) -> None:
    for theme, ground in (("true", "rgb(255, 255, 255)"), ("false", "rgb(22, 27, 33)")):
        page = show(theme=theme)
        colours, behind = page.evaluate(_COLOURS)
        assert colours > 50
        assert behind == ground
        words = page.inner_text("body")
        for text in ("Liquidation map of BTC on binance, inferred, as of 2025-04-18 23:00 UTC", "SYNTHETIC MARKET"):
            assert text in words
        assert "Dollars expected to be reported" in page.locator("canvas + div").inner_text()
        assert "heat of expected liquidations" in (page.get_by_role("img").get_attribute("aria-label") or "")
        page.context.close()


def test_pointing_at_a_cell_says_its_dollars(show: Show, local_map: MapAnswer) -> None:
    page = show()
    page.mouse.move(300, 200)
    said = page.locator("[aria-live]").inner_text()
    assert "longs $" in said
    assert said.endswith("(inferred)")
    page.evaluate("end()")
    page.context.close()


def test_a_widget_holds_the_tile_with_the_price_at_each_moment(local_map: MapAnswer) -> None:
    tile = local_map.widget().tile
    header = json.loads(tile[4 : 4 + int.from_bytes(tile[:4], "little")])
    assert len(header["closes_usd"]) == header["columns"]
    ended = pl.col("event_time") <= local_map.content.heat.time[-1]
    assert header["closes_usd"][-1] == pytest.approx(local_map.content.candles.filter(ended)["close"].item(-1))


def test_without_anywidget_it_is_said_what_to_install(local_map: MapAnswer, monkeypatch: pytest.MonkeyPatch) -> None:
    from runout.api import widget

    widget._kind.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=r"anywidget is not installed.*`pip install anywidget`"):
        local_map.widget()
