"""A provider that asks for a free key: the key goes with each call and nowhere else, and its absence is said."""

import json

import pytest
from aiohttp import web
from small_venue import UNTIL, SmallVenue

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_SECOND
from runout.collect.http import Patience
from runout.lake import Lake
from runout.pipeline.backfill import Backfill
from runout.sources.registry import venue_of

KEY = "a-key-of-our-own"
VARIABLE = "RUNOUT_COINALYZE_KEY"
MARKET = {"symbol": "BTCUSDT_PERP.A", "exchange": "A", "base_asset": "BTC", "quote_asset": "USDT"}


class KeyedVenue(SmallVenue):
    """Answers as Coinalyze does, to those who show the key."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str | None] = []

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(str(request.rel_url))
        self.keys.append(request.headers.get("api_key"))
        if self.keys[-1] != KEY:
            return web.json_response({"message": "Invalid/Missing API key"}, status=401)
        name = request.match_info["path"].rsplit("/", 1)[-1]
        if name == "exchanges":
            return web.json_response([{"code": "A", "name": "Binance"}])
        if name == "future-markets":
            second = MARKET | {"symbol": "BTCUSDT_PERP.6", "exchange": "6"}
            return web.json_response([MARKET, second])
        step = (NANOSECONDS_PER_DAY if request.query["interval"] == "daily" else 3600 * 10**9) // NANOSECONDS_PER_SECOND
        begin, end = int(request.query["from"]), int(request.query["to"])
        starts = range(-(-begin // step) * step, end + 1, step)
        row = {"liquidation-history": {"l": 1, "s": 2}, "long-short-ratio-history": {"r": 1.5}}.get(
            name, {"o": 1, "h": 1, "l": 1, "c": 1}
        )
        history = [row | {"t": start} for start in starts]
        return web.json_response([{"symbol": request.query["symbols"], "history": history}], dumps=json.dumps)


def backfill(server: SmallVenue, root):
    patience = Patience(first_wait=0.01, longest_wait=0.05, timeout=5.0)
    with Backfill(Lake(root), root / "state", [venue_of("coinalyze")], hosts=server.url, patience=patience) as job:
        plan = job.plan(["BTC"], UNTIL - 5 * NANOSECONDS_PER_DAY, UNTIL)
        return plan, job.run(plan)


def test_the_key_goes_with_every_call_and_is_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    with KeyedVenue() as server:
        plan, outcome = backfill(server, tmp_path)
    assert set(server.keys) == {KEY}
    assert {got.state for got in outcome.got} == {"done"}
    # Of each venue that the provider covers the principal contract is asked for, not of one of them.
    assert {wanted.instrument.symbol for wanted in plan.requests if wanted.history.purpose == "liquidations"} == {
        "BTCUSDT_PERP.A",
        "BTCUSDT_PERP.6",
    }
    days = Lake(tmp_path).as_of("liquidations", series=["coinalyze/liquidations/BTC/perpetual-BTCUSDT_PERP.A/1d"])
    assert days.height >= 8
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("key", ["", "another"])
def test_without_the_key_the_plan_says_where_to_get_one_and_nothing_is_asked(tmp_path, monkeypatch, key):
    monkeypatch.setenv(VARIABLE, key)
    with KeyedVenue() as server:
        plan, _ = backfill(server, tmp_path)
    assert not plan.requests
    (words,) = plan.refused.values()
    assert ("Invalid/Missing API key" if key else VARIABLE) in words
    assert bool(server.asked) is bool(key)
