"""Binance over REST: USD-M (``/fapi``, ``/futures/data``), COIN-M (``/dapi``) and spot (``/api/v3``)."""

from typing import Any

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.emulator.columns import picked, tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.forms import Query, Refused, Route, milliseconds

MINUTE, DAY = NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_DAY
KEEPS = 30 * DAY
"""What ``/futures/data`` keeps."""
NOT_CRYPTO = "TSLAUSDT"


def _contract(desk: Desk, query: Query, market: str) -> Contract:
    kinds = {"fapi": ("linear",), "dapi": ("inverse", "quarterly"), "spot": ("spot",)}[market]
    return desk.contract(query.text("symbol"), *kinds)


def _step(query: Query, name: str) -> int:
    minutes = STEPS.get(query.text(name))
    if minutes is None:
        raise Refused("parameter", f"Parameter '{name}' was invalid")
    return minutes * MINUTE


# -- time, listing ----------------------------------------------------------------------------------------------------


def server_time(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/time``."""
    return {"serverTime": milliseconds(desk.now())}


def ping(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/ping``."""
    return {}


RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
]


def exchange_info_um(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/fapi/v1/exchangeInfo``; one perpetual on a share is listed too, as since 2025."""
    rows = [_listing(contract, "PERPETUAL", "USDT") for contract in desk.kind("linear")]
    stock = Contract(venue="binance", symbol=NOT_CRYPTO, coin="TSLA")
    rows.append(_listing(stock, "TRADIFI_PERPETUAL", "USDT") | {"underlyingType": "EQUITY"})
    return {
        "timezone": "UTC", "serverTime": milliseconds(desk.now()), "futuresType": "U_MARGINED",
        "rateLimits": RATE_LIMITS, "exchangeFilters": [], "assets": [], "symbols": rows,
    }  # fmt: skip


def exchange_info_cm(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/dapi/v1/exchangeInfo``."""
    rows = [
        _listing(contract, "PERPETUAL", "USD") | {"contractSize": int(contract.unit_usd), "contractStatus": "TRADING"}
        for contract in desk.kind("inverse")
    ]
    return {
        "timezone": "UTC", "serverTime": milliseconds(desk.now()), "rateLimits": RATE_LIMITS, "exchangeFilters": [],
        "symbols": rows,
    }  # fmt: skip


def exchange_info_spot(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/api/v3/exchangeInfo``."""
    return {
        "timezone": "UTC", "serverTime": milliseconds(desk.now()), "exchangeFilters": [],
        "rateLimits": [{**RATE_LIMITS[0], "limit": 6000}],
        "symbols": [
            {
                "symbol": contract.symbol, "status": "TRADING", "baseAsset": contract.coin, "baseAssetPrecision": 8,
                "quoteAsset": "USDT", "quotePrecision": 8, "quoteAssetPrecision": 8, "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": True, "orderTypes": ["LIMIT", "MARKET"], "filters": _filters(contract),
                "permissions": [],
            }
            for contract in desk.kind("spot")
        ],
    }  # fmt: skip


def _listing(item: Contract, contract_type: str, quote: str) -> dict[str, Any]:
    return {
        "symbol": item.symbol, "pair": f"{item.coin}{quote}", "contractType": contract_type,
        "deliveryDate": milliseconds(item.delisted) or 4133404800000,
        "onboardDate": max(milliseconds(item.listed), 1569398400000),
        "status": "TRADING", "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000",
        "baseAsset": item.coin, "quoteAsset": quote, "marginAsset": item.coin if item.kind == "inverse" else quote,
        "pricePrecision": item.digits, "quantityPrecision": item.size_digits, "baseAssetPrecision": 8,
        "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": ["PoW"], "triggerProtect": "0.0500",
        "liquidationFee": "0.012500", "marketTakeBound": "0.05", "maxMoveOrderLimit": 10000,
        "filters": _filters(item), "orderTypes": ["LIMIT", "MARKET"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def _filters(contract: Contract) -> list[dict[str, Any]]:
    tick, step = contract.price_text(1), contract.size_text(1)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000", "stepSize": step},
    ]  # fmt: skip


# -- bars, trades -----------------------------------------------------------------------------------------------------


def _klines(market: str, most: int) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, step = _contract(desk, query, market), _step(query, "interval")
        span = query.span("startTime", "endTime")
        if market == "dapi" and "startTime" in query.parameters and "endTime" in query.parameters:
            span = (span[0], min(span[1], span[0] + 200 * DAY))
        oldest = "startTime" in query.parameters
        times, bars = desk.bars(item, step, span, query.limit(500, most), query, oldest=oldest)
        tape = desk.tape(item)
        middle = (bars.open + bars.high + bars.low + bars.close) / 4
        other = (
            tape.coins(np.stack([bars.volume, bars.bought]), middle)
            if item.unit_usd else tape.quote(np.stack([bars.volume, bars.bought]), middle)
        )  # fmt: skip
        return [
            [
                milliseconds(time), item.price_text(o), item.price_text(h), item.price_text(low), item.price_text(c),
                item.size_text(v), milliseconds(time + step) - 1, f"{turnover:.8f}", n, item.size_text(b),
                f"{bought:.8f}", "0",
            ]
            for time, o, h, low, c, v, b, n, turnover, bought in tuples((times, *bars, *other))
        ]  # fmt: skip

    return answer


def _weight_of_klines(query: Query) -> int:
    rows = query.whole("limit", 500)
    return 1 if rows < 100 else 2 if rows < 500 else 5 if rows <= 1000 else 10


def _agg_trades(market: str, keeps: int) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, limit = _contract(desk, query, market), query.limit(500, 1000)
        now = desk.now()
        since, until = query.span("startTime", "endTime")
        if "startTime" in query.parameters and since < now - keeps:
            raise Refused("too-old")
        if "fromId" in query.parameters:
            return _trades_from(desk, item, query.whole("fromId"), limit)
        until = min(until + 1, now)
        if since == 0:
            return _trade_rows(item, desk.tape(item).trades(until - 20 * MINUTE, until), slice(-limit, None))
        if until - since > NANOSECONDS_PER_HOUR + 1_000_000:
            until = since + NANOSECONDS_PER_HOUR
        return _trade_rows(item, desk.tape(item).trades(since, until), slice(limit))

    return answer


def _trades_from(desk: Desk, contract: Contract, number: int, limit: int) -> Any:
    tape = desk.tape(contract)
    day, _ = divmod(number - 1, tape.a_day)
    begin = desk.market.first + day * DAY
    trades = tape.trades(begin, min(begin + 2 * DAY, desk.now()))
    first = int(np.searchsorted(trades.number, number))
    return _trade_rows(contract, trades, slice(first, first + limit))


def _trade_rows(contract: Contract, trades: Any, part: slice) -> list[dict[str, Any]]:
    return [
        {
            "a": number, "p": contract.price_text(price), "q": contract.size_text(size), "f": number, "l": number,
            "T": milliseconds(time), "m": not bought,
        }
        for time, price, size, bought, number in tuples(picked(trades, part))
    ]  # fmt: skip


# -- open interest, ratios, funding -----------------------------------------------------------------------------------


def _stamps(desk: Desk, query: Query) -> Any:
    since, _ = span = query.span("startTime", "endTime")
    if "startTime" in query.parameters and since < desk.now() - KEEPS - DAY:
        raise Refused("too-old")
    limit, oldest = query.limit(30, 500), "startTime" in query.parameters and "endTime" not in query.parameters
    return desk.grid(_step(query, "period"), span, limit, query, oldest=oldest, keeps=KEEPS)


def open_interest_history_um(desk: Desk, query: Query) -> Any:
    """``/futures/data/openInterestHist`` of USD-M: the open interest at each stamp, in coins and dollars."""
    item, times = _contract(desk, query, "fapi"), _stamps(desk, query)
    steps, usd = desk.open_steps(item, times), desk.open_usd(item, times)
    return [
        {
            "symbol": item.symbol, "sumOpenInterest": f"{step * item.step:.8f}", "sumOpenInterestValue": f"{value:.8f}",
            "CMCCirculatingSupply": f"{_supply(desk, item.coin):.8f}", "timestamp": milliseconds(time),
        }
        for time, step, value in tuples((times, steps, usd))
    ]  # fmt: skip


def open_interest_history_cm(desk: Desk, query: Query) -> Any:
    """``/futures/data/openInterestHist`` of COIN-M: in contracts, its value in coins."""
    pair = query.text("pair")
    item, times = desk.contract(f"{pair}_PERP", "inverse"), _stamps(desk, query)
    steps = desk.open_steps(item, times)
    coins = desk.tape(item).coins(steps, desk.tape(item).ticks_at(times))
    return [
        {
            "pair": pair, "contractType": "PERPETUAL", "sumOpenInterest": f"{step:.8f}",
            "sumOpenInterestValue": f"{value:.8f}", "timestamp": milliseconds(time),
        }
        for time, step, value in tuples((times, steps, coins))
    ]  # fmt: skip


def _supply(desk: Desk, coin: str) -> float:
    return next(item.supply for item in desk.market.world.coins if item.name == coin)


def _ratio(pull: float) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, times = _contract(desk, query, "fapi"), _stamps(desk, query)
        share = 0.5 + pull * (desk.market.long_accounts(item.coin, item.place, times) - 0.5)
        return [
            {
                "symbol": item.symbol, "longAccount": f"{long:.4f}", "longShortRatio": f"{long / (1 - long):.4f}",
                "shortAccount": f"{1 - long:.4f}", "timestamp": milliseconds(time),
            }
            for time, long in zip(times.tolist(), share.round(4).tolist(), strict=True)
        ]  # fmt: skip

    return answer


def taker_ratio(desk: Desk, query: Query) -> Any:
    """``/futures/data/takerlongshortRatio``: sums of the period that begins at the stamp."""
    item, step = _contract(desk, query, "fapi"), _step(query, "period")
    times = _stamps(desk, query)
    if not len(times):
        return []
    opened, bars = desk.tape(item).bars(step, int(times[0]), min(int(times[-1]) + 1, desk.now() - step + 1))
    return [
        {
            "buySellRatio": f"{bought / max(volume - bought, 1):.4f}", "sellVol": item.size_text(volume - bought),
            "buyVol": item.size_text(bought), "timestamp": milliseconds(time),
        }
        for time, volume, bought in tuples((opened, bars.volume, bars.bought))
    ]  # fmt: skip


def _open_interest(market: str) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, now = _contract(desk, query, market), desk.now()
        steps = int(desk.open_steps(item, np.array([now]))[0])
        row = {"symbol": item.symbol, "openInterest": item.size_text(steps), "time": milliseconds(now)}
        return row | ({"pair": f"{item.coin}USD", "contractType": "PERPETUAL"} if market == "dapi" else {})

    return answer


def _funding(market: str) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        contract = _contract(desk, query, market)
        step = int(contract.funding_hours * NANOSECONDS_PER_HOUR)
        oldest = "startTime" in query.parameters
        span = query.span("startTime", "endTime")
        times = desk.grid(step, span, query.limit(100, 1000), query, oldest=oldest)
        rates, marks = desk.funding_at(contract, times - 1), desk.mark_at(contract, times)
        return [
            {
                "symbol": contract.symbol, "fundingTime": milliseconds(time), "fundingRate": f"{rate:.8f}",
                "markPrice": f"{mark:.8f}", "rateType": "Regular",
            }
            for time, rate, mark in tuples((times, rates, marks))
        ]  # fmt: skip

    return answer


def _premium_index(market: str) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        kinds = ("linear",) if market == "fapi" else ("inverse",)
        named = "symbol" in query.parameters
        listed = [_contract(desk, query, market)] if named else desk.kind(*kinds)
        rows = [_premium_row(desk, contract, market) for contract in listed]
        return rows[0] if named and market == "fapi" else rows

    return answer


def _premium_row(desk: Desk, contract: Contract, market: str) -> dict[str, Any]:
    now = desk.now()
    at = np.array([now])
    index, mark = float(desk.index_at(contract, at)[0]), float(desk.mark_at(contract, at)[0])
    row = {
        "symbol": contract.symbol, "markPrice": f"{mark:.8f}", "indexPrice": f"{index:.8f}",
        "estimatedSettlePrice": f"{index:.8f}", "lastFundingRate": f"{float(desk.funding_at(contract, at)[0]):.8f}",
        "interestRate": "0.00010000", "nextFundingTime": milliseconds(desk.next_funding(contract, now)),
        "time": milliseconds(now),
    }  # fmt: skip
    return row | ({"pair": f"{contract.coin}USD"} if market == "dapi" else {})


def funding_info(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/fapi/v1/fundingInfo``: only contracts whose interval or cap is not the usual one."""
    return [
        {
            "symbol": item.symbol, "adjustedFundingRateCap": "0.02000000", "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": int(item.funding_hours), "disclaimer": False,
        }
        for item in desk.kind("linear") if item.funding_hours != 8
    ]  # fmt: skip


def _depth(market: str) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, now = _contract(desk, query, market), desk.now()
        bids, asks = desk.book(item, now, query.limit(500, 1000))
        return {
            "lastUpdateId": milliseconds(now), "E": milliseconds(now), "T": milliseconds(now),
            "bids": [[item.price_text(p), item.size_text(q)] for p, q in bids],
            "asks": [[item.price_text(p), item.size_text(q)] for p, q in asks],
        }  # fmt: skip

    return answer


def _open_interest_history(desk: Desk, query: Query) -> Any:
    return (open_interest_history_cm if "pair" in query.parameters else open_interest_history_um)(desk, query)


def _weight_of_premium(query: Query) -> int:
    return 1 if "symbol" in query.parameters else 10


BASES = {"fapi": ("/fapi/v1", "weight"), "dapi": ("/dapi/v1", "weight"), "spot": ("/api/v3", "spot")}


def _routes(path: str, weight: int | Any, **answers: Any) -> tuple[Route, ...]:
    """Return the route of a path in each of the three interfaces that has it."""
    return tuple(
        Route(path=BASES[market][0] + path, answer=answer, pool=BASES[market][1], weight=weight)
        for market, answer in answers.items()
    )


ROUTES = (
    *_routes("/time", 1, fapi=server_time, dapi=server_time, spot=server_time),
    *_routes("/ping", 1, fapi=ping, dapi=ping, spot=ping),
    *_routes("/exchangeInfo", 1, fapi=exchange_info_um, dapi=exchange_info_cm),
    *_routes("/exchangeInfo", 20, spot=exchange_info_spot),
    *_routes("/klines", _weight_of_klines, fapi=_klines("fapi", 1500), dapi=_klines("dapi", 1500)),
    *_routes("/klines", 2, spot=_klines("spot", 1000)),
    *_routes("/aggTrades", 20, fapi=_agg_trades("fapi", 2 * DAY), dapi=_agg_trades("dapi", DAY)),
    *_routes("/aggTrades", 4, spot=_agg_trades("spot", 10_000 * DAY)),
    *_routes("/openInterest", 1, fapi=_open_interest("fapi"), dapi=_open_interest("dapi")),
    *_routes("/premiumIndex", _weight_of_premium, fapi=_premium_index("fapi"), dapi=_premium_index("dapi")),
    *_routes("/depth", 20, fapi=_depth("fapi"), dapi=_depth("dapi")),
    *_routes("/depth", 50, spot=_depth("spot")),
    *_routes("/fundingRate", 1, dapi=_funding("dapi")),
    Route(path="/fapi/v1/fundingRate", answer=_funding("fapi"), pool="funding"),
    Route(path="/dapi/v1/fundingInfo", answer=lambda desk, query: [], pool="weight"),  # noqa: ARG005 - no such contract
    Route(path="/fapi/v1/fundingInfo", answer=funding_info, pool="funding"),
    Route(path="/futures/data/openInterestHist", answer=_open_interest_history, pool="data"),
    Route(path="/futures/data/globalLongShortAccountRatio", answer=_ratio(1.0), pool="data"),
    Route(path="/futures/data/topLongShortAccountRatio", answer=_ratio(0.8), pool="data"),
    Route(path="/futures/data/topLongShortPositionRatio", answer=_ratio(0.4), pool="data"),
    Route(path="/futures/data/takerlongshortRatio", answer=taker_ratio, pool="data"),
)
