"""Bybit V5: linear, inverse and spot."""

from typing import Any

import numpy as np

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.emulator.columns import tuples
from runout.emulator.contracts import TIERS, Contract
from runout.emulator.desk import Desk
from runout.emulator.forms import Query, Refused, Route, milliseconds

MINUTE, HOUR = NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_HOUR
SINGLE_SIDED_SINCE = parse_time("2026-06-11")
INTERVALS = {"5min": 5, "15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": 1440}
KLINES = {
    "1": 1,
    "3": 3,
    "5": 5,
    "15": 15,
    "30": 30,
    "60": 60,
    "120": 120,
    "240": 240,
    "360": 360,
    "720": 720,
    "D": 1440,
}


def body(code: int, message: str, result: Any, now: int) -> dict[str, Any]:
    r"""Return an answer\'s body; code 0 is success."""
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": milliseconds(now)}


def _ok(desk: Desk, result: Any) -> dict[str, Any]:
    return body(0, "OK", result, desk.now())


def _contract(desk: Desk, query: Query) -> Contract:
    category = query.text("category", "linear")
    if category not in {"linear", "inverse"}:
        raise Refused("parameter", "Illegal category")
    return desk.contract(query.text("symbol"), category)


def _step(query: Query, name: str, steps: dict[str, int]) -> int:
    minutes = steps.get(query.text(name))
    if minutes is None:
        raise Refused("parameter", f"Invalid {name}")
    return minutes * MINUTE


def server_time(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/v5/market/time``."""
    now = desk.now()
    return _ok(desk, {"timeSecond": str(now // 1_000_000_000), "timeNano": str(now)})


def instruments(desk: Desk, query: Query) -> Any:
    """``/v5/market/instruments-info``."""
    category, begin = query.text("category"), int(query.text("cursor", "") or 0)
    rows = [_listing(contract) for contract in desk.kind(category)]
    end = begin + query.limit(500, 1000)
    following = str(end) if end < len(rows) else ""
    return _ok(desk, {"category": category, "list": rows[begin:end], "nextPageCursor": following})


def _listing(item: Contract) -> dict[str, Any]:
    inverse = item.kind == "inverse"
    return {
        "symbol": item.symbol, "contractType": "InversePerpetual" if inverse else "LinearPerpetual",
        "status": "Trading", "baseCoin": item.coin, "quoteCoin": "USD" if inverse else "USDT",
        "launchTime": str(max(milliseconds(item.listed), 1584230400000)),
        "deliveryTime": str(milliseconds(item.delisted)), "deliveryFeeRate": "", "priceScale": str(item.digits),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": item.price_text(1), "maxPrice": "1999999.80", "tickSize": item.price_text(1)},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000", "minOrderQty": item.size_text(1), "qtyStep": item.size_text(1),
            "postOnlyMaxOrderQty": "1190.000", "maxMktOrderQty": "500.000", "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True, "fundingInterval": int(item.funding_hours * 60),
        "settleCoin": item.coin if inverse else "USDT", "copyTrading": "both", "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375", "isPreListing": False, "preListingInfo": None, "symbolType": "",
    }  # fmt: skip


def open_interest(desk: Desk, query: Query) -> Any:
    """``/v5/market/open-interest``: both sides; one side in ``singleOpenInterest`` since 2026-06-11. Newest first."""
    item, step = _contract(desk, query), _step(query, "intervalTime", INTERVALS)
    times, cursor = _page(desk, query, step, query.limit(50, 200))
    steps = desk.open_steps(item, times)
    rows = [
        {"openInterest": item.size_text(2 * open_steps), "timestamp": str(milliseconds(time))}
        | ({"singleOpenInterest": item.size_text(open_steps)} if time >= SINGLE_SIDED_SINCE else {})
        for time, open_steps in tuples((times, steps))
    ]
    return _ok(desk, {"symbol": item.symbol, "category": item.kind, "list": rows[::-1], "nextPageCursor": cursor})


def _page(desk: Desk, query: Query, step: int, limit: int) -> tuple[Any, str]:
    """Return the newest stamps of the span before the cursor, and the cursor of what is older."""
    since, until = query.span("startTime", "endTime")
    cursor = query.text("cursor", "")
    if cursor:
        until = min(until, query.whole("cursor") * 1_000_000 - 1)
    times = desk.grid(step, (since, until), limit, query, oldest=False)
    older = len(times) >= limit and int(times[0]) - step >= max(since, desk.market.first)
    return times, str(milliseconds(times[0])) if older else ""


def account_ratio(desk: Desk, query: Query) -> Any:
    """``/v5/market/account-ratio``: share of holders that are net long."""
    item, step = _contract(desk, query), _step(query, "period", INTERVALS)
    times, cursor = _page(desk, query, step, query.limit(50, 500))
    share = desk.market.long_accounts(item.coin, item.place, times).round(4)
    rows = [
        {
            "symbol": item.symbol, "buyRatio": f"{long:.4f}", "sellRatio": f"{1 - long:.4f}",
            "timestamp": str(milliseconds(time)),
        }
        for time, long in tuples((times, share))
    ]  # fmt: skip
    return _ok(desk, {"list": rows[::-1], "nextPageCursor": cursor})


def funding_history(desk: Desk, query: Query) -> Any:
    """``/v5/market/funding/history``: newest first; a start without an end is refused."""
    contract = _contract(desk, query)
    if "startTime" in query.parameters and "endTime" not in query.parameters:
        raise Refused("parameter", "endTime is required")
    step = int(contract.funding_hours * HOUR)
    times = desk.grid(step, query.span("startTime", "endTime"), query.limit(200, 200), query, oldest=False)
    rates = desk.funding_at(contract, times - 1)
    rows = [
        {"symbol": contract.symbol, "fundingRate": f"{rate:.8f}", "fundingRateTimestamp": str(milliseconds(time))}
        for time, rate in tuples((times, rates))
    ]
    return _ok(desk, {"category": contract.kind, "list": rows[::-1]})


def klines(desk: Desk, query: Query) -> Any:
    """``/v5/market/kline``: newest first, the running bar included."""
    item, step = _contract(desk, query), _step(query, "interval", KLINES)
    span, oldest = query.span("start", "end"), "start" in query.parameters and "end" not in query.parameters
    times, bars = desk.bars(item, step, span, query.limit(200, 1000), query, oldest=oldest)
    tape = desk.tape(item)
    middle = (bars.open + bars.high + bars.low + bars.close) / 4
    turnover = tape.coins(bars.volume, middle) if item.unit_usd else tape.quote(bars.volume, middle)
    rows = [
        [
            str(milliseconds(time)), item.price_text(o), item.price_text(h), item.price_text(low), item.price_text(c),
            item.size_text(v), f"{amount:.4f}",
        ]
        for time, o, h, low, c, v, amount in tuples((times, *bars[:5], turnover))
    ]  # fmt: skip
    return _ok(desk, {"category": item.kind, "symbol": item.symbol, "list": rows[::-1]})


def _price_klines(name: str) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, step = _contract(desk, query), _step(query, "interval", KLINES)
        span = query.span("start", "end")
        times = desk.grid(step, span, query.limit(200, 1000), query, oldest=False)
        prices = getattr(desk, name)
        first, last = prices(item, times), prices(item, np.minimum(times + step, desk.now()))
        rows = [
            [str(milliseconds(time)), *(f"{price:.{item.digits}f}" for price in (a, max(a, b), min(a, b), b))]
            for time, a, b in tuples((times, first, last))
        ]
        return _ok(desk, {"category": item.kind, "symbol": item.symbol, "list": rows[::-1]})

    return answer


def tickers(desk: Desk, query: Query) -> Any:
    """``/v5/market/tickers``: the whole category in one call."""
    category = query.text("category")
    named = "symbol" in query.parameters
    listed = [_contract(desk, query)] if named else desk.kind(category)
    return _ok(desk, {"category": category, "list": [ticker(desk, contract, desk.now()) for contract in listed]})


def ticker(desk: Desk, item: Contract, now: int) -> dict[str, Any]:
    """Return the full ticker of a contract at a time, as REST and a snapshot of the stream have it."""
    at = np.array([now])
    steps, usd = int(desk.open_steps(item, at)[0]), float(desk.open_usd(item, at)[0])
    last, mark, index = (
        float(x[0]) for x in (desk.tape(item).prices_at(at), desk.mark_at(item, at), desk.index_at(item, at))
    )
    ticks = round(last * 10**item.digits)
    text = item.price_text
    value = usd / last if item.unit_usd else usd
    return {
        "symbol": item.symbol, "lastPrice": text(ticks), "indexPrice": f"{index:.{item.digits}f}",
        "markPrice": f"{mark:.{item.digits}f}", "prevPrice24h": text(ticks), "price24hPcnt": "0.000000",
        "highPrice24h": text(ticks), "lowPrice24h": text(ticks), "prevPrice1h": text(ticks),
        "openInterest": item.size_text(2 * steps), "openInterestValue": f"{2 * value:.2f}",
        "singleOpenInterest": item.size_text(steps), "singleOpenInterestValue": f"{value:.2f}",
        "turnover24h": "0.0000", "volume24h": "0.0000",
        "fundingRate": f"{float(desk.funding_at(item, at)[0]):.8f}",
        "nextFundingTime": str(milliseconds(desk.next_funding(item, now))), "predictedDeliveryPrice": "",
        "basisRate": "", "deliveryFeeRate": "", "deliveryTime": "0", "bid1Price": text(ticks - 1),
        "ask1Price": text(ticks + 1), "bid1Size": item.size_text(1000), "ask1Size": item.size_text(1000), "basis": "",
        "fundingIntervalHour": str(int(item.funding_hours)),
    }  # fmt: skip


def risk_limit(desk: Desk, query: Query) -> Any:
    """``/risk-limit`` of one contract: rates are fractions."""
    category = query.text("category")
    item = desk.contract(query.text("symbol"), "inverse" if category == "inverse" else "linear")
    rows = [
        {
            "id": number, "symbol": item.symbol, "riskLimitValue": str(cap), "maintenanceMargin": str(rate),
            "initialMargin": f"{1 / leverage:.6f}", "isLowestRisk": int(number == 1), "maxLeverage": f"{leverage}.00",
            "mmDeduction": f"{deduction:.2f}" if number > 1 else "",
        }
        for number, (cap, rate, leverage, deduction) in enumerate(TIERS, 1)
    ]  # fmt: skip
    return _ok(desk, {"category": category, "list": rows, "nextPageCursor": ""})


PATHS = {
    "time": server_time, "instruments-info": instruments, "open-interest": open_interest,
    "account-ratio": account_ratio, "funding/history": funding_history, "kline": klines,
    "mark-price-kline": _price_klines("mark_at"), "index-price-kline": _price_klines("index_at"), "tickers": tickers,
    "risk-limit": risk_limit,
}  # fmt: skip

ROUTES = tuple(Route(path=f"/v5/market/{path}", answer=answer) for path, answer in PATHS.items())
