"""The server beside the framework it is built on, and the heat of the page beside the chart without it."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Response, get

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


MILLION = """() => {
  const layers = runoutChart.layers, heat = layers.scene.heat, old = heat.tile.header;
  const rows = 1000, columns = 1000, cells = new Uint8Array(rows * columns), other = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) cells.fill((row * 37) % 256, row * columns, (row + 1) * columns);
  const times = Array.from({length: columns}, (_, i) => layers.grid.start + i * 600);
  const header = {...old, rows, columns, times, first_price_usd: old.first_price_usd, step_usd: old.step_usd * old.rows / rows};
  heat.setTile({header, sides: [cells, other], levels: [{rows, bin: 1, cells, canvas: null}]});
  heat.setShade({palette: 'plasma', dark: true, hide: 1, full: old.scale_usd});
}"""
PAN = """(frames) => new Promise((done) => {
  const scale = runoutChart.chart.timeScale();
  let left = frames;
  const step = () => {
    if (left-- === 0) return done();
    scale.setVisibleLogicalRange({from: -0.5 + (left % 40), to: 300 + (left % 40)});
    requestAnimationFrame(step);
  };
  step();
})"""
SHADE = """() => {
  const scene = runoutChart.layers.scene, full = scene.heat.tile.header.scale_usd;
  globalThis.turn = (globalThis.turn ?? 0) + 1;
  scene.heat.setShade({palette: 'plasma', dark: true, hide: full * 0.001 * (1 + turn % 7), full});
  const canvas = new OffscreenCanvas(1200, 700);
  scene.heat.draw(canvas.getContext('2d'), (at) => (at - runoutChart.layers.grid.start) / 600, (price) => 350, scene.end, 1200, 700);
}"""


def test_frames_of_a_million_cells(beside, served, visit):
    page = settled(visit(f"{served}/?at={AT}"))
    page.evaluate(MILLION)

    def pan(heat: bool):
        def run() -> None:
            page.evaluate(f"() => {{ runoutChart.layers.scene.showHeat = {str(heat).lower()}; }}")
            page.evaluate(PAN, 60)

        return run

    beside("frames", Work("1e6 cells panned in the page", pan(True), 60), Work("candles alone", pan(False), 60))  # noqa: FBT003
    limit = "() => new Promise((done) => setTimeout(done, 25))"
    beside(
        "changes", Work("threshold of 1e6 cells changed", lambda: page.evaluate(SHADE)),
        Work("25 ms a change", lambda: page.evaluate(limit)),
    )  # fmt: skip
