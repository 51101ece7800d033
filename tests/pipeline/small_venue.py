"""A small server that answers as Binance does, and counts what it was asked: no limits of its own, faults as told."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Self

from aiohttp import web

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time

STEP = 5 * NANOSECONDS_PER_MINUTE
UNTIL = parse_time("2026-06-10T12:00Z")
MS = 1_000_000
_LISTED = {
    "um": [{"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "contractType": "PERPETUAL"}],
    "cm": [{"symbol": "BTCUSD_PERP", "baseAsset": "BTC", "quoteAsset": "USD", "contractType": "PERPETUAL",
            "contractSize": 100}],
    "spot": [{"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT"}],
}  # fmt: skip


class SmallVenue:
    """The server, in a thread of its own; ``with`` runs it.

    Parameters
    ----------
    page_rows
        Most rows in an answer, whatever was asked.
    repeat_every
        Each so many calls the earlier answer of the same path comes again; 0: never.
    fault
        Called with the number of each call and what it asks; returns an answer to give instead, or null.
    """

    def __init__(
        self,
        page_rows: int = 100,
        fault: Callable[[int, str], web.Response | None] | None = None,
        repeat_every: int = 0,
    ) -> None:
        self.page_rows, self.fault, self.repeat_every = page_rows, fault, repeat_every
        self._earlier: dict[str, object] = {}
        self.asked: list[str] = []
        self.victim: int | None = None
        self.kill_at: int | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_get("/{venue}/{host}/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self._port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = str(request.rel_url)
        self.asked.append(asked)
        if len(self.asked) == self.kill_at and self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
        instead = self.fault(len(self.asked), asked) if self.fault else None
        if instead is not None:
            return instead
        rows = self._rows(request.match_info["host"], request.match_info["path"], dict(request.query))
        earlier = self._earlier.get(request.path)
        self._earlier[request.path] = rows
        if self.repeat_every and len(self.asked) % self.repeat_every == 0 and earlier is not None:
            rows = earlier
        return web.json_response(rows, dumps=json.dumps)

    def _rows(self, host: str, path: str, query: dict[str, str]) -> object:
        name = path.rsplit("/", 1)[-1]
        if name == "exchangeInfo":
            return {"symbols": _LISTED[host]}
        if name == "fundingInfo":
            return []
        step = 8 * NANOSECONDS_PER_HOUR if name == "fundingRate" else STEP
        begin, end = int(query["startTime"]) * MS, min(int(query["endTime"]) * MS, UNTIL)
        stamps = range(-(-begin // step) * step, end + 1, step)
        # Pages of settlements are full where more follow: paging goes by their number of rows.
        return [_row(name, t, query.get("symbol", "")) for t in stamps][: min(int(query["limit"]), self.page_rows)]


def _row(name: str, t: int, symbol: str) -> object:
    stamp, wave = t // MS, 100 + t // STEP % 17
    if name == "klines":
        prices = [str(wave), str(wave + 2), str(wave - 2), str(wave + 1)]
        return [stamp, *prices, "3", stamp + STEP // MS - 1, "300", 5, "1", "100", "0"]
    if name == "fundingRate":
        return {"symbol": symbol, "fundingRate": "0.0001", "fundingTime": stamp, "markPrice": "100"}
    if name == "openInterestHist":
        return {"sumOpenInterest": "1000", "sumOpenInterestValue": str(1000 + wave), "timestamp": stamp}
    return {"longShortRatio": "1.5", "longAccount": "0.6", "shortAccount": "0.4", "timestamp": stamp}
