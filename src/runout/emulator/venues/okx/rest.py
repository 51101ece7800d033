"""OKX V5 over REST: swaps; sizes in contracts; errors inside status 200."""

from typing import Any

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import closes, quote
from runout.emulator.forms import FOREVER, MILLISECOND, Query, Refused, Reply, Route, json_reply, milliseconds
from runout.emulator.shapes import bar_rows, step_of

KEPT_ROWS = 1440
"""Rows that the statistics keep of each period."""
STEPS = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240, "1D": 1440, "1Dutc": 1440}


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as OKX words it."""
    code, words = {
        "slow-down": ("50011", "Too Many Requests"), "banned": ("50011", "Too Many Requests"),
        "blocked": ("50125", "This endpoint isn't available in your region."),
        "symbol": ("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
        "path": ("404", "Invalid request path"),
    }.get(refused.kind, ("51000", refused.words or "Parameter error"))  # fmt: skip
    return json_reply({"code": code, "data": [], "msg": words}, 404 if refused.kind == "path" else 200)


def ok(rows: list[Any]) -> dict[str, Any]:
    """Return an answer's body."""
    return {"code": "0", "data": rows, "msg": ""}


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("instId"), "linear", "inverse")


def _page(query: Query) -> tuple[int, int]:
    """Return the span of ``after`` (older than) and ``before`` (newer than)."""
    since, until = query.whole("before", -1), query.whole("after", FOREVER // MILLISECOND)
    return (since + 1) * MILLISECOND, until * MILLISECOND - 1


def server_time(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/public/time``."""
    return ok([{"ts": str(milliseconds(desk.now()))}])


def instruments(desk: Desk, query: Query) -> Any:
    """``/public/instruments``; only swaps are emulated."""
    if query.text("instType") != "SWAP":
        return ok([])
    return ok([_listing(contract) for contract in desk.kind("linear", "inverse")])


def _listing(item: Contract) -> dict[str, Any]:
    linear = item.kind == "linear"
    family = item.symbol.removesuffix("-SWAP")
    empty = dict.fromkeys((
        "alias", "auctionEndTime", "baseCcy", "contTdSwTime", "expTime", "maxMktAmt", "maxPlatOILmt", "openType",
        "optType", "posLmtAmt", "posLmtPct", "preMktSwTime", "quoteCcy", "stk",
    ), "")  # fmt: skip
    return empty | {
        "category": "1", "ctMult": "1", "ctType": "linear" if linear else "inverse",
        "ctVal": f"{item.unit_base or item.unit_usd:g}", "ctValCcy": item.coin if linear else "USD",
        "futureSettlement": False, "instFamily": family, "instId": item.symbol, "instIdCode": item.number % 100_000,
        "instType": "SWAP", "lever": "100", "listTime": str(max(milliseconds(item.listed), 1573557408000)),
        "lotSz": item.size_text(1), "maxIcebergSz": "100000000", "maxLmtAmt": "20000000", "maxLmtSz": "100000000",
        "maxMktSz": "30000", "maxStopSz": "30000", "maxTriggerSz": "100000000", "maxTwapSz": "100000000",
        "minSz": item.size_text(1), "ruleType": "normal", "settleCcy": "USDT" if linear else item.coin,
        "state": "live", "tickSz": item.price_text(1), "tradeQuoteCcyList": [], "uly": family,
    }  # fmt: skip


def _candles(most: int) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, step = _contract(desk, query), step_of(query, "bar", STEPS, "1m")
        times, bars = desk.bars(item, step, _page(query), query.limit(100, most), query, oldest=False)
        tape = desk.tape(item)
        coins, usd = tape.coins(bars.volume, bars.close), tape.quote(bars.volume, bars.close)
        rows = [
            [
                str(milliseconds(time)), *prices, item.size_text(volume), f"{coin:.8f}", f"{dollars:.4f}",
                "1" if time + step <= desk.now() else "0",
            ]
            for prices, (time, volume, coin, dollars) in zip(
                bar_rows(item, bars), tuples((times, bars.volume, coins, usd)), strict=True
            )
        ]  # fmt: skip
        return ok(rows[::-1])

    return answer


def _statistic_times(desk: Desk, query: Query) -> tuple[Contract, int, Any]:
    item, step = _contract(desk, query), step_of(query, "period", STEPS, "5m")
    span = (query.whole("begin", 0) * MILLISECOND, query.whole("end", FOREVER // MILLISECOND) * MILLISECOND)
    times = desk.grid(step, span, query.limit(100, 100), query, oldest=False, keeps=KEPT_ROWS * step)
    return item, step, times


def open_interest_history(desk: Desk, query: Query) -> Any:
    """``/rubik/stat/contracts/open-interest-history``: contracts, coins, dollars; newest first."""
    item, _, times = _statistic_times(desk, query)
    steps, tape = desk.open_steps(item, times), desk.tape(item)
    ticks = tape.ticks_at(times)
    rows = [
        [str(milliseconds(time)), item.size_text(n), f"{coins:.8f}", f"{usd:.4f}"]
        for time, n, coins, usd in tuples((times, steps, tape.coins(steps, ticks), tape.quote(steps, ticks)))
    ]
    return ok(rows[::-1])


def _ratio(pull: float) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, _, times = _statistic_times(desk, query)
        share = 0.5 + pull * (desk.market.long_accounts(item.coin, item.place, times) - 0.5)
        return ok([
            [str(milliseconds(time)), f"{long / (1 - long):.4f}"] for time, long in tuples((times, share))
        ][::-1])  # fmt: skip

    return answer


def taker_volume(desk: Desk, query: Query) -> Any:
    """``/rubik/stat/taker-volume-contract``: sold first, then bought; unit 0 coins, 1 contracts, 2 dollars."""
    item, step, times = _statistic_times(desk, query)
    if not len(times):
        return ok([])
    opened, bars = desk.tape(item).bars(step, int(times[0]), min(int(times[-1]) + 1, desk.now() - step + 1))
    tape, unit = desk.tape(item), query.text("unit", "1")
    columns = [bars.volume - bars.bought, bars.bought]
    if unit == "0":
        columns = [tape.coins(column, bars.close) for column in columns]
    elif unit == "2":
        columns = [tape.quote(column, bars.close) for column in columns]
    else:
        columns = [column * item.step for column in columns]
    rows = [
        [str(milliseconds(time)), f"{sold:.4f}", f"{bought:.4f}"] for time, sold, bought in tuples((opened, *columns))
    ]
    return ok(rows[::-1])


def open_interest(desk: Desk, query: Query) -> Any:
    """``/public/open-interest``: all swaps, or one."""
    listed = [_contract(desk, query)] if "instId" in query.parameters else desk.kind("linear", "inverse")
    return ok([open_interest_row(desk, contract, desk.now()) for contract in listed])


def open_interest_row(desk: Desk, contract: Contract, now: int) -> dict[str, str]:
    """Return the open interest of a swap as REST and the stream have it."""
    q = quote(desk, contract, now)
    coins = float(desk.tape(contract).coins(np.array([q.open_steps]), np.array([q.last * 10**contract.digits]))[0])
    return {
        "instId": contract.symbol, "instType": "SWAP", "oi": contract.size_text(q.open_steps), "oiCcy": f"{coins:.8f}",
        "oiUsd": f"{q.open_usd:.4f}", "ts": str(milliseconds(now)),
    }  # fmt: skip


def funding_rate(desk: Desk, query: Query) -> Any:
    """``/public/funding-rate``; ``ANY`` for all."""
    listed = desk.kind("linear", "inverse") if query.text("instId") == "ANY" else [_contract(desk, query)]
    return ok([funding_row(desk, contract, desk.now()) for contract in listed])


def funding_row(desk: Desk, contract: Contract, now: int) -> dict[str, str]:
    """Return the funding rate of a swap as REST and the stream have it."""
    q = quote(desk, contract, now)
    step = int(contract.funding_hours * 3_600_000)
    return {
        "formulaType": "withRate", "fundingRate": f"{q.funding:.10f}", "fundingTime": str(q.next_funding),
        "impactValue": "20000", "instId": contract.symbol, "instType": "SWAP", "interestRate": "0.0001",
        "maxFundingRate": "0.00375", "method": "current_period", "minFundingRate": "-0.00375", "nextFundingRate": "",
        "nextFundingTime": str(q.next_funding + step), "premium": "0.0", "settFundingRate": f"{q.funding:.10f}",
        "settState": "settled", "ts": str(milliseconds(now)),
    }  # fmt: skip


def funding_history(desk: Desk, query: Query) -> Any:
    """``/public/funding-rate-history``: three months; newest first."""
    contract = _contract(desk, query)
    step = int(contract.funding_hours * NANOSECONDS_PER_HOUR)
    limit, keeps = query.limit(400, 400), 92 * NANOSECONDS_PER_DAY
    times = desk.grid(step, _page(query), limit, query, oldest=False, keeps=keeps)
    rows = [
        {
            "formulaType": "withRate", "fundingRate": f"{rate:.10f}", "fundingTime": str(milliseconds(time)),
            "instId": contract.symbol, "instType": "SWAP", "method": "current_period", "realizedRate": f"{rate:.10f}",
        }
        for time, rate in tuples((times, desk.funding_at(contract, times - 1)))
    ]  # fmt: skip
    return ok(rows[::-1])


def tickers(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/market/tickers``."""
    return ok([ticker_row(desk, contract, desk.now()) for contract in desk.kind("linear", "inverse")])


def ticker_row(desk: Desk, item: Contract, now: int) -> dict[str, str]:
    """Return a ticker as REST and the stream have it."""
    last = f"{quote(desk, item, now).last:.{item.digits}f}"
    same = dict.fromkeys(("last", "askPx", "bidPx", "open24h", "high24h", "low24h", "sodUtc0", "sodUtc8"), last)
    return same | {
        "instType": "SWAP", "instId": item.symbol, "lastSz": item.size_text(100), "askSz": item.size_text(100),
        "bidSz": item.size_text(100), "volCcy24h": "0", "vol24h": "0", "ts": str(milliseconds(now)),
    }  # fmt: skip


def mark_price(desk: Desk, query: Query) -> Any:
    """``/public/mark-price``."""
    listed = [_contract(desk, query)] if "instId" in query.parameters else desk.kind("linear", "inverse")
    now = desk.now()
    return ok([
        {
            "instType": "SWAP", "instId": item.symbol, "markPx": f"{quote(desk, item, now).mark:.{item.digits}f}",
            "ts": str(milliseconds(now)),
        }
        for item in listed
    ])  # fmt: skip


def liquidation_orders(desk: Desk, query: Query) -> Any:
    """``/public/liquidation-orders``: no longer documented, still answered; 100 rows of the last seven days."""
    family = query.text("uly", "") or query.text("instFamily", "")
    if not family:
        raise Refused("parameter", "Either parameter uly or instFamily is required")
    item, now = desk.contract(f"{family}-SWAP", "linear", "inverse"), desk.now()
    since, until = _page(query)
    results = list(closes(desk, item, max(since, now - 7 * NANOSECONDS_PER_DAY), min(until + 1, now)))
    rows = [detail(item, row.side, row.steps, row.bankruptcy, row.stamp) for row in results[-query.limit(100, 100) :]]
    whole = {"details": rows[::-1], "instFamily": family, "instId": item.symbol, "instType": "SWAP", "totalLoss": "0"}
    return ok([whole | {"uly": family}] if rows else [])


def detail(contract: Contract, side: int, steps: int, ticks: int, stamp: int) -> dict[str, str]:
    """Return a liquidation as REST and the stream have it; one in three has the position side ``net``.

    Parameters
    ----------
    contract, side, steps, ticks, stamp
        Contract; 1 for a long, −1 for a short; size in steps; price in ticks; milliseconds.
    """
    position = "net" if stamp % 3 == 0 else "long" if side > 0 else "short"
    return {
        "bkLoss": "0", "bkPx": contract.price_text(ticks), "ccy": "", "posSide": position,
        "side": "sell" if side > 0 else "buy", "sz": contract.size_text(steps), "ts": str(stamp),
    }  # fmt: skip


_BASE, _RUBIK = "/api/v5", "/api/v5/rubik/stat"
ROUTES = (
    Route(path=f"{_BASE}/public/time", answer=server_time, pool="public"),
    Route(path=f"{_BASE}/public/instruments", answer=instruments, pool="public"),
    Route(path=f"{_BASE}/market/candles", answer=_candles(300), pool="candles"),
    Route(path=f"{_BASE}/market/history-candles", answer=_candles(100), pool="candles"),
    Route(path=f"{_BASE}/public/open-interest", answer=open_interest, pool="public"),
    Route(path=f"{_BASE}/public/funding-rate", answer=funding_rate, pool="funding"),
    Route(path=f"{_BASE}/public/funding-rate-history", answer=funding_history, pool="funding"),
    Route(path=f"{_BASE}/market/tickers", answer=tickers, pool="public"),
    Route(path=f"{_BASE}/public/mark-price", answer=mark_price, pool="public"),
    Route(path=f"{_BASE}/public/liquidation-orders", answer=liquidation_orders, pool="public"),
    Route(path=f"{_RUBIK}/contracts/open-interest-history", answer=open_interest_history, pool="open-interest"),
    Route(path=f"{_RUBIK}/contracts/long-short-account-ratio-contract", answer=_ratio(1.0), pool="rubik"),
    Route(path=f"{_RUBIK}/contracts/long-short-account-ratio-contract-top-trader", answer=_ratio(0.8), pool="rubik"),
    Route(path=f"{_RUBIK}/contracts/long-short-position-ratio-contract-top-trader", answer=_ratio(0.4), pool="rubik"),
    Route(path=f"{_RUBIK}/taker-volume-contract", answer=taker_volume, pool="rubik"),
)
