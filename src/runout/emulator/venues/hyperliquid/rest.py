"""Hyperliquid's ``/info``: one path, the body says what."""

from functools import lru_cache
from typing import Any

import numpy as np

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import MARKETS, Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.feeds import quote
from runout.emulator.forms import FOREVER, MILLISECOND, Query, Refused, Reply, Route, json_reply, milliseconds
from runout.emulator.market import Market
from runout.emulator.positions import Accounts, Fill
from runout.emulator.shapes import MINUTE, bar_rows

DEX_XYZ = "xyz"
"""A builder's exchange of shares and metals: on the wire, and not crypto."""
WEIGHTS = {"clearinghouseState": 2, "l2Book": 2, "allMids": 2, "userFillsByTime": 40, "fundingHistory": 45}


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as Hyperliquid words it: 429 with ``null`` for weight, with HTML for connections."""
    if refused.kind == "slow-down":
        return json_reply(None, 429)
    if refused.kind == "banned":
        page = b"<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>nginx</body>\r\n</html>"
        return Reply(429, page, (("Content-Type", "text/html"),))
    if refused.kind == "blocked":
        return json_reply("Access denied", 403)
    if refused.kind == "symbol":
        return json_reply(None, 500)
    return Reply(422, b"Failed to deserialize the JSON body into the target type", (("Content-Type", "text/plain"),))


@lru_cache(maxsize=2)
def accounts(market: Market) -> Accounts:
    """Return the accounts of the simulated venue that Hyperliquid is a part of."""
    return Accounts(market, MARKETS["hyperliquid"][0])


def info(desk: Desk, query: Query) -> Any:
    """``POST /info``."""
    answer = _TYPES.get(query.text("type"))
    if answer is None:
        raise Refused("parameter")
    return answer(desk, query)


def weight(query: Query) -> int:
    """Return the weight of a question."""
    return WEIGHTS.get(str(query.parameters.get("type")), 20)


def _universe(desk: Desk) -> list[dict[str, Any]]:
    return [
        {"szDecimals": contract.size_digits, "name": contract.symbol, "maxLeverage": 40, "marginTableId": 56}
        for contract in desk.kind("linear")
    ]


def meta(desk: Desk, query: Query) -> Any:
    """``meta`` of the main exchange, or of the builder's."""
    if query.text("dex", "") == DEX_XYZ:
        return {
            "universe": [{"szDecimals": 4, "name": "xyz:XYZ100", "maxLeverage": 20, "marginTableId": 20}],
            "marginTables": [],
            "collateralToken": 0,
        }
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]
    table = {"description": "tiered 40x", "marginTiers": tiers}
    return {"universe": _universe(desk), "marginTables": [[56, table]], "collateralToken": 0}


def context(desk: Desk, contract: Contract, now: int) -> dict[str, Any]:
    """Return an asset's context as REST and the streams have it; open interest in coins."""
    q = quote(desk, contract, now)
    last, digits = f"{q.last:.{contract.digits}f}", contract.digits
    return {
        "funding": f"{q.funding:.10f}", "openInterest": contract.size_text(2 * q.open_steps), "prevDayPx": last,
        "dayNtlVlm": "0.0", "premium": f"{(q.mark - q.index_price) / max(q.index_price, 1e-12):.10f}",
        "oraclePx": f"{q.index_price:.{digits}f}", "markPx": f"{q.mark:.{digits}f}", "midPx": last,
        "impactPxs": [last, last], "dayBaseVlm": "0.0",
    }  # fmt: skip


def other_context() -> dict[str, Any]:
    """Return the context of what the builder's exchange trades."""
    return {
        "funding": "0.0000062500", "openInterest": "9000.0", "prevDayPx": "25000.0", "dayNtlVlm": "0.0",
        "premium": "0.0", "oraclePx": "25000.0", "markPx": "25000.0", "midPx": "25000.0",
        "impactPxs": ["25000.0", "25000.0"], "dayBaseVlm": "0.0",
    }  # fmt: skip


def contexts(desk: Desk, query: Query) -> Any:
    """``metaAndAssetCtxs``."""
    if query.text("dex", "") == DEX_XYZ:
        return [meta(desk, query), [other_context()]]
    return [meta(desk, query), [context(desk, contract, desk.now()) for contract in desk.kind("linear")]]


def dexes(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``perpDexs``: null is the main exchange."""
    return [
        None,
        {
            "name": DEX_XYZ,
            "fullName": "XYZ",
            "deployer": "0x88806a71d74ad0a510b350545c9ae490912f0888",
            "oracleUpdater": None,
        },
    ]


def mids(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``allMids``."""
    return {item.symbol: f"{quote(desk, item, desk.now()).last:.{item.digits}f}" for item in desk.kind("linear")}


def funding_history(desk: Desk, query: Query) -> Any:
    """``fundingHistory``: 500 hours from ``startTime`` on."""
    contract = desk.contract(query.text("coin"), "linear")
    span = (query.whole("startTime") * MILLISECOND, query.whole("endTime", FOREVER // MILLISECOND) * MILLISECOND)
    times = desk.grid(NANOSECONDS_PER_HOUR, span, query.limit(500, 500), query, oldest=True)
    return [
        {"coin": contract.symbol, "fundingRate": f"{rate:.10f}", "premium": "0.0", "time": milliseconds(time) + 41}
        for time, rate in tuples((times, desk.funding_at(contract, times - 1)))
    ]


def candles(desk: Desk, query: Query) -> Any:
    """``candleSnapshot``: at most the newest 5000."""
    asked = query.parameters.get("req", {})
    item, step = desk.contract(asked.get("coin", ""), "linear"), STEPS.get(asked.get("interval", ""), 0) * MINUTE
    if not step:
        raise Refused("parameter")
    span = (int(asked["startTime"]) * MILLISECOND, int(asked.get("endTime", FOREVER // MILLISECOND)) * MILLISECOND)
    times, bars = desk.bars(item, step, span, 5000, query, oldest=True, keeps=5000 * step)
    return [
        {
            "t": milliseconds(time), "T": milliseconds(time + step) - 1, "s": item.symbol, "i": asked["interval"],
            "o": o, "c": c, "h": h, "l": low, "v": item.size_text(volume), "n": count,
        }
        for (o, h, low, c), (time, volume, count) in zip(
            bar_rows(item, bars), tuples((times, bars.volume, bars.trades)), strict=True
        )
    ]  # fmt: skip


def book(desk: Desk, query: Query) -> Any:
    """``l2Book``."""
    return book_rows(desk, desk.contract(query.text("coin"), "linear"), desk.now(), 20)


def book_rows(desk: Desk, contract: Contract, now: int, levels: int) -> dict[str, Any]:
    """Return a book as REST and the stream have it."""
    sides = [
        [{"px": contract.price_text(p), "sz": contract.size_text(q), "n": 1} for p, q in side]
        for side in desk.book(contract, now, levels)
    ]
    return {"coin": contract.symbol, "levels": sides, "time": milliseconds(now)}


def recent_trades(desk: Desk, query: Query) -> Any:
    """``recentTrades``: the newest ten."""
    item, now = desk.contract(query.text("coin"), "linear"), desk.now()
    return [trade_row(item, *row) for row in tuples(desk.tape(item).trades(now - 10 * MINUTE, now))][-10:]


def trade_row(  # noqa: PLR0917 - a row of trades
    item: Contract, time: int, price: int, steps: int, bought: bool, number: int
) -> dict[str, Any]:
    """Return a trade; one in four has the zero hash.

    Parameters
    ----------
    item, time, price, steps
        Contract; UTC ns; price in ticks; size in steps.
    bought, number
        Whether the taker bought; number of the trade.
    """
    token = f"{number:064x}" if number % 4 else "0" * 64
    return {
        "coin": item.symbol, "side": "B" if bought else "A", "px": item.price_text(price), "sz": item.size_text(steps),
        "time": milliseconds(time), "hash": f"0x{token}", "tid": number,
        "users": [f"0x{number * 7:040x}", f"0x{number * 11:040x}"],
    }  # fmt: skip


def clearinghouse(desk: Desk, query: Query) -> Any:
    """``clearinghouseState`` of an address: what the simulation's account holds now."""
    now, known = desk.now(), accounts(desk.market)
    account = known.by_address.get(query.text("user"))
    stored = known.positions(account, now) if account is not None else {}
    rows = [_position(desk, item, stored[item.coin], now) for item in desk.kind("linear") if item.coin in stored]
    notional = sum(abs(float(row["position"]["positionValue"])) for row in rows)
    summary = {
        "accountValue": f"{notional / 5:.6f}",
        "totalNtlPos": f"{notional:.6f}",
        "totalRawUsd": "0.0",
        "totalMarginUsed": f"{notional / 10:.6f}",
    }
    return {
        "marginSummary": summary, "crossMarginSummary": summary, "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "0.0", "assetPositions": rows, "time": milliseconds(now),
    }  # fmt: skip


def _position(desk: Desk, item: Contract, stored: Any, now: int) -> dict[str, Any]:
    mark = float(desk.mark_at(item, np.array([now]))[0])
    level = f"{stored.liquidation_price:.{item.digits}f}" if stored.liquidation_price else None
    row = {
        "coin": item.symbol, "szi": f"{stored.quantity:.{item.size_digits}f}",
        "entryPx": f"{stored.entry:.{item.digits}f}",
        "leverage": {"type": "isolated", "value": max(round(stored.leverage), 1)}, "liquidationPx": level,
        "positionValue": f"{abs(stored.quantity) * mark:.6f}",
        "unrealizedPnl": f"{stored.quantity * (mark - stored.entry):.6f}", "returnOnEquity": "0.0",
        "marginUsed": f"{abs(stored.quantity) * mark / max(stored.leverage, 1.0):.6f}", "maxLeverage": 40,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }  # fmt: skip
    return {"type": "oneWay", "position": row}


def fills(desk: Desk, query: Query) -> Any:
    """``userFillsByTime``: forced closes of an address, 2000 at most."""
    account = accounts(desk.market).by_address.get(query.text("user"))
    since = query.whole("startTime") * MILLISECOND
    until = min(query.whole("endTime", FOREVER // MILLISECOND) * MILLISECOND + 1, desk.now())
    if account is None:
        return []
    return [
        fill_row(contract, query.text("user"), fill)
        for coin, fill in accounts(desk.market).fills(account, since, until)
        for contract in desk.kind("linear") if contract.coin == coin
    ][:2000]  # fmt: skip


def fill_row(item: Contract, user: str, fill: Fill) -> dict[str, Any]:
    """Return a fill that liquidates."""
    long = fill.side > 0
    return {
        "coin": item.symbol, "px": f"{fill.price:.{item.digits}f}", "sz": f"{fill.quantity:.{item.size_digits}f}",
        "side": "A" if long else "B", "time": milliseconds(fill.time),
        "startPosition": f"{fill.side * fill.quantity:.{item.size_digits}f}",
        "dir": f"Liquidated Isolated {'Long' if long else 'Short'}", "closedPnl": "0.0", "hash": "0x" + "0" * 64,
        "oid": fill.time // MILLISECOND, "crossed": True, "fee": "0.0", "tid": fill.time // MILLISECOND,
        "liquidation": {"liquidatedUser": user, "markPx": f"{fill.mark:.{item.digits}f}", "method": "market"},
        "feeToken": "USDC", "twapId": None,
    }  # fmt: skip


def leaderboard(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/Mainnet/leaderboard``: every address that the simulation knows."""
    return {
        "leaderboardRows": [
            {"ethAddress": user, "accountValue": "100000.0", "windowPerformances": [], "prize": 0, "displayName": None}
            for user in accounts(desk.market).by_address
        ]
    }


_TYPES = {
    "meta": meta, "metaAndAssetCtxs": contexts, "perpDexs": dexes, "allMids": mids, "fundingHistory": funding_history,
    "candleSnapshot": candles, "l2Book": book, "recentTrades": recent_trades, "clearinghouseState": clearinghouse,
    "userFillsByTime": fills,
}  # fmt: skip
ROUTES = (
    Route(path="/info", answer=info, method="POST", weight=weight),
    Route(path="/Mainnet/leaderboard", answer=leaderboard, pool="stats"),
)
