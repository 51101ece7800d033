"""Bitget: v3 (unified) and v2 of USDT futures; sizes in coins."""

from typing import Any
from zlib import crc32

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.feeds import (
    MILLISECOND,
    SECOND,
    Sent,
    closes,
    every,
    living,
    page_of_closes,
    quote,
    quotes,
    trades,
)
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
)  # fmt: skip
from runout.emulator.shapes import bar_rows, listed, perpetuals, step_of
from runout.emulator.wire import Socket

CANDLES = {name.replace("h", "H").replace("d", "D"): minutes for name, minutes in STEPS.items()} | {"1Dutc": 1440}
KEEPS = 3 * NANOSECONDS_PER_DAY
"""Liquidations over REST."""


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as Bitget words it."""
    status, code, words = {
        "slow-down": (429, "429", "Too Many Requests"), "banned": (403, "403", "Forbidden"),
        "blocked": (403, "40084", "Service is not available in your region"),
        "symbol": (400, "40034", "Parameter symbol does not exist"), "path": (404, "40404", "Request URL NOT FOUND"),
    }.get(refused.kind, (400, "40017", refused.words or "Parameter verification failed"))  # fmt: skip
    return json_reply({"code": code, "msg": words, "requestTime": milliseconds(now), "data": None}, status)


def _ok(desk: Desk, data: Any) -> dict[str, Any]:
    return {"code": "00000", "msg": "success", "requestTime": milliseconds(desk.now()), "data": data}


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("symbol"), "linear")


def _of_product(desk: Desk, query: Query) -> list[Contract]:
    """Return the contracts of the product that is asked for; only USDT futures are emulated."""
    if "symbol" in query.parameters:
        return [_contract(desk, query)]
    product = query.text("productType", query.text("category", "USDT-FUTURES"))
    return desk.kind("linear") if product.upper() == "USDT-FUTURES" else []


def instruments(desk: Desk, query: Query) -> Any:
    """``/api/v2/mix/market/contracts``."""
    return _ok(desk, [
        {
            "symbol": contract.symbol, "baseCoin": contract.coin, "quoteCoin": "USDT", "buyLimitPriceRatio": "0.05",
            "sellLimitPriceRatio": "0.05", "feeRateUpRatio": "0.005", "makerFeeRate": "0.0002",
            "takerFeeRate": "0.0006", "openCostUpRatio": "0.01", "supportMarginCoins": ["USDT"],
            "minTradeNum": contract.size_text(1), "priceEndStep": "1", "volumePlace": str(contract.size_digits),
            "pricePlace": str(contract.digits), "sizeMultiplier": contract.size_text(1), "symbolType": "perpetual",
            "minTradeUSDT": "5", "maxSymbolOrderNum": "200", "symbolStatus": "normal", "offTime": "-1",
            "limitOpenTime": "-1", "deliveryTime": "", "deliveryStartTime": "", "launchTime": "",
            "fundInterval": f"{contract.funding_hours:g}", "minLever": "1", "maxLever": "125", "posLimit": "0.1",
            "maintainTime": "",
        }
        for contract in _of_product(desk, query)
    ])  # fmt: skip


def open_interest(desk: Desk, query: Query) -> Any:
    """``/api/v2/mix/market/open-interest``: the present, in coins."""
    item, now = _contract(desk, query), desk.now()
    row = {"symbol": item.symbol, "size": item.size_text(quote(desk, item, now).open_steps)}
    return _ok(desk, {"openInterestList": [row], "ts": str(milliseconds(now))})


def tickers(desk: Desk, query: Query) -> Any:
    """``/api/v2/mix/market/tickers``: all, or one."""
    return _ok(desk, [_ticker(contract, quote(desk, contract, desk.now())) for contract in _of_product(desk, query)])


def _ticker(contract: Contract, q: Any) -> dict[str, Any]:
    last = f"{q.last:.{contract.digits}f}"
    same = dict.fromkeys(("lastPr", "askPr", "bidPr", "high24h", "low24h", "open24h", "openUtc"), last)
    return {"symbol": contract.symbol} | same | {
        "bidSz": contract.size_text(1000), "askSz": contract.size_text(1000), "ts": str(q.stamp), "change24h": "0",
        "baseVolume": "0", "quoteVolume": "0", "usdtVolume": "0", "changeUtc24h": "0",
        "indexPrice": f"{q.index_price:.{contract.digits}f}", "fundingRate": f"{q.funding:.6f}",
        "holdingAmount": contract.size_text(q.open_steps), "deliveryStartTime": None, "deliveryTime": None,
        "deliveryStatus": "", "markPrice": f"{q.mark:.{contract.digits}f}",
    }  # fmt: skip


def _tickers_of_v3(desk: Desk, query: Query) -> Any:
    return _ok(
        desk,
        [_wide_ticker(contract, quote(desk, contract, desk.now())) for contract in _of_product(desk, query)],
    )


def _wide_ticker(item: Contract, q: Any) -> dict[str, Any]:
    last = f"{q.last:.{item.digits}f}"
    same = dict.fromkeys(("highPrice24h", "lowPrice24h", "openPrice24h", "lastPrice", "bid1Price", "ask1Price"), last)
    return {"symbol": item.symbol, "category": "USDT-FUTURES"} | same | {
        "turnover24h": "0", "volume24h": "0", "bid1Size": item.size_text(1000), "ask1Size": item.size_text(1000),
        "price24hPcnt": "0", "indexPrice": f"{q.index_price:.8f}", "markPrice": f"{q.mark:.{item.digits}f}",
        "openInterest": item.size_text(q.open_steps), "fundingRate": f"{q.funding:.6f}", "deliveryTime": "",
        "deliveryStartTime": "", "deliveryStatus": "", "ts": str(q.stamp),
    }  # fmt: skip


def liquidations_kept(desk: Desk, query: Query) -> Any:
    """``/api/v3/market/liquidations``: three days, newest first; the cursor: a moment, and how many of it came."""
    limit, (since, until) = query.limit(100, 1000), query.span("startTime", "endTime")
    since, end = max(since, desk.now() - KEEPS), min(until + 1, desk.now())
    moment, _, shown = query.text("cursor", "").partition("-")
    begin = int(shown or 0)
    if moment:
        end = int(moment) * MILLISECOND + 1
    page, total = page_of_closes(desk, _of_product(desk, query), since, end, slice(begin, begin + limit), newest=True)
    following = ""
    if begin + limit < total:
        last = page[-1][1].time
        alike = sum(close.time == last for _, close in page) + (begin if last == end - 1 else 0)
        following = f"{last // MILLISECOND}-{alike}"
    return _ok(desk, {"list": [_liquidation(*row) for row in page], "cursor": following})


def _liquidation(item: Contract, close: Any) -> dict[str, str]:
    return {
        "symbol": item.symbol, "side": "buy" if close.side > 0 else "sell", "price": item.price_text(close.bankruptcy),
        "amount": item.size_text(close.steps), "ts": str(close.stamp),
    }  # fmt: skip


def candles(desk: Desk, query: Query) -> Any:
    """``/api/v2/mix/market/candles``: oldest first."""
    item, step = _contract(desk, query), step_of(query, "granularity", CANDLES)
    span, oldest = query.span("startTime", "endTime"), False
    times, bars = desk.bars(item, step, span, query.limit(100, 1000), query, oldest=oldest)
    usd = desk.tape(item).quote(bars.volume, bars.close)
    return _ok(desk, [
        [str(milliseconds(time)), *prices, item.size_text(volume), f"{dollars:.4f}"]
        for prices, (time, volume, dollars) in zip(
            bar_rows(item, bars), tuples((times, bars.volume, usd)), strict=True
        )
    ])  # fmt: skip


def funding_history(desk: Desk, query: Query) -> Any:
    """``/api/v2/mix/market/history-fund-rate``: pages by number, newest first."""
    contract = _contract(desk, query)
    step, size, number = (
        int(contract.funding_hours * NANOSECONDS_PER_HOUR),
        query.limit(20, 100, "pageSize"),
        query.whole("pageNo", 1),
    )
    last = desk.now() // step - (number - 1) * size
    times = desk.grid(step, (0, last * step), size, query, oldest=False)
    return _ok(desk, [
        {"symbol": contract.symbol, "fundingRate": f"{rate:.6f}", "fundingTime": str(milliseconds(time))}
        for time, rate in tuples((times, desk.funding_at(contract, times - 1)))
    ][::-1])  # fmt: skip


def _shares(names: tuple[str, str, str], pull: float) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, step = _contract(desk, query), step_of(query, "period", STEPS, "5m")
        times = desk.grid(step, (0, desk.now()), 500 if step < 86_400 * SECOND else 30, query, oldest=False)
        share = 0.5 + pull * (desk.market.long_accounts(item.coin, item.place, times) - 0.5)
        long, short, ratio = names
        return _ok(desk, [
            {long: f"{x:.4f}", short: f"{1 - x:.4f}", ratio: f"{x / (1 - x):.4f}", "ts": str(milliseconds(time))}
            for time, x in tuples((times, share))
        ])  # fmt: skip

    return answer


# -- websocket --------------------------------------------------------------------------------------------------------


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    if payload == b"ping":
        if socket.answers_pings:
            socket.say(b"pong")
        return
    try:
        message = msgspec.json.decode(payload)
        operation, arguments = message["op"], message["args"]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(msgspec.json.encode({"event": "error", "code": 30003, "msg": "INVALID op"}))
        return
    for argument in arguments:
        topic = f"{argument.get('instType')}:{argument.get('topic')}:{argument.get('symbol', '')}"
        if operation == "unsubscribe":
            socket.unsubscribe(topic)
            socket.say(msgspec.json.encode({"event": operation, "arg": argument}))
        elif socket.subscribe(topic) in {"accepted", "duplicate"}:
            socket.acknowledge(msgspec.json.encode({"event": operation, "arg": argument}), topic)
        else:
            words = f"instType:{argument.get('instType')},topic:{argument.get('topic')} doesn't exist"
            socket.say(msgspec.json.encode({"event": "error", "arg": argument, "code": 30001, "msg": words}))


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``usdt-futures:publicTrade:BTCUSDT``."""
    _, name, symbol = topic.split(":")
    answer = _FEEDS.get(name)
    return answer if answer and (not symbol or listed(desk, symbol, "linear")) else None


def _contracts(desk: Desk, topic: str) -> list[Contract]:
    kind, _, symbol = topic.split(":")
    if not symbol:
        return [entry for entry in desk.contracts.values() if entry.kind == "linear" and kind == "usdt-futures"]
    item = listed(desk, symbol, "linear")
    return [item] if item else []


def _push(topic: str, stamp: int, rows: list[Any], action: str = "update") -> bytes:
    kind, name, symbol = topic.split(":")
    argument = {"instType": kind, "topic": name} | ({"symbol": symbol} if symbol else {})
    return msgspec.json.encode({"action": action, "arg": argument, "data": rows, "ts": stamp})


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``liquidation``: the position's side; pushed together, rows up to twenty seconds old."""
    results: dict[int, list[dict[str, str]]] = {}
    for contract in _contracts(desk, topic):
        # Late by up to twenty seconds, and then to the end of the second.
        for close in closes(desk, contract, since - 21 * SECOND, until):
            late = close.time + crc32(str(close.time).encode()) % 20_000 * MILLISECOND
            push = late - late % SECOND + SECOND
            if since <= push < until:
                results.setdefault(push, []).append(_liquidation(contract, close))
    return [
        (time, _push(topic, (time + desk.clock_offset) // MILLISECOND, rows)) for time, rows in sorted(results.items())
    ]


def public_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``publicTrade``."""
    return [
        (trade.time, _push(topic, trade.stamp + 2, [{
            "i": str(trade.number), "p": contract.price_text(trade.price), "v": contract.size_text(trade.steps),
            "S": "buy" if trade.bought else "sell", "T": str(trade.stamp), "L": str(trade.number), "isRPI": "no",
        }]))
        for contract in _contracts(desk, topic) for trade in trades(desk, contract, since, until)
    ]  # fmt: skip


def pushed_tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``ticker`` each second, whole."""
    for contract in _contracts(desk, topic):
        for q in quotes(desk, contract, every(SECOND, since, until)):
            row = _wide_ticker(contract, q) | {"nextFundingTime": str(q.next_funding)}
            for name in ("symbol", "category", "ts"):
                row.pop(name)
            yield q.time, _push(topic, q.stamp, [row], "snapshot")


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``books``: chained by ``pseq``."""
    for contract in _contracts(desk, topic):
        for time in every(SECOND, since, living(desk, contract, until)).tolist():
            bids, asks = (
                [[contract.price_text(p), contract.size_text(q)] for p, q in side]
                for side in desk.book(contract, time, 20)
            )
            stamp, number = (time + desk.clock_offset) // MILLISECOND, time // SECOND
            row = {"a": asks, "b": bids, "pseq": number - 1, "seq": number, "ts": str(stamp)}
            yield time, _push(topic, stamp, [row])


_FEEDS = {
    "liquidation": Feed(name="liquidations", produce=liquidations),
    "publicTrade": Feed(name="trades", produce=public_trades),
    "ticker": Feed(name="ticker", produce=pushed_tickers),
    "books": Feed(name="depth", produce=books),
}
_V2 = "/api/v2/mix/market"
_PATHS = {
    f"{_V2}/contracts": instruments, f"{_V2}/open-interest": open_interest, f"{_V2}/tickers": tickers,
    f"{_V2}/ticker": tickers, f"{_V2}/candles": candles, f"{_V2}/history-candles": candles,
    f"{_V2}/history-fund-rate": funding_history,
    f"{_V2}/account-long-short": _shares(("longAccountRatio", "shortAccountRatio", "longShortAccountRatio"), 1.0),
    f"{_V2}/position-long-short": _shares(("longPositionRatio", "shortPositionRatio", "longShortPositionRatio"), 0.4),
    f"{_V2}/long-short": _shares(("longRatio", "shortRatio", "longShortRatio"), 0.8),
    "/api/v3/market/liquidations": liquidations_kept, "/api/v3/market/tickers": _tickers_of_v3,
}  # fmt: skip
FORM = VenueForm(
    name="bitget", contracts=perpetuals("bitget", lambda coin: f"{coin}USDT"), refuse=refuse,
    routes=tuple(Route(path=path, answer=answer) for path, answer in _PATHS.items()),
    pools=(Pool("default", 20, 1.0, by_path=True),),
    stream=StreamForm(
        hosts={"stream": "/v3/ws/public"}, heard=heard, feed=feed, idle_close=120.0, connects=300,
        connects_seconds=300.0, most_connections=100, messages=10, messages_seconds=1.0,
    ),
)  # fmt: skip
