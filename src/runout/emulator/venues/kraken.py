"""Kraken Futures: flexible (``PF_``, coins) and inverse (``PI_``, dollars) perpetuals; forced closes are flagged."""

from typing import Any

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract, price_digits, size_step
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, every, flagged, living, quote, quotes
from runout.emulator.forms import (
    FOREVER,
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
from runout.emulator.shapes import bar_rows, iso, listed, step_of
from runout.emulator.wire import Socket

KINDS = ("linear", "inverse")
RESOLUTIONS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "12h": 720, "1d": 1440}


def contracts(coins: tuple[str, ...]) -> tuple[Contract, ...]:
    """Return the flexible and the inverse perpetual of each coin; Bitcoin is XBT here."""
    results: list[Contract] = []
    for coin in coins:
        name, digits = "XBT" if coin == "BTC" else coin, price_digits(coin)
        common: dict[str, Any] = {"venue": "kraken", "coin": coin, "digits": digits, "funding_hours": 1.0}
        results.append(Contract(symbol=f"PF_{name}USD", share=0.85, step=size_step(coin) / 10, **common))
        results.append(Contract(
            symbol=f"PI_{name}USD", kind="inverse", share=0.15, step=1.0, unit_base=0.0, unit_usd=1.0, **common
        ))  # fmt: skip
    return tuple(results)


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as Kraken Futures words it."""
    status, words = {
        "slow-down": (429, "apiLimitExceeded"), "banned": (429, "apiLimitExceeded"), "blocked": (403, "accessDenied"),
        "symbol": (404, "notFound"), "path": (404, "notFound"), "broken": (500, "Server Error"),
    }.get(refused.kind, (400, "invalidArgument: " + refused.words))  # fmt: skip
    return json_reply({"result": "error", "error": words, "serverTime": iso(now)}, status)


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("symbol"), *KINDS)


def _ok(desk: Desk, **rows: Any) -> dict[str, Any]:
    return {"result": "success", **rows, "serverTime": iso(desk.now())}


def instruments(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/derivatives/api/v3/instruments``."""
    return _ok(desk, instruments=[_listing(contract) for kind in KINDS[::-1] for contract in desk.kind(kind)])


def _listing(contract: Contract) -> dict[str, Any]:
    flexible = contract.kind == "linear"
    levels = [{"contracts": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01}]
    only = {} if flexible else {"underlying": f"rr_{contract.symbol[3:].lower()}", "isin": "GB00J62YGL67"}
    return only | {
        "symbol": contract.symbol, "type": "flexible_futures" if flexible else "futures_inverse",
        "tickSize": 10**-contract.digits, "contractSize": 1, "tradeable": True, "impactMidSize": 1000.0,
        "maxPositionSize": 75000000.0, "openingDate": iso(max(contract.listed, 1_648_000_000 * SECOND)),
        "marginLevels": levels, "fundingRateCoefficient": 8 if flexible else 24, "maxRelativeFundingRate": 0.0025,
        "contractValueTradePrecision": contract.size_digits, "postOnly": False, "feeScheduleUid": "", "mtf": False,
        "base": contract.coin, "quote": "USD", "pair": f"{contract.coin}:USD", "category": "Layer 1", "tags": [],
    }  # fmt: skip


def tickers(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/derivatives/api/v3/tickers``: ``fundingRate`` is in dollars a unit, not a fraction."""
    return _ok(desk, tickers=[_ticker(contract, quote(desk, contract, desk.now())) for contract in desk.kind(*KINDS)])


def _ticker(item: Contract, q: Any) -> dict[str, Any]:
    last = round(q.last, item.digits)
    return {
        "symbol": item.symbol, "last": last, "lastTime": iso(q.time), "tag": "perpetual", "pair": f"{item.coin}:USD",
        "markPrice": q.mark, "bid": last, "bidSize": 1000.0, "ask": last, "askSize": 1000.0, "vol24h": 0.0,
        "volumeQuote": 0.0, "openInterest": round(q.open_steps * item.step, 8), "open24h": last, "high24h": last,
        "low24h": last, "lastSize": 1.0, "fundingRate": _absolute(item, q.funding, q.index_price),
        "fundingRatePrediction": _absolute(item, q.funding, q.index_price), "suspended": False,
        "indexPrice": round(q.index_price, item.digits), "postOnly": False, "change24h": 0.0,
    }  # fmt: skip


def _absolute(contract: Contract, rate: float, index: float) -> float:
    return rate / index if contract.kind == "inverse" else rate * index


def funding_rates(desk: Desk, query: Query) -> Any:
    """``/derivatives/api/v4/historicalfundingrates``: hourly, one year."""
    contract = _contract(desk, query)
    times = desk.grid(NANOSECONDS_PER_HOUR, (0, FOREVER), 8_900, query, oldest=False)
    rates, prices = desk.funding_at(contract, times - 1), desk.index_at(contract, times)
    return _ok(desk, rates=[
        {"timestamp": iso(time), "fundingRate": _absolute(contract, rate, price), "relativeFundingRate": rate}
        for time, rate, price in tuples((times, rates, prices))
    ])  # fmt: skip


def candles(desk: Desk, query: Query) -> Any:
    """``/api/charts/v1/{tick_type}/{symbol}/{resolution}``: oldest first, ``more_candles`` where the page is full."""
    item, step = _contract(desk, query), step_of(query, "resolution", RESOLUTIONS)
    span = query.span("from", "to", SECOND)
    limit = query.limit(5000, 5000, "count")
    times, bars = desk.bars(item, step, span, limit, query, oldest=True)
    rows = [
        {"time": milliseconds(time), "open": o, "high": h, "low": low, "close": c, "volume": item.size_text(volume)}
        for (o, h, low, c), (time, volume) in zip(bar_rows(item, bars), tuples((times, bars.volume)), strict=True)
    ]
    return {"candles": rows, "more_candles": len(rows) >= limit}


def analytics(desk: Desk, query: Query) -> Any:
    """``/api/charts/v1/analytics/{symbol}/{type}``: columns by the interval's beginning, in seconds."""
    item, step = _contract(desk, query), query.whole("interval") * SECOND
    kind = query.text("type")
    produce = _ANALYTICS.get(kind)
    if produce is None or step < NANOSECONDS_PER_MINUTE:
        raise Refused("parameter", kind)
    times = desk.grid(step, query.span("since", "to", SECOND), 2000, query, oldest=True)
    rows = [time for time in times.tolist() if time + step <= desk.now()]
    more = len(times) >= 2000
    return {
        "result": {"timestamp": [seconds(t) for t in rows], "more": more, "data": produce(desk, item, rows, step)},
        "errors": [],
    }


def _open_interest(desk: Desk, contract: Contract, times: list[int], step: int) -> Any:
    inside = (np.array(times, np.int64)[:, None] + np.linspace(0, step, 5).astype(np.int64)).ravel()
    values = (desk.open_steps(contract, inside) * contract.step).reshape(-1, 5)
    return [[f"{x:.4f}" for x in (row[0], row.max(), row.min(), row[-1])] for row in values]


def _liquidation_volume(desk: Desk, contract: Contract, times: list[int], step: int) -> Any:
    return [f"{int(desk.true_closes(contract, time, time + step).steps.sum()) * contract.step:.4f}" for time in times]


def _long_share(desk: Desk, contract: Contract, times: list[int], step: int) -> Any:
    share = desk.market.long_accounts(contract.coin, contract.place, np.array(times, np.int64) + step)
    return [f"{x:.4f}" for x in share.tolist()]


_ANALYTICS = {
    "open-interest": _open_interest,
    "liquidation-volume": _liquidation_volume,
    "long-short-info": _long_share,
}


def executions(desk: Desk, query: Query) -> Any:
    """``/api/history/v3/market/{symbol}/executions``: every trade with the taker's order type."""
    item, now = _contract(desk, query), desk.now()
    since = query.whole("since", 0) * MILLISECOND
    until = min(query.whole("before", FOREVER // MILLISECOND) * MILLISECOND, now)
    descending = query.text("sort", "desc") == "desc"
    token = query.text("continuation_token", "")
    count = query.limit(1000, 1000, "count")
    if token:
        since, until = (since, int(token)) if descending else (int(token), until)
    begin, end = (
        (max(since, until - 3 * NANOSECONDS_PER_HOUR), until)
        if descending
        else (since, min(until, since + 3 * NANOSECONDS_PER_HOUR))
    )
    begin = max(begin, desk.market.first, desk.market.end - 4000 * NANOSECONDS_PER_DAY)
    rows = list(flagged(desk, item, begin, end)) if begin < end else []
    page = rows[::-1][:count] if descending else rows[:count]
    body: dict[str, Any] = {"len": len(page), "elements": [_execution(item, row) for row in page]}
    next_token = (page[-1][0] if descending else page[-1][0] + MILLISECOND) if page else (begin if descending else end)
    if (descending and next_token > max(since, desk.market.first)) or (not descending and next_token < until):
        body["continuationToken"] = str(next_token)
    return body


def _execution(item: Contract, row: Any) -> dict[str, Any]:
    time, stamp, price, steps, bought, number, side = row
    kind = ("PartialLiquidation" if number % 5 == 0 else "Liquidation") if side else "IoC"
    order = {
        "uid": f"00000000-0000-0000-0000-{number:012x}", "tradeable": item.symbol,
        "direction": "Buy" if bought else "Sell", "quantity": item.size_text(steps), "timestamp": stamp,
        "limitPrice": item.price_text(price), "orderType": kind, "reduceOnly": bool(side), "lastUpdateTimestamp": stamp,
    }  # fmt: skip
    return {
        "uid": f"{item.number:08x}-0000-0000-0000-{number:012x}", "timestamp": time // MILLISECOND,
        "event": {"Execution": {"execution": {
            "uid": f"{item.number:08x}-0000-0000-0001-{number:012x}", "takerOrder": order, "timestamp": stamp,
            "quantity": item.size_text(steps), "price": item.price_text(price), "markPrice": item.price_text(price),
            "limitFilled": False, "usdValue": f"{steps * item.step:.2f}",
        }, "takerReducedQuantity": ""}},
    }  # fmt: skip


# -- websocket --------------------------------------------------------------------------------------------------------


def opened(socket: Socket) -> None:
    """Say hello, as the venue does."""
    socket.say(b'{"event":"info","version":1}')


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client; one acknowledgement a feed."""
    try:
        message = msgspec.json.decode(payload)
        event, name, products = message["event"], message["feed"], message.get("product_ids", [""])
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        if payload.strip() not in {b"", b"ping"}:
            socket.say(b'{"event":"error","message":"Invalid json"}')
        return
    topics = [f"{name}|{product}" for product in products]
    answer = {"event": f"{event}d", "feed": name} | ({"product_ids": products} if products != [""] else {})
    if event == "unsubscribe":
        for topic in topics:
            socket.unsubscribe(topic)
        socket.say(msgspec.json.encode(answer))
        return
    wrong = [topic for topic in topics if socket.subscribe(topic) in {"unknown", "refused"}]
    if wrong:
        socket.say(b'{"event":"error","message":"Invalid product id"}')
    taken = [topic for topic in topics if topic not in wrong]
    if taken:
        named = {"product_ids": [topic.split("|")[1] for topic in taken]} if products != [""] else {}
        socket.acknowledge(msgspec.json.encode(answer | named), *taken)


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``trade|PF_XBTUSD``."""
    name, product = topic.split("|")
    answer = _FEEDS.get(name)
    return answer if answer and (name == "heartbeat" or listed(desk, product, *KINDS)) else None


def _contract_of_topic(desk: Desk, topic: str) -> Contract | None:
    return listed(desk, topic.split("|")[1], *KINDS)


def _trade(contract: Contract, row: Any) -> dict[str, Any]:
    _, stamp, price, steps, bought, number, side = row
    return {
        "feed": "trade", "product_id": contract.symbol, "uid": f"{contract.number:08x}-0000-0000-0000-{number:012x}",
        "side": "buy" if bought else "sell", "type": "liquidation" if side else "fill", "seq": number, "time": stamp,
        "qty": round(steps * contract.step, 8), "price": price / 10**contract.digits,
    }  # fmt: skip


def market_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trade``: every trade, forced closes among them, numbered without a hole."""
    item = _contract_of_topic(desk, topic)
    rows = flagged(desk, item, since, until) if item else ()
    return [(row[0], msgspec.json.encode(_trade(item, row))) for row in rows] if item else []


def _first_trades(desk: Desk, topic: str, now: int) -> list[bytes]:
    item = _contract_of_topic(desk, topic)
    if item is None:
        return []
    rows = list(flagged(desk, item, now - 60 * SECOND, now))[-100:]
    trades = [_trade(item, row) for row in rows[::-1]]
    return [msgspec.json.encode({"feed": "trade_snapshot", "product_id": item.symbol, "trades": trades})]


def pushed_tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``ticker`` each second."""
    item = _contract_of_topic(desk, topic)
    for q in quotes(desk, item, every(SECOND, since, until)) if item else ():
        last = round(q.last, item.digits if item else 2)
        row = {
            "time": q.stamp, "product_id": item.symbol if item else "",
            "funding_rate": _absolute(item, q.funding, q.index_price) if item else 0.0,
            "funding_rate_prediction": 0.0, "relative_funding_rate": q.funding,
            "relative_funding_rate_prediction": q.funding, "next_funding_rate_time": q.next_funding, "feed": "ticker",
            "bid": last, "ask": last, "bid_size": 1000.0, "ask_size": 1000.0, "volume": 0.0, "dtm": 0,
            "leverage": "50x", "index": round(q.index_price, 2), "premium": 0.0, "last": last, "change": 0.0,
            "suspended": False, "tag": "perpetual", "pair": f"{item.coin if item else ''}:USD",
            "openInterest": round(q.open_steps * (item.step if item else 1), 8), "markPrice": q.mark, "maturityTime": 0,
            "post_only": False, "volumeQuote": 0.0, "open": last, "high": last, "low": last,
        }  # fmt: skip
        yield q.time, row


def heartbeats(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001 - of the form of all feeds
    """``heartbeat`` each second."""
    return [
        (time, msgspec.json.encode({"feed": "heartbeat", "time": (time + desk.clock_offset) // MILLISECOND}))
        for time in every(SECOND, since, until).tolist()
    ]


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``book``: one changed level a second, numbered."""
    item = _contract_of_topic(desk, topic)
    if item is None:
        return
    for time in every(SECOND, since, living(desk, item, until)).tolist():
        bids, _ = desk.book(item, time, 1)
        row = {
            "feed": "book", "product_id": item.symbol, "side": "buy", "seq": time // SECOND,
            "price": bids[0][0] / 10**item.digits, "qty": bids[0][1] * item.step,
            "timestamp": (time + desk.clock_offset) // MILLISECOND,
        }  # fmt: skip
        yield time, row


def _first_book(desk: Desk, topic: str, now: int) -> list[bytes]:
    item = _contract_of_topic(desk, topic)
    if item is None:
        return []
    bids, asks = (
        [{"price": p / 10**item.digits, "qty": q * item.step} for p, q in side] for side in desk.book(item, now, 50)
    )
    row = {
        "feed": "book_snapshot", "product_id": item.symbol, "timestamp": now // MILLISECOND, "seq": now // SECOND,
        "tickSize": None, "bids": bids, "asks": asks,
    }  # fmt: skip
    return [msgspec.json.encode(row)]


_FEEDS = {
    "trade": Feed(name="liquidations", produce=market_trades, first=_first_trades),
    "ticker": Feed(name="ticker", produce=pushed_tickers), "heartbeat": Feed(name="heartbeat", produce=heartbeats),
    "book": Feed(name="depth", produce=books, first=_first_book),
}  # fmt: skip
ROUTES = (
    Route(path="/derivatives/api/v3/instruments", answer=instruments),
    Route(path="/derivatives/api/v3/tickers", answer=tickers),
    Route(path="/derivatives/api/v4/historicalfundingrates", answer=funding_rates),
    Route(path="/derivatives/api/v3/historical-funding-rates", answer=funding_rates),
    Route(path="/api/charts/v1/analytics/{symbol}/{type}", answer=analytics),
    Route(path="/api/charts/v1/{tick_type}/{symbol}/{resolution}", answer=candles),
    Route(path="/api/history/v3/market/{symbol}/executions", answer=executions),
)
FORM = VenueForm(
    name="kraken", contracts=contracts, routes=ROUTES, refuse=refuse, pools=(Pool("default", 500, 10.0),),
    bases=("/derivatives/api/v3", "/derivatives/api/v4", "/api/charts/v1", "/api/history/v3"),
    stream=StreamForm(
        hosts={"stream": "/ws/v1"}, opened=opened, heard=heard, feed=feed, idle_close=60.0, idle_unless_sent=True,
        most_connections=100, messages=100, messages_seconds=1.0,
    ),
)  # fmt: skip
