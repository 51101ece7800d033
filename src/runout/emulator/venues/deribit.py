"""Deribit: inverse perpetuals in dollars; forced closes are flagged trades; JSON-RPC over both HTTP and websocket."""

from typing import Any

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract, price_digits
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, every, flagged, living, quote, quotes
from runout.emulator.forms import (
    Feed,
    Law,
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
from runout.emulator.shapes import listed, step_of
from runout.emulator.wire import Socket

RESOLUTIONS = {
    "1": 1,
    "3": 3,
    "5": 5,
    "10": 10,
    "15": 15,
    "30": 30,
    "60": 60,
    "120": 120,
    "180": 180,
    "360": 360,
    "720": 720,
    "1D": 1440,
}
TRADES_KEPT = 30 * NANOSECONDS_PER_HOUR
"""Trades that can still be asked for."""
_VOLUMES = ("price_change", "volume", "volume_usd", "volume_notional")
MONTH = 31 * NANOSECONDS_PER_DAY


def contracts(coins: tuple[str, ...]) -> tuple[Contract, ...]:
    """Return the inverse perpetual of BTC and ETH, and one in USDC of each other coin."""
    results: list[Contract] = []
    for coin in coins:
        inverse = coin in {"BTC", "ETH"}
        common: dict[str, Any] = {"venue": "deribit", "coin": coin, "digits": price_digits(coin), "funding_hours": 1.0}
        results.append(
            Contract(symbol=f"{coin}-PERPETUAL", kind="inverse", step=1.0, unit_base=0.0, unit_usd=10.0, **common)
            if inverse else Contract(symbol=f"{coin}_USDC-PERPETUAL", step=0.1, **common)
        )  # fmt: skip
    return tuple(results)


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as Deribit words it."""
    code, words, status = {
        "slow-down": (10028, "too_many_requests", 429), "banned": (10028, "too_many_requests", 429),
        "symbol": (13020, "not_found", 400), "path": (-32601, "Method not found", 400),
        "blocked": (13777, "restricted", 403),
    }.get(refused.kind, (-32602, "Invalid params", 400))  # fmt: skip
    error: dict[str, Any] = {"message": words, "code": code}
    if refused.words:
        error["data"] = {"reason": refused.words}
    return json_reply({"jsonrpc": "2.0", "error": error, **_times(now)}, status)


def _times(now: int) -> dict[str, Any]:
    return {"usIn": now // 1000, "usOut": now // 1000 + 200, "usDiff": 200, "testnet": False}


def _ok(desk: Desk, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": result, **_times(desk.now())}


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("instrument_name"), "inverse", "linear")


def _amount(contract: Contract, steps: int) -> float:
    """Return a size as Deribit has it: dollars of inverse contracts, coins of linear ones."""
    return round(steps * contract.step * (contract.unit_usd or contract.unit_base), 8)


def server_time(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``public/get_time``."""
    return _ok(desk, milliseconds(desk.now()))


def instruments(desk: Desk, query: Query) -> Any:
    """``public/get_instruments``."""
    currency = query.text("currency", "any")
    return _ok(desk, [_listing(contract) for contract in _of_currency(desk, currency)])


def _of_currency(desk: Desk, currency: str) -> list[Contract]:
    whole = desk.kind("inverse", "linear")
    if currency == "any":
        return whole
    return [item for item in whole if (item.coin == currency if item.kind == "inverse" else currency == "USDC")]


def _listing(contract: Contract) -> dict[str, Any]:
    inverse = contract.kind == "inverse"
    quote_currency = "USD" if inverse else "USDC"
    return {
        "price_index": f"{contract.coin.lower()}_{quote_currency.lower()}", "kind": "future",
        "instrument_name": contract.symbol, "max_leverage": 50, "maker_commission": 0.0, "taker_commission": 0.0005,
        "instrument_type": "reversed" if inverse else "linear", "expiration_timestamp": 32503708800000,
        "creation_timestamp": 1534167754000, "is_active": True, "tick_size": 10**-contract.digits,
        "contract_size": contract.unit_usd or contract.step, "instrument_id": contract.number % 1_000_000,
        "min_trade_amount": contract.unit_usd or contract.step, "future_type": "reversed" if inverse else "linear",
        "max_liquidation_commission": 0.0075, "block_trade_commission": 0.00025,
        "block_trade_min_trade_amount": 200000, "block_trade_tick_size": 0.01,
        "settlement_currency": contract.coin if inverse else "USDC", "settlement_period": "perpetual",
        "base_currency": contract.coin, "counter_currency": quote_currency, "quote_currency": quote_currency,
        "tick_size_steps": [],
    }  # fmt: skip


def summaries(desk: Desk, query: Query) -> Any:
    """``public/get_book_summary_by_currency``."""
    now = desk.now()
    rows: list[dict[str, Any]] = []
    for contract in _of_currency(desk, query.text("currency")):
        q = quote(desk, contract, now)
        rows.append({
            "high": q.last, "low": q.last, "last": round(q.last, contract.digits), "instrument_name": contract.symbol,
            "bid_price": q.last, "ask_price": q.last, "open_interest": _amount(contract, q.open_steps),
            "mark_price": round(q.mark, contract.digits), "creation_timestamp": milliseconds(now), "price_change": 0.0,
            "volume": 0.0, "base_currency": contract.coin, "estimated_delivery_price": q.index_price,
            "quote_currency": "USD", "volume_usd": 0.0, "volume_notional": 0.0, "mid_price": q.last,
            "current_funding": q.funding / 8, "funding_8h": q.funding * 8,
        })  # fmt: skip
    return _ok(desk, rows)


def funding_history(desk: Desk, query: Query) -> Any:
    """``public/get_funding_rate_history``: hourly, a month a call; longer windows are refused."""
    contract = _contract(desk, query)
    span = (query.whole("start_timestamp") * MILLISECOND, query.whole("end_timestamp") * MILLISECOND)
    if span[1] - span[0] > MONTH:
        raise Refused("parameter", "Too wide time range")
    times = desk.grid(NANOSECONDS_PER_HOUR, span, 744, query, oldest=True)
    rates, index = desk.funding_at(contract, times - 1), desk.index_at(contract, times)
    return _ok(desk, [
        {
            "timestamp": milliseconds(t), "index_price": price, "prev_index_price": price, "interest_8h": rate * 8,
            "interest_1h": rate,
        }
        for t, rate, price in tuples((times, rates, index))
    ])  # fmt: skip


def chart(desk: Desk, query: Query) -> Any:
    """``public/get_tradingview_chart_data``: columns, oldest first; 5000 at most."""
    item, step = _contract(desk, query), step_of(query, "resolution", RESOLUTIONS)
    span = (query.whole("start_timestamp") * MILLISECOND, query.whole("end_timestamp") * MILLISECOND)
    times, bars = desk.bars(item, step, span, 5000, query, oldest=True)
    tape, scale = desk.tape(item), 10.0**item.digits
    return _ok(desk, {
        "ticks": [milliseconds(time) for time in times.tolist()], "status": "ok" if len(times) else "no_data",
        "open": (bars.open / scale).tolist(), "high": (bars.high / scale).tolist(),
        "low": (bars.low / scale).tolist(), "close": (bars.close / scale).tolist(),
        "volume": np.round(tape.coins(bars.volume, bars.close), 8).tolist(),
        "cost": np.round(tape.quote(bars.volume, bars.close), 2).tolist(),
    })  # fmt: skip


def last_trades(desk: Desk, query: Query) -> Any:
    """``public/get_last_trades_by_instrument_and_time``: a day and a quarter back."""
    item, now = _contract(desk, query), desk.now()
    since = max(query.whole("start_timestamp", 0) * MILLISECOND, now - TRADES_KEPT)
    until = min(query.whole("end_timestamp", 4_000_000_000_000) * MILLISECOND + 1, now)
    count, ascending = query.limit(10, 1000, "count"), query.text("sorting", "desc") == "asc"
    begin, end = (
        (since, min(until, since + NANOSECONDS_PER_HOUR))
        if ascending
        else (max(since, until - NANOSECONDS_PER_HOUR), until)
    )
    rows = list(flagged(desk, item, begin, end)) if begin < end else []
    page = rows[:count] if ascending else rows[::-1][:count]
    return _ok(desk, {"trades": [_trade(desk, item, row) for row in page], "has_more": len(rows) > count})


def _trade(desk: Desk, contract: Contract, row: Any) -> dict[str, Any]:
    _, stamp, price, steps, bought, number, side = row
    money = price / 10**contract.digits
    amount = _amount(contract, steps)
    # A forced close is a taker's order; one in ten is hit as a resting one: the taker then trades the other way.
    as_maker = bool(side) and number % 10 == 0
    flag = {"liquidation": "M" if as_maker else "T"} if side else {}
    return {
        "timestamp": stamp, "price": money, "amount": amount,
        "direction": "buy" if bought is not as_maker else "sell", "index_price": round(money, 2),
        "instrument_name": contract.symbol, "trade_seq": number, "mark_price": round(money, 2), "tick_direction": 0,
        "contracts": steps, "trade_id": str(number + desk.tape(contract).contract.number), **flag,
    }  # fmt: skip


# -- websocket --------------------------------------------------------------------------------------------------------


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a request of the client."""
    try:
        message = msgspec.json.decode(payload)
        method, parameters, identity = message["method"], message.get("params", {}), message.get("id")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(b'{"jsonrpc":"2.0","error":{"message":"Parse error","code":-32700}}')
        return
    head = {"jsonrpc": "2.0", "id": identity}
    if method == "public/set_heartbeat":
        interval = float(parameters.get("interval", 0))
        if interval < 10:
            socket.say(msgspec.json.encode(head | {"error": {"message": "Invalid params", "code": -32602}}))
            return
        socket.beat(interval, 2 * interval)
        socket.say(msgspec.json.encode(head | {"result": "ok"}))
    elif method == "public/test":
        socket.unanswered = None
        socket.say(msgspec.json.encode(head | {"result": {"version": "1.2.26"}}))
    elif method in {"public/subscribe", "public/unsubscribe"}:
        _subscribe(socket, method, parameters.get("channels", []), head)
    else:
        socket.say(msgspec.json.encode(head | {"error": {"message": "Method not found", "code": -32601}}))


def _subscribe(socket: Socket, method: str, channels: list[str], head: dict[str, Any]) -> None:
    if method == "public/unsubscribe":
        for channel in channels:
            socket.unsubscribe(channel)
        socket.say(msgspec.json.encode(head | {"result": channels}))
        return
    if any(channel.endswith(".raw") for channel in channels):
        words = {"message": "raw_subscriptions_not_available_for_unauthorized", "code": 13778}
        socket.say(msgspec.json.encode(head | {"error": words}))
        return
    taken = [channel for channel in channels if socket.subscribe(channel) in {"accepted", "duplicate"}]
    socket.acknowledge(msgspec.json.encode(head | {"result": taken}), *taken)


def test_request(socket: Socket) -> None:
    """Ask the client whether it lives."""
    socket.say(b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}')


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a channel such as ``trades.BTC-PERPETUAL.100ms``."""
    name, _, rest = topic.partition(".")
    answer = _FEEDS.get(name)
    return answer if answer and listed(desk, rest.split(".")[0], "inverse", "linear") else None


def _push(topic: str, data: Any) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "subscription", "params": {"channel": topic, "data": data}})


def _contract_of_topic(desk: Desk, topic: str) -> Contract | None:
    return listed(desk, topic.split(".")[1], "inverse", "linear")


def trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trades``: gathered over 100 ms; ``trade_seq`` has no hole."""
    item = _contract_of_topic(desk, topic)
    gathered: dict[int, list[Any]] = {}
    for row in flagged(desk, item, since, until) if item else ():
        gathered.setdefault(row[0] - row[0] % (100 * MILLISECOND), []).append(_trade(desk, item, row) if item else row)
    return [(time, _push(topic, rows)) for time, rows in gathered.items()]


def tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``ticker`` each second."""
    item = _contract_of_topic(desk, topic)
    if item is None:
        return
    for q in quotes(desk, item, every(SECOND, since, until)):
        last = round(q.last, item.digits)
        row = {
            "timestamp": q.stamp, "state": "open",
            "stats": {"high": last, "low": last} | dict.fromkeys(_VOLUMES, 0.0),
            "index_price": round(q.index_price, 2), "instrument_name": item.symbol, "last_price": last,
            "settlement_price": last, "min_price": last, "max_price": last,
            "open_interest": _amount(item, q.open_steps), "mark_price": round(q.mark, item.digits),
            "interest_value": 0.0,
            "best_ask_price": last, "best_bid_price": last, "estimated_delivery_price": round(q.index_price, 2),
            "best_ask_amount": 1000.0, "best_bid_amount": 1000.0, "current_funding": q.funding / 8,
            "funding_8h": q.funding * 8,
        }  # fmt: skip
        yield q.time, _push(topic, row)


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``book.{instrument}.{group}.{depth}``: whole grouped books each second."""
    item = _contract_of_topic(desk, topic)
    if item is None:
        return
    for time in every(SECOND, since, living(desk, item, until)).tolist():
        bids, asks = ([[p / 10**item.digits, _amount(item, q)] for p, q in side] for side in desk.book(item, time, 20))
        row = {
            "timestamp": (time + desk.clock_offset) // MILLISECOND, "instrument_name": item.symbol,
            "change_id": time // SECOND, "bids": bids, "asks": asks,
        }  # fmt: skip
        yield time, _push(topic, row)


_FEEDS = {
    "trades": Feed(name="liquidations", produce=trades), "ticker": Feed(name="ticker", produce=tickers),
    "book": Feed(name="depth", produce=books),
}  # fmt: skip
_METHODS = {
    "get_time": server_time, "get_instruments": instruments, "get_book_summary_by_currency": summaries,
    "get_funding_rate_history": funding_history, "get_tradingview_chart_data": chart,
    "get_last_trades_by_instrument_and_time": last_trades, "get_last_trades_by_instrument": last_trades,
}  # fmt: skip
FORM = VenueForm(
    name="deribit", contracts=contracts, refuse=refuse,
    routes=tuple(Route(path=f"/api/v2/public/{name}", answer=answer, weight=500) for name, answer in _METHODS.items()),
    bases=("/api/v2", "/api/v2/public"),
    pools=(Pool("default", 50_000, 5.0),), law=Law(),
    stream=StreamForm(hosts={"stream": "/ws/api/v2"}, heard=heard, feed=feed, server_ping=test_request),
)  # fmt: skip
