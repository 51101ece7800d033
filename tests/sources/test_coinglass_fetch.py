"""Fetching from a CoinGlass API on loopback: what it answers, refuses, delays and breaks."""

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web

from runout.cli.main import main
from runout.clock import parse_time
from runout.errors import SourceError
from runout.lake import Lake
from runout.pipeline.fetch import Access, Fetched, fetch_coinglass
from runout.pipeline.file_import import import_files
from runout.sources.coinglass import history, snapshots, source
from runout.sources.coinglass.names import read_name
from runout.sources.coinglass.requests import QUESTIONS, requests_for

ASKED = {question.endpoint for question in QUESTIONS}
READ = [one for one in (*history.ENDPOINTS, *snapshots.ENDPOINTS) if one.name in ASKED]
SINCE, UNTIL = parse_time("2025-08-17"), parse_time("2025-08-19")
STEP = 4 * 3_600_000_000_000
STEP_MS = 14_400_000
KEY = "a-key-of-no-account"
OI_PATH = "/api/futures/open-interest/aggregated-history"
Handler = Callable[[web.Request, int], web.StreamResponse | None]

_OHLC = {"open": "80e9", "high": "83e9", "low": "79e9", "close": "82e9"}
_RATIOS = {
    f"{group}_{name}": number
    for group in ("global_account", "top_account", "top_position")
    for name, number in (("long_percent", 61.81), ("short_percent", 38.19), ("long_short_ratio", 1.62))
}
_TAKER = {"aggregated_buy_volume_usd": 1e9, "aggregated_sell_volume_usd": 2e9}
_DEPTH = {"bids_usd": 1e8, "bids_quantity": 900.0, "asks_usd": 2e8, "asks_quantity": 1800.0}
_LIQUIDATIONS = {"aggregated_long_liquidation_usd": 5e6, "aggregated_short_liquidation_usd": 2e6}
_LISTS = {
    "/api/exchange/balance/list": {"exchange_name": "Binance", "total_balance": 6e5},
    "/api/futures/liquidation/exchange-list": {
        "exchange": "All", "liquidation_usd": 7.0, "long_liquidation_usd": 5.0, "short_liquidation_usd": 2.0,
    },
    "/api/futures/open-interest/exchange-list": {
        "exchange": "All", "open_interest_usd": 8e10, "open_interest_quantity": 7e5,
        "open_interest_by_stable_coin_margin": 7e10, "open_interest_quantity_by_coin_margin": 1e5,
        "open_interest_quantity_by_stable_coin_margin": 6e5,
    },
    "/api/futures/pairs-markets": {
        "instrument_id": "BTCUSDT", "exchange_name": "Binance", "long_liquidation_usd_24h": 1.0,
        "short_liquidation_usd_24h": 9.0,
    },
}  # fmt: skip


def row_of(path: str) -> dict[str, Any]:
    """Return a row as an endpoint gives it; one row with every column would pass for all of them."""
    for part, row in (
        ("ratio", _RATIOS), ("taker", _TAKER), ("orderbook", _DEPTH), ("liquidation", _LIQUIDATIONS),
        ("premium", {"premium": 5.5, "premium_rate": 0.0261}), ("funding", _OHLC | {"close": "0.01"}),
        ("price", {"open": 115e3, "high": 116e3, "low": 114e3, "close": 115.5e3, "volume_usd": 1e9}),
    ):  # fmt: skip
        if part in path:
            return row
    return _OHLC


def body_of(request: web.Request) -> Any:
    if request.path in _LISTS:
        return [_LISTS[request.path]]
    if request.path.endswith("exchange-history-chart"):
        return {
            "time_list": [1_755_475_200_000],
            "price_list": [115e3],
            "data_map": {"Binance": [14e9], "Gate": [None]},
        }
    start, end = int(request.query["start_time"]), int(request.query["end_time"])
    assert int(request.query["limit"]) == 1000
    return [{"time": stamp} | row_of(request.path) for stamp in range(start, end, STEP_MS)]


def answered(data: Any, code: str = "0", message: str = "success") -> web.Response:
    return web.json_response({"code": code, "msg": message, "data": data})


class Api:
    """An API on loopback that counts what it was asked."""

    def __init__(self, special: dict[str, Handler]) -> None:
        self.special = special
        self.asked: list[str] = []
        self.keys: set[str | None] = set()
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.keys.add(request.headers.get("CG-API-KEY"))
        handler = self.special.get(request.path) or self.special.get("*")
        response = handler(request, self.asked.count(request.path)) if handler else None
        return response or answered(body_of(request))


@contextmanager
def running(special: dict[str, Handler] | None = None) -> Iterator[Api]:
    api = Api(special or {})
    loop = asyncio.new_event_loop()
    application = web.Application()
    application.router.add_get("/{path:.*}", api.answer)
    runner = web.AppRunner(application)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield api
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def access(api: Api, **changes: Any) -> Access:
    patient = {"requests_per_minute": 1000, "first_wait_seconds": 0.0, "longest_wait_seconds": 0.0, "attempts": 3}
    return Access(key=KEY, url=api.url, **(patient | changes))


def fetch(api: Api, root: Path, *, since: int = SINCE, **changes: Any) -> Fetched:
    return fetch_coinglass(
        Lake(root),
        access(api, **changes),
        coins=["BTC"],
        since=since,
        until=UNTIL,
        step=STEP,
        raw=root / "raw" / "coinglass",
    )


def status_of(fetched: Fetched) -> dict[str, str]:
    return {one.name: one.status for one in fetched.answers}


OI_NAME = "futures_openInterest_ohlc_aggregated_history_BTC__4h"


def test_every_endpoint_is_asked_kept_and_imported(tmp_path: Path):
    with running() as api:
        fetched = fetch(api, tmp_path)
    assert set(status_of(fetched).values()) == {"kept"}
    assert api.keys == {KEY}
    assert {one.status for one in fetched.imported} == {"imported"}
    assert sum(one.rows_quarantined for one in fetched.imported) == 0
    lake = Lake.open(tmp_path)
    interest = lake.as_of("open_interest", series=["coinglass/open_interest/BTC/all/4h"])
    assert interest.height == 12
    assert interest["event_time"].max() == UNTIL
    kinds = {one.kind for one in lake.series()}
    assert kinds == {one.kind for endpoint in READ for one in endpoint.feeds}


def test_answers_are_kept_as_they_came_and_can_be_imported_anew(tmp_path: Path):
    with running() as api:
        fetched = fetch(api, tmp_path)
    kept = sorted((tmp_path / "raw" / "coinglass").iterdir())
    assert len(kept) == len(fetched.answers) == len(QUESTIONS)
    first = json.loads(gzip.decompress(kept[0].read_bytes()))
    assert first["code"] == "0"
    again = Lake(tmp_path / "again")
    import_files(again, source(), [tmp_path / "raw"])
    assert again.fingerprint()["open_interest"] == Lake(tmp_path).fingerprint()["open_interest"]


def test_the_same_fetch_again_adds_no_row_of_a_series(tmp_path: Path):
    with running() as api:
        fetch(api, tmp_path)
        before = Lake(tmp_path).scan("bars").collect().height
        fetch(api, tmp_path)
    assert Lake(tmp_path).scan("bars").collect().height == before


def test_a_long_period_is_asked_for_in_parts(tmp_path: Path):
    since = UNTIL - 2500 * STEP
    parts = [one for one in requests_for("BTC", since=since, until=UNTIL, step=STEP) if one.path == OI_PATH]
    assert len(parts) == 3
    assert all(read_name(one.file_name(UNTIL)) for one in parts)
    with running() as api:
        fetch(api, tmp_path, since=since)
    rows = Lake(tmp_path).as_of("open_interest", series=["coinglass/open_interest/BTC/all/4h"])
    assert rows.height == 2500
    assert (rows["event_time"].diff().drop_nulls() == STEP).all()


def test_an_endpoint_outside_the_plan_is_named_and_the_rest_goes_on(tmp_path: Path):
    with running({
        OI_PATH: lambda _request, _count: answered(None, "401", "Upgrade plan"),
        "/api/futures/price/history": lambda _request, _count: web.Response(status=403),
    }) as api:  # fmt: skip
        fetched = fetch(api, tmp_path)
    assert status_of(fetched)[OI_NAME] == "refused"
    assert status_of(fetched)["price_ohlc_history_BTC__4h"] == "refused"
    [detail] = [one.detail for one in fetched.answers if one.name == OI_NAME]
    assert "Upgrade plan" in detail
    assert api.asked.count(OI_PATH) == 1, "asking again does not help"
    assert list(status_of(fetched).values()).count("kept") == len(fetched.answers) - 2


def test_a_key_that_is_not_accepted_ends_the_fetch_and_is_not_repeated(tmp_path: Path):
    with running({"*": lambda _request, _count: web.Response(status=401)}) as api:
        with pytest.raises(SourceError, match="RUNOUT_COINGLASS_KEY") as caught:
            fetch(api, tmp_path)
        assert len(api.asked) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        lambda: web.Response(status=429, headers={"Retry-After": "0"}),
        lambda: web.Response(status=429, headers={"Retry-After": "3600"}),
        lambda: web.Response(status=429, headers={"Retry-After": "Mon, 18 Aug 2025 12:00:00 GMT"}),
        lambda: web.Response(status=429, headers={"Retry-After": "soon"}),
        lambda: web.Response(status=503),
        lambda: web.Response(status=408),
        lambda: web.Response(body=b"<html>try later</html>"),
        lambda: answered(None, "429", "Too many requests"),
    ],
)
def test_a_busy_server_is_asked_again(tmp_path: Path, fault: Callable[[], web.Response]):
    with running({OI_PATH: lambda _request, count: fault() if count < 3 else None}) as api:
        fetched = fetch(api, tmp_path)
    assert api.asked.count(OI_PATH) == 3
    assert status_of(fetched)[OI_NAME] == "kept"


def test_a_server_that_stays_busy_costs_that_endpoint_only(tmp_path: Path):
    with running({OI_PATH: lambda _request, _count: web.Response(status=500)}) as api:
        fetched = fetch(api, tmp_path)
    assert api.asked.count(OI_PATH) == 3
    assert status_of(fetched)[OI_NAME] == "failed"
    assert Lake(tmp_path).scan("bars").collect().height > 0


def test_a_connection_that_breaks_is_tried_again(tmp_path: Path):
    def broken(request: web.Request, count: int) -> web.StreamResponse | None:
        if count == 1 and request.transport is not None:
            request.transport.close()
        return None

    with running({OI_PATH: broken}) as api:
        fetched = fetch(api, tmp_path)
    assert api.asked.count(OI_PATH) == 2
    assert status_of(fetched)[OI_NAME] == "kept"


def test_no_answer_in_time_is_a_failure_that_says_so():
    async def hang() -> str:
        stop = asyncio.Event()

        async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await stop.wait()
            writer.close()

        server = await asyncio.start_server(wait, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        silent = Access(key=KEY, url=f"http://127.0.0.1:{port}", attempts=1, timeout_seconds=0.05)
        try:
            arguments = {"coins": ["BTC"], "since": SINCE, "until": UNTIL, "step": STEP, "raw": Path("nowhere")}
            await asyncio.to_thread(fetch_coinglass, Lake("nowhere"), silent, **arguments)
        except SourceError as error:
            return str(error)
        finally:
            stop.set()
            server.close()
            await server.wait_closed()
        return ""

    assert "within 0.05 s" in asyncio.run(hang())


def test_bad_rows_of_an_answer_are_quarantined_and_the_rest_kept(tmp_path: Path):
    stamps = [1_755_475_200_000, 1_755_475_200_000 + STEP_MS]
    rows = [{"time": stamps[0]} | _OHLC, {"time": stamps[1]} | _OHLC | {"close": "-1"}]
    with running({OI_PATH: lambda _request, _count: answered(rows)}) as api:
        fetched = fetch(api, tmp_path)
    assert sum(one.rows_quarantined for one in fetched.imported) == 1
    quarantine = Lake(tmp_path).scan("quarantine").collect()
    assert quarantine["fault"].str.contains("at least 0").all()
    assert b'"close":"-1"' in quarantine["raw"][0]
    kept = Lake(tmp_path).scan("open_interest").filter(pl.col("series") == "coinglass/open_interest/BTC/all/4h")
    assert kept.collect().height == 1


def test_the_command_reads_its_key_from_the_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    command = ["fetch", "coinglass", "--since", "2025-08-18", "--until", "2025-08-19", "--lake", str(tmp_path)]
    monkeypatch.delenv("RUNOUT_COINGLASS_KEY", raising=False)
    assert main(command) == 2
    assert "RUNOUT_COINGLASS_KEY" in capsys.readouterr().err
    monkeypatch.setenv("RUNOUT_COINGLASS_KEY", KEY)
    with running() as api:
        monkeypatch.setenv("RUNOUT_COINGLASS_URL", api.url)
        assert main(command) == 0
    printed = capsys.readouterr()
    assert f"{len(QUESTIONS)} answers kept, 0 refused, 0 failed" in printed.out
    assert KEY not in printed.out + printed.err
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "wrong",
    [
        ["--since", "2025-08-18", "--step", "fortnight"],
        ["--since", "2025-08-18", "--until", "2025-08-17"],
        ["--since", "yesterday"],
        ["--since", "2025-08-18", "--lake", "s3://bucket/lake"],
        [],
    ],
)
def test_a_wrong_option_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, wrong: list[str]):
    monkeypatch.setenv("RUNOUT_COINGLASS_KEY", KEY)
    assert main(["fetch", "coinglass", *wrong]) == 2
