"""The server beside the framework it is built on, and the heat of the page beside the chart without it."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Response, get
from playwright.sync_api import Page

from bench.conftest import Work
from page.conftest import browser, settled, visit
from server.running import AT, free_port

__all__ = ["browser", "visit"]  # fixtures
pytestmark = pytest.mark.bench
ROUND = 50
CANDLES = f"/v1/candles?at={AT}&columns=500"


@contextlib.contextmanager
def bare(body: bytes, media: str) -> Iterator[str]:
    """Serve the same bytes by the framework alone, on the same runner."""

    @get("/")
    async def same() -> Response[bytes]:
        return Response(body, media_type=media)

    port, loops = free_port(), []

    async def run() -> None:
        app = Litestar([same], openapi_config=None, logging_config=None)
        server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
        loops.append((asyncio.get_running_loop(), server))
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        for loop, server in loops:
            loop.call_soon_threadsafe(server.stop)
        thread.join()


def asking(address: str):
    def ask() -> None:
        with httpx.Client(timeout=60, headers={"Accept-Encoding": "identity"}) as client:
            for _ in range(ROUND):
                assert client.get(address).status_code == 200

    return ask


@pytest.mark.parametrize(("name", "path"), [("500 candles", CANDLES), ("the tile of a week", f"/v1/map/heat?at={AT}")])
def test_requests_answered(beside, served, name, path):
    first = httpx.get(served + path, timeout=300, headers={"Accept-Encoding": "identity"})
    with bare(first.content, first.headers["content-type"]) as alone:
        peer = Work(f"the same {len(first.content):,} bytes by bare Litestar on Granian", asking(alone), ROUND)
        beside("requests", Work(f"{name}, answered again", asking(served + path), ROUND), peer)


ROOT = Path(__file__).resolve().parents[2]
ECHARTS = ROOT / "web" / "node_modules" / "echarts" / "dist" / "echarts.min.js"
SIDE = 1000
"""Rows, and columns, of a million cells."""
FRAMES = """async (show, frames) => {
  const took = [];
  let before = await new Promise(requestAnimationFrame);
  for (let left = frames; left > 0; left--) {
    show(left % 40);
    const now = await new Promise(requestAnimationFrame);
    took.push(now - before);
    before = now;
  }
  return took.sort((a, b) => a - b)[Math.floor(frames / 2)] / 1000;
}"""
CHANGES = """(change, context, times) => {
  const took = Array.from({length: times}, (_, turn) => {
    const began = performance.now();
    change(turn);
    context().getImageData(0, 0, 1, 1);
    return performance.now() - began;
  });
  return took.sort((a, b) => a - b)[Math.floor(times / 2)] / 1000;
}"""
OURS = """([side, frames, changes]) => {
  const layers = runoutChart.layers, scene = layers.scene, heat = scene.heat, old = heat.tile.header;
  const cells = Uint8Array.from({length: side * side}, (_, at) => bench.byte(at)), other = new Uint8Array(side * side);
  const times = Array.from({length: side}, (_, at) => layers.grid.start + at * 600);
  const header = {...old, rows: side, columns: side, times, step_usd: old.step_usd * old.rows / side};
  heat.setTile({header, sides: [cells, other], levels: [{rows: side, bin: 1, cells, canvas: null}]});
  const full = header.scale_usd, shade = {palette: 'plasma', dark: true, full};
  heat.setShade({...shade, hide: 0});
  const context = new OffscreenCanvas(1100, 640).getContext('2d');
  const draw = () => heat.draw(context, (at) => (at - times[0]) / 600 * 1.1, (usd) => 640 - (usd - header.first_price_usd) / header.step_usd * 0.64, times.at(-1) + 600, 1100, 640);
  const scale = runoutChart.chart.timeScale(), bars = side * 600 / layers.grid.step;
  bench.pan = (heated) => {
    scene.showHeat = heated;
    return medianFrame((at) => scale.setVisibleLogicalRange({from: at, to: at + bars * 0.6}), frames);
  };
  bench.change = () => medianChange((turn) => { heat.setShade({...shade, hide: full * 0.02 * (1 + turn % 7)}); draw(); }, () => context, changes);
}"""
THEIRS = """([side, frames, changes]) => {
  document.body.innerHTML = '<div style="width:1100px;height:640px"></div>';
  const chart = echarts.init(document.body.firstChild), source = new Float64Array(3 * side * side);
  for (let at = 0; at < side * side; at++) source.set([at % side, Math.floor(at / side), (bench.byte(at) / 255) ** 2], 3 * at);
  const axis = {type: 'category', data: Array.from({length: side}, (_, at) => at)};
  chart.setOption({
    animation: false, xAxis: axis, yAxis: axis, dataset: {source, dimensions: ['x', 'y', 'usd']},
    dataZoom: {type: 'inside', filterMode: 'none', startValue: 0, endValue: side * 0.6},
    visualMap: {type: 'continuous', min: 0, max: 1, dimension: 2, inRange: {color: ['#1a1240', '#cc4274', '#fff6a8']}, outOfRange: {opacity: 0}},
    series: {type: 'heatmap', encode: {x: 'x', y: 'y'}, progressive: 0, silent: true, emphasis: {disabled: true}},
  });
  const act = (action) => chart.dispatchAction(action, {flush: true});
  bench.pan = () => medianFrame((at) => act({type: 'dataZoom', startValue: at, endValue: at + side * 0.6}), frames);
  bench.change = () => medianChange((turn) => act({type: 'selectDataRange', selected: [0.02 * (1 + turn % 7), 1]}), () => document.querySelector('canvas').getContext('2d'), changes);
}"""


def prepared(page: Page, chart: str, frames: int, changes: int) -> Page:
    """Give a page the million cells, and the two things to time: a pan, and a change of the threshold."""
    page.evaluate(
        f"() => {{ globalThis.bench = {{byte: (at) => 1 + (Math.floor(at / {SIDE}) * 37 + at % {SIDE}) % 255}}; "
        f"globalThis.medianFrame = {FRAMES}; globalThis.medianChange = {CHANGES}; }}"
    )
    page.evaluate(chart, [SIDE, frames, changes])
    return page


def test_frames_and_changes_of_a_million_cells(beside, served, visit):
    ours = prepared(settled(visit(f"{served}/?at={AT}")), OURS, 60, 15)
    beside(
        "frames", Work("1e6 cells panned in the page, median frame", lambda: ours.evaluate("() => bench.pan(true)")),
        Work("candles alone", lambda: ours.evaluate("() => bench.pan(false)")),
        Work("17 ms a frame", lambda: 0.017),
    )  # fmt: skip
    changed = Work("threshold of 1e6 cells changed, drawn", lambda: ours.evaluate("() => bench.change()"))
    beside("changes", changed, Work("25 ms a change", lambda: 0.025))
    if not ECHARTS.exists():
        pytest.skip("no ECharts to compare with: `make page` fetches it into web/node_modules")
    peer = visit("about:blank")
    peer.add_script_tag(path=ECHARTS)
    prepared(peer, THEIRS, 5, 3)
    panned = Work("1e6 cells panned in the page, median frame", lambda: ours.evaluate("() => bench.pan(true)"))
    beside("frames", panned, Work("ECharts, same cells", lambda: peer.evaluate("() => bench.pan()")), turns=2)
    beside("changes", changed, Work("ECharts, same cells", lambda: peer.evaluate("() => bench.change()")), turns=2)
