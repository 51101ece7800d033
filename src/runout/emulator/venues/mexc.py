"""MEXC contracts: open interest of doubtful meaning, prices; no liquidations."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import SECOND, Sent, every, quote, quotes
from runout.emulator.forms import (
    Feed,
    Pool,
    Query,
    Refused,
    Reply,
    Route,
    StreamForm,
    VenueForm,
    json_reply,
    milliseconds,
    seconds,
)  # fmt: skip
from runout.emulator.shapes import listed, perpetuals, step_of
from runout.emulator.wire import Socket

UNITS = {"BTC": 0.0001, "ETH": 0.01, "SOL": 0.1, "XRP": 1.0, "BNB": 0.01, "DOGE": 100.0, "ADA": 1.0}
KLINES = {"Min1": 1, "Min5": 5, "Min15": 15, "Min30": 30, "Min60": 60, "Hour4": 240, "Day1": 1440}


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as MEXC words it."""
    if refused.kind in {"slow-down", "banned"}:
        return json_reply({"success": False, "code": 510, "message": "Requests are too frequent"}, 429)
    if refused.kind == "blocked":
        return json_reply({"success": False, "code": 403, "message": "Access denied"}, 403)
    code, words = (1001, "Contract does not exist") if refused.kind == "symbol" else (602, "Parameter error")
    return json_reply({"success": False, "code": code, "message": words}, 404 if refused.kind == "path" else 200)


def _ok(data: Any) -> dict[str, Any]:
    return {"success": True, "code": 0, "data": data}


def detail(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/api/v1/contract/detail``."""
    return _ok([
        {
            "symbol": contract.symbol, "displayNameEn": f"{contract.symbol} PERPETUAL", "positionOpenType": 3,
            "baseCoin": contract.coin, "quoteCoin": "USDT", "settleCoin": "USDT", "contractSize": contract.unit_base,
            "minLeverage": 1, "maxLeverage": 200, "priceScale": contract.digits, "volScale": 0, "amountScale": 4,
            "priceUnit": 10**-contract.digits, "volUnit": 1, "minVol": 1, "maxVol": 1000000, "state": 0, "isNew": False,
            "isHot": True, "isHidden": False, "createTime": max(milliseconds(contract.listed), 1591242684000),
        }
        for contract in desk.kind("linear")
    ])  # fmt: skip


def ticker(desk: Desk, query: Query) -> Any:
    """``/api/v1/contract/ticker``: all, or one; ``holdVol`` in contracts."""
    named = "symbol" in query.parameters
    contracts = [desk.contract(query.text("symbol"), "linear")] if named else desk.kind("linear")
    rows = [_ticker(contract, quote(desk, contract, desk.now())) for contract in contracts]
    return _ok(rows[0] if named else rows)


def _ticker(contract: Contract, q: Any) -> dict[str, Any]:
    last = round(q.last, contract.digits)
    same = dict.fromkeys(
        ("lastPrice", "bid1", "ask1", "lower24Price", "high24Price", "maxBidPrice", "minAskPrice"), last
    )
    return {"contractId": contract.number % 1000, "symbol": contract.symbol} | same | {
        "volume24": 0, "amount24": 0.0, "holdVol": q.open_steps, "riseFallRate": 0.0, "riseFallValue": 0.0,
        "indexPrice": round(q.index_price, contract.digits), "fairPrice": round(q.mark, contract.digits),
        "fundingRate": round(q.funding, 8), "timestamp": q.stamp,
    }  # fmt: skip


def funding_history(desk: Desk, query: Query) -> Any:
    """``/api/v1/contract/funding_rate/history``: pages by number, newest first."""
    item, size, page = (
        desk.contract(query.text("symbol"), "linear"),
        query.limit(20, 1000, "page_size"),
        query.whole("page_num", 1),
    )
    step = int(item.funding_hours * NANOSECONDS_PER_HOUR)
    last = desk.now() // step - (page - 1) * size
    times = desk.grid(step, (0, last * step), size, query, oldest=False)
    whole = (desk.now() - desk.market.first) // step
    rows = [
        {
            "symbol": item.symbol,
            "fundingRate": round(rate, 8),
            "settleTime": milliseconds(time),
            "collectCycle": int(item.funding_hours),
        }
        for time, rate in tuples((times, desk.funding_at(item, times - 1)))
    ]
    return _ok(
        {
            "pageSize": size,
            "totalCount": whole,
            "totalPage": -(-whole // size),
            "currentPage": page,
            "resultList": rows[::-1],
        }
    )


def klines(desk: Desk, query: Query) -> Any:
    """``/api/v1/contract/kline/{symbol}``: columns, oldest first, 2000 at most."""
    item, step = desk.contract(query.text("symbol"), "linear"), step_of(query, "interval", KLINES, "Min1")
    times, bars = desk.bars(item, step, query.span("start", "end", SECOND), 2000, query, oldest=False)
    scale = 10.0**item.digits
    return _ok({
        "time": [seconds(time) for time in times.tolist()], "open": (bars.open / scale).tolist(),
        "close": (bars.close / scale).tolist(), "high": (bars.high / scale).tolist(),
        "low": (bars.low / scale).tolist(), "vol": bars.volume.tolist(),
        "amount": desk.tape(item).quote(bars.volume, bars.close).round(4).tolist(),
    })  # fmt: skip


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        method = message["method"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return
    now = milliseconds(socket.desk.now())
    if method == "ping":
        if socket.answers_pings:
            socket.say(msgspec.json.encode({"channel": "pong", "data": now}))
        return
    topic = f"{method.removeprefix('sub.')}|{message.get('param', {}).get('symbol', '')}"
    if method.startswith("sub.") and socket.subscribe(topic) in {"accepted", "duplicate"}:
        socket.acknowledge(msgspec.json.encode({"channel": f"rs.{method}", "data": "success", "ts": now}), topic)
    else:
        socket.say(msgspec.json.encode({"channel": "rs.error", "data": "Contract not exists", "ts": now}))


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``ticker|BTC_USDT``."""
    name, symbol = topic.split("|")
    return Feed(name="ticker", produce=tickers) if name == "ticker" and listed(desk, symbol, "linear") else None


def tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``push.ticker`` each second."""
    item = listed(desk, topic.split("|")[1], "linear")
    if item is None:
        return []
    return [
        (
            q.time,
            msgspec.json.encode(
                {"channel": "push.ticker", "data": _ticker(item, q), "symbol": item.symbol, "ts": q.stamp}
            ),
        )
        for q in quotes(desk, item, every(SECOND, since, until))
    ]


_API = "/api/v1/contract"
FORM = VenueForm(
    name="mexc", contracts=perpetuals("mexc", lambda coin: f"{coin}_USDT", unit=UNITS.__getitem__), refuse=refuse,
    routes=(
        Route(path=f"{_API}/detail", answer=detail), Route(path=f"{_API}/ticker", answer=ticker),
        Route(path=f"{_API}/funding_rate/history", answer=funding_history),
        Route(path=f"{_API}/kline/{{symbol}}", answer=klines),
    ),
    pools=(Pool("default", 20, 2.0),),
    stream=StreamForm(hosts={"stream": "/edge"}, heard=heard, feed=feed, idle_close=60.0),
)  # fmt: skip
