"""Emulated REST interfaces over real sockets: pages, horizons, limits and faults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.emulator import Emulator, Fault, Market

Get = Callable[[str], Awaitable[tuple[int, Any, dict[str, str]]]]


def ask(market: Market, *paths: str, faults: tuple[Fault, ...] = (), venues: tuple[str, ...] = ()) -> list[Any]:
    """Return status, body and headers of each path, asked one after the other of a clock that stands still."""

    async def run() -> list[Any]:
        found: list[Any] = []
        async with (
            Emulator(market, speed=0, faults=faults, venues=venues) as emulator,
            aiohttp.ClientSession() as session,
        ):
            for path in paths:
                async with session.get(emulator.url + path) as answer:
                    found.append((answer.status, await answer.read(), dict(answer.headers)))
        return found

    return asyncio.run(run())


def bodies(market: Market, *paths: str, faults: tuple[Fault, ...] = ()) -> list[Any]:
    import msgspec

    return [msgspec.json.decode(body) for _, body, _ in ask(market, *paths, faults=faults)]


KLINES = "/binance/rest/fapi/v1/klines?symbol=BTCUSDT&interval=1m"


def test_the_same_plan_gives_the_same_bytes(market: Market) -> None:
    again = Market(market.plan)
    path = f"{KLINES}&limit=100"
    assert [one[1] for one in ask(market, path)] == [one[1] for one in ask(again, path)]


def test_pages_of_bars_meet_without_hole_or_overlap(market: Market) -> None:
    now = market.plan.start // 1_000_000
    first, second = bodies(
        market, f"{KLINES}&limit=50&startTime={now - 6_000_000}", f"{KLINES}&limit=50&startTime={now - 3_000_000}"
    )
    assert first[-1][0] + 60_000 == second[0][0]
    assert len(first) == len(second) == 50


def test_the_overlap_fault_gives_one_row_twice(market: Market) -> None:
    now = market.plan.start // 1_000_000
    path = f"{KLINES}&limit=50&startTime={now - 3_000_000}"
    plain, overlapping = bodies(market, path), bodies(market, path, faults=(Fault(kind="overlap"),))
    assert overlapping[0][1:] == plain[0]


def test_binance_keeps_open_interest_for_thirty_days(market: Market) -> None:
    path = "/binance/rest/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&startTime=1000"
    ((status, body, _),) = ask(market, path)
    assert status == 400
    assert b"startTime" in body


def test_bybit_publishes_one_side_beside_both(market: Market) -> None:
    path = "/bybit/rest/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=1"
    row = bodies(market, path)[0]["result"]["list"][0]
    assert float(row["openInterest"]) == 2 * float(row["singleOpenInterest"])


def test_a_cursor_walks_to_the_first_row_of_the_history(market: Market) -> None:
    base = "/bybit/rest/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h&limit=100"

    async def run() -> list[int]:
        stamps: list[int] = []
        async with Emulator(market, speed=0) as emulator, aiohttp.ClientSession() as session:
            cursor = ""
            while True:
                async with session.get(f"{emulator.url}{base}&cursor={cursor}") as answer:
                    result = (await answer.json())["result"]
                stamps += [int(row["timestamp"]) for row in result["list"]]
                cursor = result["nextPageCursor"]
                if not cursor:
                    return stamps

    stamps = asyncio.run(run())
    assert stamps == sorted(set(stamps), reverse=True)
    assert stamps[-1] == market.first // 1_000_000
    assert len(stamps) == (market.plan.start - market.first) // (60 * NANOSECONDS_PER_MINUTE) + 1


def test_who_ignores_the_limit_of_binance_is_banned_and_the_ban_grows(market: Market) -> None:
    async def run() -> tuple[list[int], list[int]]:
        async with Emulator(market, speed=0) as emulator, aiohttp.ClientSession() as session:

            async def get() -> tuple[int, int]:
                async with session.get(f"{emulator.url}/binance/rest/fapi/v1/depth?symbol=BTCUSDT") as answer:
                    return answer.status, int(answer.headers.get("Retry-After", 0))

            answers = [await get() for _ in range(126)]
            for _ in range(2):  # what comes within five seconds of a ban was sent before it was known
                emulator.clock.advance(6.0)
                answers.append(await get())
            assert emulator.truth.bans() == 128 - 120 - 5
            return [status for status, _ in answers], [wait for _, wait in answers]

    statuses, waits = asyncio.run(run())
    assert statuses == [200] * 120 + [429] * 5 + [418] * 3
    assert waits[-3:] == [120, 240, 480]


def test_each_venue_words_its_own_refusal(market: Market) -> None:
    fault = (Fault(kind="slow-down"),)
    binance, bybit = ask(market, f"{KLINES}&limit=1", "/bybit/rest/v5/market/tickers?category=linear", faults=fault)
    assert binance[0] == 429
    assert binance[2]["Retry-After"]
    assert bybit[0] == 200
    assert b"10006" in bybit[1]


def test_faults_of_form_reach_the_body(market: Market) -> None:
    path = f"{KLINES}&limit=3"
    (whole,) = ask(market, path)
    cut, null, html = (ask(market, path, faults=(Fault(kind=kind),))[0][1] for kind in ("cut", "null", "html"))
    assert whole[1].startswith(cut)
    assert null == b"null"
    assert html.startswith(b"<html>")
