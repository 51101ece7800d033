"""Lighter: markets by number; forced closes in a list of their own; open interest in dollars."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, closes, every, quote, quotes, trades
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
from runout.emulator.shapes import perpetuals, step_of
from runout.emulator.wire import Socket

NUMBERS = {"ETH": 0, "BTC": 1, "SOL": 2, "DOGE": 3, "XRP": 7, "BNB": 25, "ADA": 39}
RESOLUTIONS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as Lighter words it."""
    if refused.kind in {"slow-down", "banned"}:
        return json_reply({"code": 23000, "message": "Too Many Requests!"}, 429)
    if refused.kind == "blocked":
        return json_reply({"code": 20558, "message": "restricted jurisdiction"}, 403)
    return json_reply(
        {"code": 20001, "message": refused.words or "invalid param"}, 404 if refused.kind == "path" else 400
    )


def _contract(desk: Desk, query: Query) -> Contract:
    return _numbered(desk, query.whole("market_id"))


def _numbered(desk: Desk, number: int) -> Contract:
    for contract in desk.kind("linear"):
        if NUMBERS[contract.coin] == number:
            return contract
    raise Refused("symbol", f"market {number} not found")


def details(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/api/v1/orderBookDetails``: the present open interest, in coins here."""
    rows: list[dict[str, Any]] = []
    for item in desk.kind("linear"):
        q = quote(desk, item, desk.now())
        rows.append({
            "symbol": item.symbol, "market_id": NUMBERS[item.coin], "market_type": "perp", "status": "active",
            "taker_fee": "0.0000", "maker_fee": "0.0000", "liquidation_fee": "1.0000",
            "min_base_amount": item.size_text(1), "min_quote_amount": "10.000000",
            "supported_size_decimals": item.size_digits,
            "supported_price_decimals": item.digits, "supported_quote_decimals": 6, "size_decimals": item.size_digits,
            "price_decimals": item.digits, "quote_multiplier": 1, "default_initial_margin_fraction": 500,
            "min_initial_margin_fraction": 200, "maintenance_margin_fraction": 120, "closeout_margin_fraction": 80,
            "last_trade_price": round(q.last, item.digits), "daily_trades_count": 0, "daily_base_token_volume": 0.0,
            "daily_quote_token_volume": 0.0, "daily_price_low": q.last, "daily_price_high": q.last,
            "daily_price_change": 0.0, "open_interest": round(q.open_steps * item.step, 8), "daily_chart": {},
        })  # fmt: skip
    return {"code": 200, "order_book_details": rows}


def exchange_stats(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/api/v1/exchangeStats``."""
    rows = [
        {
            "symbol": item.symbol, "last_trade_price": round(quote(desk, item, desk.now()).last, item.digits),
            "daily_trades_count": 0, "daily_base_token_volume": 0.0, "daily_quote_token_volume": 0.0,
            "daily_price_change": 0.0,
        }
        for item in desk.kind("linear")
    ]  # fmt: skip
    return {"code": 200, "total": len(rows), "order_book_stats": rows, "daily_usd_volume": 0.0, "daily_trades_count": 0}


def _page(query: Query) -> tuple[int, int]:
    return query.span("start_timestamp", "end_timestamp")


def candles(desk: Desk, query: Query) -> Any:
    """``/api/v1/candles``: oldest first."""
    item, step = _contract(desk, query), step_of(query, "resolution", RESOLUTIONS)
    times, bars = desk.bars(item, step, _page(query), query.limit(500, 500, "count_back"), query, oldest=False)
    scale = 10.0**item.digits
    usd = desk.tape(item).quote(bars.volume, bars.close)
    rows = [
        {
            "timestamp": milliseconds(time), "open": o / scale, "high": h / scale, "low": low / scale,
            "close": c / scale, "volume0": round(volume * item.step, 8), "volume1": round(dollars, 4),
            "last_trade_id": 0,
        }
        for time, o, h, low, c, volume, dollars in tuples((times, *bars[:5], usd))
    ]  # fmt: skip
    return {"code": 200, "resolution": query.text("resolution"), "candlesticks": rows}


def fundings(desk: Desk, query: Query) -> Any:
    """``/api/v1/fundings``: hourly, asked for in ms; ``rate`` in percent, the side that pays beside it."""
    contract = _contract(desk, query)
    times = desk.grid(NANOSECONDS_PER_HOUR, _page(query), query.limit(500, 500, "count_back"), query, oldest=False)
    rows = [
        {
            "timestamp": seconds(time),
            "value": "0",
            "rate": f"{abs(rate) * 100:.4f}",
            "direction": "long" if rate >= 0 else "short",
        }
        for time, rate in tuples((times, desk.funding_at(contract, times - 1)))
    ]
    return {"code": 200, "resolution": "1h", "fundings": rows}


# -- websocket --------------------------------------------------------------------------------------------------------


def opened(socket: Socket) -> None:
    """Say hello."""
    socket.say(b'{"session_id":"emulated","type":"connected"}')


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client; the answer to a subscription is a first message of data."""
    try:
        message = msgspec.json.decode(payload)
        kind = message["type"]
    except (msgspec.DecodeError, KeyError, TypeError):
        socket.say(b'{"error":{"code":30001,"message":"Invalid Message"}}')
        return
    topic = message.get("channel", "").replace("/", ":")
    if kind == "ping":
        if socket.answers_pings:
            socket.say(b'{"type":"pong"}')
    elif kind == "pong":
        socket.unanswered = None
    elif kind == "unsubscribe":
        socket.unsubscribe(topic)
        socket.say(msgspec.json.encode({"type": "unsubscribed", "channel": topic}))
    elif kind == "subscribe":
        outcome = socket.subscribe(topic)
        if outcome == "accepted":
            socket.acknowledge(b"", topic)
        else:
            words = "Already Subscribed" if outcome == "duplicate" else f"Invalid Channel: ({topic})"
            socket.say(msgspec.json.encode({"error": {"code": 30003, "message": words}}))


def finish(socket: Socket, topic: str, payload: bytes) -> bytes:
    """Say whether a message is the first of its subscription."""
    word = "update" if topic in socket.state else "subscribed"
    socket.state[topic] = True
    return f'{{"type":"{word}/{topic.split(":", maxsplit=1)[0]}","channel":"{topic}",'.encode() + payload[1:]


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``trade:1`` or ``market_stats:all``."""
    name, _, number = topic.partition(":")
    if name == "market_stats":
        return Feed(name="ticker", produce=market_stats, first=_first_stats)
    if (
        name == "trade"
        and number.isdigit()
        and any(NUMBERS[contract.coin] == int(number) for contract in desk.contracts.values())
    ):
        return Feed(name="liquidations", produce=market_trades, first=_first_trades)
    return None


def _trade(  # noqa: PLR0917 - a row of trades
    contract: Contract, number: int, stamp: int, steps: int, price: int, kind: str, *, bought: bool
) -> dict[str, Any]:
    size = steps * contract.step
    return {
        "trade_id": number, "trade_id_str": str(number), "tx_hash": f"{number:080x}", "type": kind,
        "market_id": NUMBERS[contract.coin], "size": contract.size_text(steps), "price": contract.price_text(price),
        "usd_amount": f"{size * price / 10**contract.digits:.6f}", "ask_id": number * 2, "ask_id_str": str(number * 2),
        "bid_id": number * 2 + 1, "bid_id_str": str(number * 2 + 1), "ask_client_id": 0, "ask_client_id_str": "0",
        "bid_client_id": 0, "bid_client_id_str": "0", "ask_account_id": number % 70_000,
        "bid_account_id": number % 30_000, "is_maker_ask": bought, "block_height": stamp // 1000, "timestamp": stamp,
        "taker_position_size_before": "0", "taker_entry_quote_before": "0",
        "taker_initial_margin_fraction_before": 200, "maker_fee": 38, "maker_position_size_before": "0",
        "maker_entry_quote_before": "0", "maker_initial_margin_fraction_before": 200,
    }  # fmt: skip


def _contract_of_topic(desk: Desk, topic: str) -> Contract | None:
    number = int(topic.split(":")[1])
    return next((contract for contract in desk.contracts.values() if NUMBERS[contract.coin] == number), None)


def market_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trade``: trades and ``liquidation_trades``; ``is_maker_ask`` false: the taker sold."""
    item = _contract_of_topic(desk, topic)
    if item is None:
        return []
    rows: list[tuple[int, dict[str, Any]]] = []
    for t in trades(desk, item, since, until):
        row = _trade(item, t.number, t.stamp, t.steps, t.price, "trade", bought=t.bought)
        rows.append((t.time, {"nonce": t.stamp, "trades": [row]}))
    for place, c in enumerate(closes(desk, item, since, until)):
        number = 10**12 + c.stamp * 1000 + place
        row = _trade(item, number, c.stamp, c.steps, c.price, "liquidation", bought=c.side < 0)
        row |= {
            "taker_fee": 10000, "taker_position_sign_changed": True, "transaction_time": c.stamp * 1000,
            "taker_allocated_margin_usdc_before": 25585360,
        }  # fmt: skip
        rows.append((c.time, {"nonce": c.stamp, "trades": [], "liquidation_trades": [row]}))
    rows.sort(key=lambda row: row[0])
    return [(time, msgspec.json.encode(row)) for time, row in rows]


def _first_trades(desk: Desk, topic: str, now: int) -> list[bytes]:
    item = _contract_of_topic(desk, topic)
    if item is None:
        return []
    recent = list(trades(desk, item, now - 120 * SECOND, now))[-50:]
    rows = [_trade(item, t.number, t.stamp, t.steps, t.price, "trade", bought=t.bought) for t in recent]
    return [msgspec.json.encode({"nonce": now // MILLISECOND, "trades": rows})]


def market_stats(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``market_stats`` each second; open interest in dollars."""
    requested = topic.split(":")[1]
    rows: dict[int, dict[str, Any]] = {}
    for contract in desk.contracts.values():
        number = str(NUMBERS[contract.coin])
        if requested in {"all", number}:
            for q in quotes(desk, contract, every(SECOND, since, until)):
                rows.setdefault(q.time, {})[number] = _stats(contract, q)
    return [(time, _stats_message(requested, time + desk.clock_offset, row)) for time, row in rows.items()]


def _first_stats(desk: Desk, topic: str, now: int) -> list[bytes]:
    requested = topic.split(":")[1]
    rows = {
        str(NUMBERS[contract.coin]): _stats(contract, quote(desk, contract, now))
        for contract in desk.contracts.values()
    }
    rows = {number: row for number, row in rows.items() if requested in {"all", number}}
    return [_stats_message(requested, now, rows)]


def _stats_message(requested: str, time: int, rows: dict[str, Any]) -> bytes:
    results = rows if requested == "all" else next(iter(rows.values()), {})
    return msgspec.json.encode({"timestamp": time // MILLISECOND, "market_stats": results})


def _stats(contract: Contract, q: Any) -> dict[str, Any]:
    last, digits = round(q.last, contract.digits), contract.digits
    return {
        "symbol": contract.symbol, "market_id": NUMBERS[contract.coin], "index_price": f"{q.index_price:.{digits}f}",
        "mark_price": f"{q.mark:.{digits}f}",
        "mid_price": f"{q.last:.{digits}f}",
        "open_interest": f"{q.open_usd:.6f}", "open_interest_limit": "72057594037927936.000000",
        "funding_clamp_small": "0.0500", "funding_clamp_big": "4.0000",
        "last_trade_price": f"{q.last:.{digits}f}", "current_funding_rate": f"{q.funding * 100:.4f}",
        "funding_rate": f"{q.funding * 100:.4f}", "funding_timestamp": q.stamp // 3_600_000 * 3_600_000,
        "daily_base_token_volume": 0.0, "daily_quote_token_volume": 0.0, "daily_price_low": last,
        "daily_price_high": last, "daily_price_change": 0.0,
    }  # fmt: skip


_API = "/api/v1"
FORM = VenueForm(
    name="lighter", contracts=perpetuals("lighter", str, hours=1.0, coarse=0.1),
    refuse=refuse,
    routes=(
        Route(path=f"{_API}/orderBookDetails", answer=details),
        Route(path=f"{_API}/exchangeStats", answer=exchange_stats),
        Route(path=f"{_API}/candles", answer=candles), Route(path=f"{_API}/candlesticks", answer=candles),
        Route(path=f"{_API}/fundings", answer=fundings),
    ),
    bases=(_API,), pools=(Pool("default", 60, 60.0),),
    stream=StreamForm(
        hosts={"stream": "/stream"}, opened=opened, heard=heard, feed=feed, finish=finish, most_topics=100,
        idle_close=120.0, most_connections=100,
    ),
)  # fmt: skip
